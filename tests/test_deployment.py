"""Containers and Spaces, as far as they can be checked without a daemon and without a host: what their files say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tools import lock

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SPACES = (ROOT / "docs" / "spaces.md").read_text()


def instructions() -> list[tuple[str, str]]:
    """(instruction, what follows) of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def locked() -> list[Requirement]:
    return [Requirement(line) for line in lock.LOCK.read_text().splitlines() if not line.startswith("#")]


def required() -> list[Requirement]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def front_matter(sdk: str) -> dict[str, Any]:
    (found,) = [block for block in re.findall(r"```yaml\n---\n(.*?)---\n```", SPACES, re.S) if f"sdk: {sdk}\n" in block]
    return yaml.safe_load(found)


def test_the_lock_is_complete_and_fits_what_is_required() -> None:
    pinned = {each.name: each for each in locked()}
    for each in required():
        if each.name == "torch":
            continue
        versions = [str(found.specifier).removeprefix("==") for found in locked() if found.name == each.name]
        assert versions and all(version in each.specifier for version in versions), each
    assert all(str(each.specifier).startswith("==") for each in locked())
    assert not [name for name in pinned if lock.PYTORCHS.match(name)]
    assert "://" not in lock.LOCK.read_text() and "--" not in lock.LOCK.read_text()


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_every_python_gets_one_version_of_each(python: str) -> None:
    place = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": "linux"}
    chosen = [each.name for each in locked() if each.marker is None or each.marker.evaluate(place)]
    assert len(chosen) == len(set(chosen)) and {"numpy", "gradio", "pi-heif"} <= set(chosen)


def test_the_lock_leaves_pytorch_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lock, "LOCK", tmp_path / "lock")
    lines = "numpy==2.0.0\ntorch==2.14.1\nnvidia-cublas==13.1\ncuda-toolkit==13.0\ntriton==3.8.0\n"
    monkeypatch.setattr(lock, "compiled", lambda: lines)
    lock.main()
    assert (tmp_path / "lock").read_text() == lock.HEAD + "numpy==2.0.0\n"


def test_the_image_runs_the_app_as_a_user_without_rights() -> None:
    found = instructions()
    assert [rest for name, rest in found if name == "USER"] == ["1000"]
    assert found[-1] == ("CMD", '["python", "app.py"]') and ("STOPSIGNAL", "SIGTERM") in found
    (health,) = [rest for name, rest in found if name == "HEALTHCHECK"]
    assert "/healthz" in health and "--start-period" in health
    order = [name for name, _ in found]
    assert order.index("USER") > max(i for i, name in enumerate(order) if name in ("COPY", "RUN"))
    environment = " ".join(rest for name, rest in found if name == "ENV")
    assert "GRADIO_SERVER_NAME=0.0.0.0" in environment and "GRADIO_TEMP_DIR=/data" in environment


def test_the_image_has_pytorch_without_cuda_in_a_version_that_is_tested() -> None:
    (torch,) = [each for each in required() if each.name == "torch"]
    (version,) = re.findall(r'"torch==([\d.]+)"', DOCKERFILE)
    assert version in torch.specifier and "--torch-backend=cpu" in DOCKERFILE and version in SPACES


def test_what_is_copied_is_there_and_let_in() -> None:
    """.dockerignore leaves everything out but what it names."""
    named = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:].split("/")[0] for line in named if line.startswith("!")}
    copied = [
        part for name, rest in instructions() if name == "COPY" and "--from" not in rest for part in rest.split()[:-1]
    ]
    assert copied and "*" in named
    for part in copied:
        assert (ROOT / part).exists() and part in allowed, part
    for part in ("app.py", "diffir_demo", "checkpoints", "examples"):
        assert part in copied


def test_compose_keeps_it_to_this_machine() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["studio"]
    assert service["ports"] == ["127.0.0.1:7860:7860"] and service["read_only"] and service["cap_drop"] == ["ALL"]
    assert any("/healthz" in part for part in service["healthcheck"]["test"])
    assert "/data" in service["volumes"][0] and "/tmp" in service["tmpfs"]


def test_a_zero_gpu_space_has_the_apps_requirements_and_a_torch_of_its_host() -> None:
    (block,) = [each for each in re.findall(r"```\n(.*?)```", SPACES, re.S) if each.startswith("torch==")]
    torch, *others = block.splitlines()
    assert torch == "torch==2.11.0" and [Requirement(each) for each in others] == required()[1:]
    (own,) = [each for each in required() if each.name == "torch"]
    assert "2.11.0" in own.specifier
    found, ours = front_matter("gradio"), yaml.safe_load((ROOT / "README.md").read_text().split("---")[1])
    assert found["sdk_version"] == ours["sdk_version"] and (ROOT / found["app_file"]).is_file()


def test_a_static_space_lets_threads_run() -> None:
    found = front_matter("static")
    assert found["custom_headers"]["cross-origin-opener-policy"] == "same-origin"
    assert found["custom_headers"]["cross-origin-embedder-policy"] == "require-corp"
