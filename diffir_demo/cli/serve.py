"""`serve`: the app."""

from __future__ import annotations

import argparse
from importlib.util import find_spec

from ..errors import InputError
from ..server import LONGEST, Policy, log_to_stderr, user_of
from ..tiling import MEMORY_BUDGET
from ..workers.cluster import Cluster, is_cluster
from ..workers.memory import require_room
from ..workers.networks import Networks
from ..workers.pool import Pool
from .options import add_compile, add_device, add_memory_budget, count, memory_budget


def add_serve(parser: argparse.ArgumentParser) -> None:
    """The options of `serve`, and what runs it."""
    parser.set_defaults(run=_serve)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0: all of this machine's")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument(
        "--browser", action=argparse.BooleanOptionalAction, help="open a window on it (default: on a desktop)"
    )
    who = parser.add_argument_group("who may use it")
    who.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a name under which browsers reach it, such as studio.example.org or *.example.org; may be repeated",
    )
    who.add_argument(
        "--behind-proxy", action="store_true", help="all requests come through a proxy; believe its X-Forwarded-For"
    )
    who.add_argument(
        "--auth",
        metavar="USER:PASSWORD",
        help="ask everybody for it; better given as DIFFIR_AUTH, which no list of processes shows",
    )
    limits = parser.add_argument_group("what one visitor may take, unless only this machine can ask; 0: anything")
    limits.add_argument("--max-requests", type=int, metavar="N", help="a minute (default: 1200)")
    limits.add_argument("--max-uploads", type=int, metavar="MB", help="an hour (default: 2000)")
    limits.add_argument("--max-runs", type=int, metavar="N", help="waiting or going, of the queue's eight (default: 3)")
    limits.add_argument(
        "--longest-run",
        type=float,
        metavar="SECONDS",
        help=f"of a run, as estimated (default: {LONGEST:g})",
    )
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="FILE",
        help="offer this weight file, too: a path, or hf://owner/repo/file on the Hugging Face Hub; may be repeated",
    )
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="let agents call it, too (Model Context Protocol); wants: pip install 'diffir-studio[mcp]'",
    )
    parser.add_argument("--log-requests", action="store_true", help="a line of JSON per request on standard error")
    parser.add_argument(
        "--workers",
        type=_workers,
        metavar="N",
        help="so many restorations at once, each by a process of one thread; ray, or ray://HOST:PORT: as many as a Ray "
        "cluster has cores for (extra ray)",
    )
    add_memory_budget(parser, MEMORY_BUDGET)
    add_device(parser)
    add_compile(parser)


def _serve(options: argparse.Namespace) -> int:
    auth = user_of(options.auth)
    log_to_stderr(options.log_requests)
    if options.mcp and find_spec("mcp") is None:
        raise InputError("Agents need the package 'mcp', which is not installed.", "pip install 'diffir-studio[mcp]'")
    from ..ui import leave, serve

    policy = _policy(options)
    longest = policy.longest if options.longest_run is None else options.longest_run
    replicas = _replicas(options)
    serve(
        host=options.host,
        port=options.port,
        device=options.device,
        precision=options.precision,
        browser=options.browser,
        memory_budget=memory_budget(options),
        compiled=options.compile,
        longest=longest or None,
        policy=policy,
        auth=auth,
        mcp_server=options.mcp,
        weights=options.weights,
        replicas=replicas,
    )
    if replicas is not None:
        replicas.close()
    leave()


def _workers(text: str) -> int | str:
    return text if is_cluster(text) else count(text)


def _replicas(options: argparse.Namespace) -> Pool | Cluster | None:
    """What restores in place of the page's own process. Raises `DeviceError` where memory or Ray is not there."""
    if options.workers is None:
        return None
    make = Networks(options.device, options.precision, options.compile)
    if isinstance(options.workers, str):
        return Cluster(make, options.workers)
    require_room(options.workers, memory_budget(options))
    return Pool(make, options.workers)


def _policy(options: argparse.Namespace) -> Policy:
    usual = Policy.of(options.host, options.allow_host, options.behind_proxy)
    return usual.with_allowance(
        requests=options.max_requests,
        uploads=None if options.max_uploads is None else options.max_uploads * 1_000_000,
        places=options.max_runs,
    )
