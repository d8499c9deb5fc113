"""Weight files on the Hugging Face Hub: `hf://owner/repo/file`, or `hf://owner/repo@revision/file`.

They are fetched once and kept in the Hub's own cache (HF_HOME); what is there needs no network. Which commit a file is
of, its folder in that cache says, so a recipe can name it for good.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import WeightsError
from ..messages import Message

_ADDRESS = re.compile(r"hf:/{1,2}([\w.-]+/[\w.-]+)(?:@([\w./-]+?))?/((?:[\w.-]+/)*[\w.-]+)")
"""One slash less where the address went through a path."""
_KEPT = re.compile(r"/models--([\w.-]+?)--([\w.-]+)/snapshots/([0-9a-f]{40})/(.+)$")
_LONGEST = 300
FORM = "An address looks like hf://owner/repo/file.safetensors, or hf://owner/repo@revision/file.safetensors."


@dataclass(frozen=True)
class HubFile:
    """A file of a repository there."""

    repo: str
    """owner/name"""
    file: str
    """With its folders in the repository."""
    revision: str | None = None
    """A commit, a tag or a branch; None: the main branch."""

    def __str__(self) -> str:
        return f"hf://{self.repo}{f'@{self.revision}' if self.revision else ''}/{self.file}"


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether that names a file on the Hub."""
    return os.fspath(path).startswith(("hf:/", "hf:\\"))


def parsed(address: str | os.PathLike[str]) -> HubFile:
    """Raises `WeightsError` for what is no address."""
    text = os.fspath(address).replace("\\", "/")
    found = _ADDRESS.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or ".." in text:
        raise WeightsError(Message("'{text}' names no file on the Hub.", text=text[:80]), FORM)
    return HubFile(found[1], found[3], found[2])


def fetched(path: str | os.PathLike[str]) -> tuple[Path, str]:
    """(a file on this machine, its address with the commit): what is at an address, or a path as it is with "".

    Raises `WeightsError` in one sentence where there is no such file, where it may not be had, and where the Hub cannot
    be reached.
    """
    if not is_address(path):
        return Path(path), source_of(Path(path))
    meant = parsed(path)
    local = _downloaded(meant)
    return local, source_of(local) or str(meant)


def local_file(path: str | os.PathLike[str]) -> Path:
    """The file that `fetched` finds, alone."""
    return fetched(path)[0]


def _downloaded(meant: HubFile) -> Path:
    from huggingface_hub import errors, hf_hub_download

    try:
        return Path(hf_hub_download(meant.repo, meant.file, revision=meant.revision))
    except errors.GatedRepoError as error:
        raise WeightsError(
            Message("{repo} asks who wants its files.", repo=meant.repo),
            "Accept its terms on the Hub, and log in: hf auth login.",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise WeightsError(
            Message("There is no repository {repo} on the Hub, or it is private.", repo=meant.repo),
            "Check the address, or: hf auth login.",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise WeightsError(
            Message("{repo} has no revision '{revision}'.", repo=meant.repo, revision=meant.revision),
            "Check the address.",
        ) from error
    except errors.LocalEntryNotFoundError as error:  # before EntryNotFoundError, of which it is a kind
        raise _unreachable(meant) from error
    except errors.EntryNotFoundError as error:
        raise WeightsError(
            Message("{repo} has no file '{file}'.", repo=meant.repo, file=meant.file), "Check the address."
        ) from error
    except errors.HFValidationError as error:
        raise WeightsError(Message("'{meant}' names no file on the Hub.", meant=meant), FORM) from error
    except (errors.HfHubHTTPError, errors.OfflineModeIsEnabled, OSError) as error:
        raise _unreachable(meant) from error


def _unreachable(meant: HubFile) -> WeightsError:
    return WeightsError(
        Message(
            "{file} of {repo} was not fetched before, and the Hub cannot be reached.", file=meant.file, repo=meant.repo
        ),
        "Try again with a connection, or name a file of yours.",
    )


def source_of(local: Path) -> str:
    """The address of a file in the Hub's cache, which lays them out as models--OWNER--REPO/snapshots/COMMIT/FILE; ""
    for any other."""
    found = _KEPT.search(local.as_posix())
    return str(HubFile(f"{found[1]}/{found[2]}", found[4], found[3])) if found else ""
