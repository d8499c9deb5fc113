"""Who may use a server: under which names it answers, whom it believes, and what one visitor may take."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from ..errors import InputError

LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1"])
EVERYWHERE = frozenset(["0.0.0.0", "::"])
"""Hosts to listen on that stand for all addresses of the machine."""
SPACES = ("https://huggingface.co", "https://*.hf.space")
"""Pages that show a Space in a frame."""


LONGEST = 600.0
"""Seconds that a run may be expected to take where others than this machine's user can ask."""


@dataclass(frozen=True)
class Allowance:
    """Of one visitor, which is one address. None: as much as they like."""

    requests: int | None = 1200
    """A minute. The page takes a hundred when it opens, and a few in every second of a run."""
    connections: int | None = 64
    """At once. Browsers open six for a page, and keep two of them."""
    uploads: int | None = 2_000_000_000
    """Bytes an hour."""
    places: int | None = 3
    """In the queue, waiting or running; it has eight."""


UNLIMITED = Allowance(None, None, None, None)


@dataclass(frozen=True)
class Policy:
    """As given to `serve`, or read off the environment."""

    host: str = "127.0.0.1"
    """What is listened on."""
    allowed: tuple[str, ...] = ()
    """Further names under which browsers reach the server; "*.example.org" stands for all names below that one."""
    behind_proxy: bool = False
    """Whether all requests come through a proxy that says in X-Forwarded-For whom they are from."""
    on_spaces: bool = False
    """Whether Hugging Face's proxy is that one, and its pages show this one in a frame."""
    allowance: Allowance = UNLIMITED

    @classmethod
    def of(
        cls,
        host: str | None = None,
        allowed: Iterable[str] = (),
        behind_proxy: bool = False,
        allowance: Allowance | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Policy:
        """host: None: GRADIO_SERVER_NAME, or this machine only. allowance: None: unlimited where only this machine can
        ask, else the default. DIFFIR_ALLOWED_HOSTS (names with commas between) adds to `allowed`, as SPACE_HOST does on
        Spaces.
        """
        where = host or environment.get("GRADIO_SERVER_NAME") or "127.0.0.1"
        on_spaces = bool(environment.get("SPACE_ID"))
        named = [*allowed, *environment.get("DIFFIR_ALLOWED_HOSTS", "").split(","), environment.get("SPACE_HOST", "")]
        named += ["*.hf.space", "huggingface.co"] if on_spaces else []
        names = tuple(name.strip().lower() for name in named if name.strip())
        is_private = where in LOOPBACK and not behind_proxy and not on_spaces
        usual = UNLIMITED if is_private else Allowance()
        return cls(where, names, behind_proxy, on_spaces, usual if allowance is None else allowance)

    def with_allowance(self, **given: int | None) -> Policy:
        """With those of `Allowance` that are given: None leaves one as it is, 0 lifts it."""
        named = {name: most or None for name, most in given.items() if most is not None}
        return replace(self, allowance=replace(self.allowance, **named))

    @property
    def is_private(self) -> bool:
        """Whether this machine alone can ask."""
        return self.host in LOOPBACK and not self.behind_proxy and not self.on_spaces

    @property
    def longest(self) -> float | None:
        """Seconds that a run may be expected to take, if nothing else is said; None: any."""
        return None if self.is_private else LONGEST

    def serves(self, host: str) -> bool:
        """Whether a request may be addressed to that host, a `Host` header with or without a port.

        A page elsewhere can point a name of its own at this machine (DNS rebinding), but not an address: those are fine
        where the server is meant for a network.
        """
        name = hostname(host)
        if name in LOOPBACK or name == self.host.lower() or self.names(name):
            return True
        return self.host in EVERYWHERE and (_is_address(name) or name == _own_name())

    def names(self, name: str) -> bool:
        """Whether that host is among `allowed`."""
        return any(
            name == each or each == "*" or (each.startswith("*.") and name.endswith(each[1:])) for each in self.allowed
        )

    def accepts(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` ("https://example.org:8000") may ask for something at `host`."""
        parts = urlsplit(origin)
        return parts.netloc.lower() == host.lower() or (bool(parts.hostname) and self.names(parts.hostname or ""))

    @property
    def framed_by(self) -> tuple[str, ...]:
        """Pages that may show this one in a frame, besides its own."""
        return SPACES if self.on_spaces else ()

    def visitor(self, peer: str, forwarded: str | None) -> str:
        """The address that a request is from. peer: of the connection. forwarded: X-Forwarded-For, which anybody may
        write, so that only what the proxy itself added counts: the last address; of Spaces' several proxies, the first
        one that is not theirs."""
        addresses = [each.strip() for each in (forwarded or "").split(",") if _is_address(each.strip())]
        if self.on_spaces:
            return next((each for each in addresses if ipaddress.ip_address(each).is_global), peer)
        return addresses[-1] if self.behind_proxy and addresses else peer


def user_of(given: str | None) -> tuple[str, str] | None:
    """ "user:password" -> the two; None for nothing, which DIFFIR_AUTH stands in for, if it is set.

    Raises `InputError` for what is no user and password.
    """
    user, colon, password = (given or os.environ.get("DIFFIR_AUTH", "")).partition(":")
    if not (user or colon):
        return None
    if not (user and colon and password):
        raise InputError("The password is wanted as USER:PASSWORD.", "Look at --auth and DIFFIR_AUTH.")
    return user, password


def hostname(host: str) -> str:
    """ "Example.org:7860" -> "example.org"; "[::1]:7860" -> "::1"."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _own_name() -> str:
    import socket

    return socket.gethostname().lower()
