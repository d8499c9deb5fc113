"""Numbers in a page of the documentation, between two marks that only its source shows."""

from __future__ import annotations

from pathlib import Path

from diffir_demo.disk import write_whole
from diffir_demo.errors import InputError


def put(page: Path, name: str, numbers: str) -> None:
    """Replaces what stands between `<!-- name -->` and `<!-- /name -->`. Raises `InputError` where they are missing."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise InputError(f"{page.name} has no place for '{name}'.", f"Put {begin} and {end} where it should be.")
    write_whole(page, f"{before}{begin}\n\n{numbers.strip()}\n\n{end}{after}")
