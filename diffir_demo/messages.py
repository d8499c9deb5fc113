"""Text for people that can be said in another language: in English, and how it was made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Message(str):
    """An English text that remembers its template and its facts; in all else a `str`.

    Command line, API and files show it as it is; the page looks its template up in its visitor's language (as gettext
    does) and fills in the facts there. template: as `str.format` takes it, and as it stands if there are no facts.
    Raises `KeyError` for a slot without a fact.
    """

    template: str
    facts: dict[str, Any]

    def __new__(cls, template: str, /, **facts: Any) -> Message:
        self = super().__new__(cls, str.format(template, **facts) if facts else template)
        self.template, self.facts = str.__str__(template), facts
        return self

    def __str__(self) -> Message:
        return self

    @property
    def plain(self) -> str:
        """The text alone, as a `str` and nothing else."""
        return str.__str__(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.template, self.facts)

    def format(self, **facts: Any) -> Message:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Slots have names."""
        return Message(self.template, **facts)


# How two texts stand together; what is more is made of pairs.
LISTED = Message("{first}, {next}")
AND = Message("{first} and {next}")
APART = Message("{first}; {next}")
SENTENCES = Message("{first} {next}")


def joined(parts: Iterable[str], pair: Message = LISTED) -> str:
    """All of them, one after the other; "" for none. pair: how two of them stand together, as {first} and {next}."""
    found, *others = [*parts] or [""]
    for each in others:
        found = pair.format(first=found, next=each)
    return found


def _again(template: str, facts: dict[str, Any]) -> Message:
    return Message(template, **facts)
