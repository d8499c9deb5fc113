"""`push`: a weight file onto the Hugging Face Hub, with a card that says what was measured."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..checkout import ROOT
from ..disk import write_whole
from ..errors import InputError
from ..weights import inspect
from ..weights.card import card
from ..weights.hub import parsed

MEASURED = ROOT / "docs" / "quality.json"


def add_push(parser: argparse.ArgumentParser) -> None:
    """The options of `push`, and what runs it."""
    parser.set_defaults(run=_push)
    parser.add_argument("file", type=Path, metavar="FILE.safetensors")
    parser.add_argument("repo", metavar="OWNER/REPO", help="is made where there is none")
    parser.add_argument(
        "--measured",
        type=Path,
        metavar="QUALITY.json",
        help="what `evaluate --report` wrote; its scores go into the card (default: this clone's docs/quality.json)",
    )
    parser.add_argument("--licence", default="apache-2.0", help="as the Hub names it (default %(default)s)")
    parser.add_argument("--private", action="store_true", help="a repository that is made is yours alone to see")
    parser.add_argument("--dry-run", type=Path, metavar="CARD.md", help="write the card to this file, upload nothing")


def _push(options: argparse.Namespace) -> int:
    if options.file.suffix != ".safetensors":
        raise InputError(
            f"'{options.file.name}' is no safetensors file, and only those are published from here.",
            "Turn it into one first: convert FILE OUT.safetensors.",
        )
    address = parsed(f"hf://{options.repo}/{options.file.name}")
    info = inspect(options.file)
    measured = options.measured or (MEASURED if MEASURED.is_file() else None)
    text = card(info, address.repo, address.file, measured, options.licence)
    if options.dry_run:
        write_whole(options.dry_run, text.encode())
        print(f"{options.dry_run} written; nothing was uploaded")
        return 0
    _upload(options.file, address.repo, text, options.private)
    print(f"{address} is there")
    return 0


def _upload(file: Path, repo: str, text: str, private: bool) -> None:
    """The weights first: a card without them would promise what is not there."""
    from huggingface_hub import HfApi, errors

    api = HfApi()
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        api.upload_file(path_or_fileobj=file, path_in_repo=file.name, repo_id=repo)
        api.upload_file(path_or_fileobj=text.encode(), path_in_repo="README.md", repo_id=repo)
    except errors.LocalTokenNotFoundError as error:
        raise InputError("The Hub does not know who you are.", "Log in first: hf auth login.") from error
    except errors.HfHubHTTPError as error:
        code = getattr(error.response, "status_code", None)
        if code in (401, 403):
            raise InputError(f"You may not write to {repo}.", "Log in with a token that may: hf auth login.") from error
        raise InputError(f"The Hub refused the upload (status {code}).", "Try again later.") from error
    except (OSError, errors.OfflineModeIsEnabled) as error:
        raise InputError("The Hub cannot be reached.", "Try again with a connection, or use --dry-run.") from error
