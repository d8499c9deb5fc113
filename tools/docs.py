"""The documentation as a site: `python -m tools.docs`, or `make docs`, leaves it in build/site.

The project's pages link to each other, to pictures and to source files as they lie in the repository. All that is
linked is gathered under the same relative names, so the links hold on the site as well.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT = Path(__file__).parent.parent
PAGES = ("*.md", "docs/*.md", "checkpoints/*.md", "examples/README.md", "integrations/*/README.md")
LINK = re.compile(r"""(?:\]\(|src=")(?!https?:|#|mailto:)([^)#"\s]+)""")
"""A link of Markdown or a picture of HTML, to a file of the project."""
LOGO = ROOT / "diffir_demo" / "ui" / "icon.svg"


def gather(target: Path) -> list[str]:
    """Copies pages and what they link to; gives a sentence for every link that leads nowhere."""
    shutil.rmtree(target, ignore_errors=True)
    _copy(LOGO, target)
    broken = []
    for page in (page for pattern in PAGES for page in sorted(ROOT.glob(pattern))):
        text = page.read_text(encoding="utf-8")
        for link in LINK.findall(text):
            linked = (page.parent / link).resolve()
            if linked.is_dir():  # a site has no listing of a folder of source: the words stay, without a link
                text = re.sub(rf"\[([^\]]+)\]\({re.escape(link)}\)", r"\1", text)
            elif not linked.is_file() or not linked.is_relative_to(ROOT):
                broken.append(f"{page.relative_to(ROOT)} links to {link}, which is not there.")
            elif linked.suffix != ".md":
                _copy(linked, target)
        place = target / page.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL), encoding="utf-8")  # of the Space
    return broken


def _copy(file: Path, target: Path) -> None:
    place = target / file.relative_to(ROOT)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place)


def main() -> int:
    """1 where a link leads nowhere; mkdocs raises where a page or a docstring cannot be rendered."""
    broken = gather(ROOT / "build" / "docs")
    for sentence in broken:
        print(sentence, file=sys.stderr)
    build(load_config(str(ROOT / "mkdocs.yml"), strict=True))
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
