"""`python -m tools.audit`: the packages that the app is made of, their licences, and what is known against them.

1. Every package that `pip install .` brings, with its licence, held against `ALLOWED`.
2. A software bill of materials, CycloneDX as JSON, if cyclonedx-bom is installed (the extra `audit`).
3. Known vulnerabilities, by pip-audit; where its service cannot be reached, that is said, and is no failure.

Gives 1 for a licence that is not allowed, or for a known vulnerability.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ALLOWED = (
    *("MIT", "MIT-0", "MIT-CMU", "MIT License", "BSD", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC"),
    *(
        "Apache",
        "Apache-2.0",
        "Apache 2.0",
        "Apache License 2.0",
        "Apache Software License",
        "Apache License, Version 2.0",
    ),
    *("PSF-2.0", "PSFL", "Python-2.0", "Python Software Foundation License", "HPND", "CNRI-Python", "Unlicense"),
    *("ISC License (ISCL)", "The Unlicense (Unlicense)", "Zlib", "CC0-1.0", "BSL-1.0"),
    *("MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)"),  # of files that are used as they are
)
"""Licences under which a package may be used in, and passed on with, a program under the Apache License 2.0."""
KNOWN = frozenset(each.lower() for each in ALLOWED)
BY_NAME = {
    "nvidia-": "NVIDIA's terms",
    "cuda-": "NVIDIA's terms",
    "pi-heif": "BSD-3-Clause; its libraries, libheif and libde265, are files of their own under the LGPL-3.0",
}
"""What is looked at one by one, by how names begin: what torch brings for GPUs, which its CPU build does without, and
what may be passed on as long as it can be exchanged."""
UNREACHED = re.compile(
    r"ConnectionError|ConnectTimeout|ReadTimeout|Max retries|Name or service|Could not connect|HTTPError|ProxyError"
    r"|ServiceError|Failed to (?:query|upgrade)",
    re.IGNORECASE,
)
PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
OFFLINE = "Vulnerabilities: not checked, as the service that knows them cannot be reached from here."
MISSING = "not done, as {package} is not installed. Install the extra 'audit'."


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    licence: str

    @property
    def is_allowed(self) -> bool:
        return any(self.name.startswith(start) for start in BY_NAME) or allowed(self.licence)


def allowed(licence: str) -> bool:
    """Whether that may be used: a name of a licence, or an SPDX expression. Several classifiers, with "; " between, all
    have to be."""
    return licence.strip().lower() in KNOWN or bool(licence) and all(map(_either, map(_tokens, licence.split(";"))))


def _tokens(expression: str) -> list[str]:
    """In reverse, to be taken from the end."""
    parts = re.split(r"(\(|\)|\bAND\b|\bOR\b)", re.sub(r" WITH [^ ()]+", "", expression))
    return [each.strip() for each in reversed(parts) if each.strip()]


def _either(tokens: list[str]) -> bool:
    found = _all(tokens)
    while tokens and tokens[-1] == "OR":
        tokens.pop()
        found |= _all(tokens)
    return found


def _all(tokens: list[str]) -> bool:
    found = _one(tokens)
    while tokens and tokens[-1] == "AND":
        tokens.pop()
        found &= _one(tokens)
    return found


def _one(tokens: list[str]) -> bool:
    token = tokens.pop() if tokens else ""
    if token != "(":
        return token.lower() in KNOWN
    found = _either(tokens)
    return bool(tokens) and tokens.pop() == ")" and found


def licence_of(metadata: Any) -> str:
    """As a package says it: an SPDX expression, else its classifiers, else the first line of the text; "" for none."""
    if expression := metadata.get("License-Expression"):
        return expression
    classified = [each for each in metadata.get_all("Classifier") or () if each.startswith("License ::")]
    names = [name for each in classified if (name := each.rpartition(" :: ")[2]) != "OSI Approved"]
    if names:
        return "; ".join(names)
    return ((metadata.get("License") or "").strip().splitlines() or [""])[0][:80]


def packages(roots: Iterable[str], find: Callable[[str], Distribution] = distribution) -> list[Package]:
    """What these requirements bring on this machine, sorted by name; extras that nothing asks for are left out."""
    found: dict[str, Package] = {}
    waiting = [Requirement(each) for each in roots]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        try:
            there = find(wanted.name)
        except PackageNotFoundError:
            found[name] = Package(name, "not installed", "")
            continue
        found[name] = Package(name, there.version, licence_of(there.metadata))
        for each in map(Requirement, there.requires or ()):
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
                waiting.append(Requirement(str(each).partition(";")[0]))
    return sorted(found.values(), key=lambda each: each.name)


def runtime() -> list[str]:
    """The requirements of pyproject.toml's `dependencies`."""
    listed = re.search(r"^dependencies = \[(.*?)^\]", PYPROJECT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert listed is not None  # the build would fail without it
    return re.findall(r'"([^"]+)"', listed[1])


def bill(target: Path, run: Callable[..., Any] = subprocess.run) -> str:
    """Writes the bill of materials of this environment; gives what to say."""
    if importlib.util.find_spec("cyclonedx_py") is None:
        return "Bill of materials: " + MISSING.format(package="cyclonedx-bom")
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", str(PYPROJECT)]
    run([*command, "--output-reproducible", "--of", "JSON", "-o", str(target), sys.executable], check=True)
    count = len(json.loads(target.read_text(encoding="utf-8")).get("components", ()))
    return f"Bill of materials: {target}, {count} components."


def vulnerabilities(found: Iterable[Package], run: Callable[..., Any] = subprocess.run) -> tuple[str, bool]:
    """(what to say, whether anything is known) of these versions."""
    if importlib.util.find_spec("pip_audit") is None:
        return "Vulnerabilities: " + MISSING.format(package="pip-audit"), False
    # Versions of their own, such as torch's "+cpu", are not in anybody's list.
    pins = "\n".join(f"{each.name}=={each.version.partition('+')[0]}" for each in found if each.licence)
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    answer = run([*command, "--format", "json", "-r", "/dev/stdin"], input=pins, capture_output=True, text=True)
    try:
        listed = json.loads(answer.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        unreached = UNREACHED.search(answer.stderr)
        return (OFFLINE, False) if unreached else (f"Vulnerabilities: pip-audit failed: {answer.stderr[-500:]}", True)
    checked = [each for each in listed if "skip_reason" not in each]
    if not checked:
        return OFFLINE, False
    known = [f"{each['name']} {each['version']}: {found['id']}" for each in checked for found in each["vulns"]]
    skipped = ", ".join(each["name"] for each in listed if "skip_reason" in each) or "none"
    lines = [f"Vulnerabilities: {len(known)} known, {len(checked)} packages checked; not checked: {skipped}.", *known]
    return "\n".join(lines), bool(known)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.audit", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sbom", type=Path, default=Path("build/sbom.json"), metavar="FILE")
    options = parser.parse_args()
    found = packages(runtime())
    width = max(len(each.name) for each in found)
    for each in found:
        print(
            f"{each.name:{width}}  {each.version:14}  {each.licence or 'unknown'}{'' if each.is_allowed else '  <- ?'}"
        )
    refused = [each.name for each in found if not each.is_allowed]
    print(f"Licences: {len(found)} packages; not on the list: {', '.join(refused) or 'none'}.")
    print(bill(options.sbom))
    said, known = vulnerabilities(found)
    print(said)
    return 1 if refused or known else 0


if __name__ == "__main__":
    sys.exit(main())
