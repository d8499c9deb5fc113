"""Puts the page together: networks as graphs, the runtime, the app's components, and our own scripts."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from diffir_demo.api import load
from diffir_demo.exemplar.fill import ALL_OF_IT, PART_OF_IT, TOO_LITTLE
from diffir_demo.graphs import MANIFEST, graphs_of
from diffir_demo.graphs.manifest import manifest
from diffir_demo.settings import MAX_STEPS
from diffir_demo.tasks import TASKS, Preset, Task
from diffir_demo.ui.component import task_words, times, words_of
from diffir_demo.ui.photo.examples import Example, examples_for
from diffir_demo.ui.theme import STYLE, theme
from diffir_demo.version import VERSION

from .parts import Part, all_parts, strings
from .runtime import RUNTIMES, Runtime, licence
from .template import rendered

ROOT = Path(__file__).parents[2]
WEB = ROOT / "web"
EXAMPLES, LONGEST, THUMBNAIL = 3, 512, 120
"""Example photos for each tool, the pixels of their longer sides, and of the pictures that are pressed."""


@dataclass(frozen=True)
class Packed:
    """A file that is loaded when it is needed, compressed, under a name that says its content."""

    url: str
    data: bytes

    def facts(self) -> dict[str, Any]:
        return {"url": self.url, "bytes": len(self.data)}


@dataclass(frozen=True)
class Shown:
    """A preset that the page offers."""

    task: Task
    preset: Preset

    @property
    def id(self) -> str:
        return f"{self.task.key}-{self.preset.key}-x{self.preset.scale}"

    @property
    def folder(self) -> str:
        """Of its network."""
        return f"networks/{Path(self.preset.weights).stem}/"


class Page:
    """The whole build in memory, but for the runtime's binaries."""

    def __init__(self, level: int = 6, presets: Iterable[Shown] | None = None) -> None:
        """level: of compression, 1 (quick) to 9. presets: None: all that a browser can run."""
        self.level = level
        self.presets = list(offered() if presets is None else presets)
        self.files: dict[str, bytes] = {}
        """Small ones, which are loaded at once, by name."""
        self.large: dict[str, bytes] = {}
        """The others."""
        self.networks: dict[str, dict[str, Any]] = {}
        """What presets say of theirs, by folder."""
        self.credits: list[str] = []

    def written(self, folder: Path) -> int:
        """Makes the page in a folder that is emptied first; gives its bytes."""
        self._gather()
        shutil.rmtree(folder, ignore_errors=True)
        for name, data in (self.files | self.large).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return sum(map(len, [*self.files.values(), *self.large.values()]))

    def _gather(self) -> None:
        runtimes = {each.name: self._runtime(each) for each in RUNTIMES}
        tasks = [self._task(task) for task in TASKS.values() if any(each.task is task for each in self.presets)]
        words = json.loads((WEB / "words.json").read_text(encoding="utf-8"))
        words["licence"] = licence(words["licence"])
        facts = {
            "version": VERSION,
            "words": words,
            "adjust": strings(words_of("adjust")),
            "timeline": strings(words_of("timeline")),
            "texture": texture_words(),
            "runtime": runtimes,
            "tasks": tasks,
        }
        for folder in ("engine", "page"):
            for file in sorted((WEB / folder).rglob("*.js")):
                self.files[file.relative_to(WEB).as_posix()] = file.read_bytes()
        parts = all_parts(words)
        for part in parts:
            self.files[f"parts/{part.name}.js"] = part.script.encode()
        self.files["page.css"] = style(parts).encode()
        self.files["icon.svg"] = (ROOT / "diffir_demo" / "ui" / "icon.svg").read_bytes()
        self.files["page.webmanifest"] = json.dumps(_application(words), indent=1).encode()
        self.files["index.html"] = self._index(facts).encode()
        self.large["README.md"] = (WEB / "space.md").read_bytes()
        self.large["LICENSE"] = (ROOT / "LICENSE").read_bytes()
        self.large["sw.js"] = self._service_worker().encode()

    def _packed(self, name: str, data: bytes) -> Packed:
        """name: with {} for a digest of the content."""
        packed = Packed(name.format(hashlib.sha256(data).hexdigest()[:10]), gzip.compress(data, self.level, mtime=0))
        self.large[packed.url] = packed.data
        return packed

    def _runtime(self, runtime: Runtime) -> dict[str, Any]:
        name = f"runtime/{runtime.script.name}"
        self.files[name] = runtime.script.read_bytes()
        binary = self._packed("runtime/" + runtime.binary.stem + ".{}.wasm.gz", runtime.binary.read_bytes())
        return {"script": name, "binary": binary.url, "files": [binary.facts()]}

    def _task(self, task: Task) -> dict[str, Any]:
        words = task_words(task.key)
        return {
            "key": task.key,
            "do": words.do,
            "intro": words.intro.format(times=times(task.scales)) if "{times}" in words.intro else words.intro,
            "input": words.input,
            "verb": words.verb.split("{")[0].strip("-x") or "enlarged",
            "mask": task.wants_mask,
            "presets": [self._preset(each) for each in self.presets if each.task is task],
            "examples": [self._example(task, each) for each in _some(task)],
        }

    def _preset(self, shown: Shown) -> dict[str, Any]:
        preset, folder = shown.preset, shown.folder
        if folder not in self.networks:  # presets may differ in what they do with the same one
            self.networks[folder] = self._network(shown)
        return {
            "id": shown.id,
            "key": preset.key,
            "title": shown.task.title_of(preset),
            "summary": preset.summary,
            "scale": preset.scale,
            "fill": preset.fill,
            "folder": folder,
            **self.networks[folder],
        }

    def _network(self, shown: Shown) -> dict[str, Any]:
        network = load(shown.task, preset=shown.preset.key, scale=shown.preset.scale, device="cpu", precision="fp32")
        graphs, packed = dict[str, Any](), list[Packed]()
        for each in graphs_of(network.diffir):
            file = self._packed(f"{shown.folder}{each.name}.{{}}.onnx.gz", each.data)
            packed.append(file)
            graphs[each.name] = each.facts() | {"file": file.url.removeprefix(shown.folder)}
        facts = manifest(network, graphs)
        self.files[shown.folder + MANIFEST] = json.dumps(facts).encode()
        return {
            **{key: facts[key] for key in ("steps", "work", "directions")},
            "files": [each.facts() for each in packed],
            "size": sum(len(each.data) for each in packed),
        }

    def _example(self, task: Task, example: Example) -> dict[str, Any]:
        picture, _ = example.prepared(task)
        image = Image.fromarray(picture.pixels)
        stem = f"examples/{task.key}-{example.file.stem}"
        image.thumbnail((LONGEST, LONGEST))
        self.large[f"{stem}.jpg"] = _jpeg(image, 92)
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        self.files[f"{stem}-small.jpg"] = _jpeg(image, 80)
        credit = f"{example.title}, {example.author}, {example.licence}"
        self.credits.append(f"{credit} ({example.url})" if example.url else credit)
        return {
            "title": credit,
            "name": f"{example.file.stem}.jpg",
            "photo": f"{stem}.jpg",
            "thumbnail": f"{stem}-small.jpg",
            "strokes": example.strokes,
        }

    def _index(self, facts: Mapping[str, Any]) -> str:
        template = (WEB / "index.html").read_text(encoding="utf-8")
        credits = sorted(set(self.credits))
        values = {"steps": range(1, MAX_STEPS + 1), "licence": facts["words"]["licence"], "credits": credits}
        page = rendered(template.replace("{{{facts}}}", "FACTS"), dict(facts) | values)
        return page.replace("FACTS", json.dumps(facts, ensure_ascii=False).replace("<", "\\u003c"))

    def _service_worker(self) -> str:
        script = (WEB / "sw.js").read_text(encoding="utf-8")
        large = [name for name in self.large if name.startswith(("runtime/", "networks/", "examples/"))]
        digest = hashlib.sha256()
        for name, data in sorted(self.files.items()):
            digest.update(name.encode() + data)
        values = {"version": digest.hexdigest()[:12], "shell": sorted(self.files), "large": sorted(large)}
        for name, value in values.items():
            script = script.replace(f"{{{{{name}}}}}", value if isinstance(value, str) else json.dumps(value))
        return script


def texture_words() -> dict[str, Any]:
    """What the app says of copied texture."""
    compare, page = words_of("compare"), words_of()
    lack = {"all": TOO_LITTLE.format(what=ALL_OF_IT), "part": TOO_LITTLE.format(what=PART_OF_IT)}
    words = {key: getattr(compare, key) for key in ("copied", "painted", "all_painted")}
    return words | {"copying": page.copying, "lack": lack}


def offered() -> list[Shown]:
    """All presets but those that search for a camera's path."""
    found: list[Shown] = []
    for task in TASKS.values():
        for preset in task.presets:
            if not preset.wants_path and preset in task.available:
                found.append(Shown(task, preset))
    return found


def style(parts: Iterable[Part]) -> str:
    """The app's colours and rules, its components' own, and the page's."""
    return "\n".join([theme()._get_theme_css(), STYLE, *(each.style for each in parts), _own_style()])


def _own_style() -> str:
    return (WEB / "page.css").read_text(encoding="utf-8")


def _some(task: Task) -> list[Example]:
    """Those that a browser alone can do something about: scratches are not looked for there."""
    return [each for each in examples_for(task.key) if each.set != "old"][:EXAMPLES]


def _application(words: Mapping[str, Any]) -> dict[str, Any]:
    """What a browser wants to know to install the page."""
    icon = {"src": "icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"}
    return {
        "name": words["title"],
        "short_name": "DiffIR",
        "description": words["lead"],
        "start_url": "index.html",
        "scope": "./",
        "display": "standalone",
        "background_color": "#0b0b0d",
        "theme_color": "#0f766e",
        "icons": [icon],
    }


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
