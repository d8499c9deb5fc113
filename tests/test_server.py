"""What stands before the app: hosts, origins, headers, bodies, allowances, figures and lines; without the app."""

from __future__ import annotations

import errno
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from diffir_demo.errors import InputError
from diffir_demo.server import LONGEST, Allowance, Allowances, Guard, Observer, Policy, guard, metrics, sweep, user_of
from diffir_demo.server.log import JsonLines
from diffir_demo.server.observer import route_of
from diffir_demo.server.policy import UNLIMITED

SPACE = {"SPACE_ID": "a/b", "SPACE_HOST": "a-b.hf.space", "GRADIO_SERVER_NAME": "0.0.0.0"}


async def echo(request: Request) -> PlainTextResponse:
    """Takes the whole body in."""
    if request.url.path == "/full":
        raise OSError(errno.ENOSPC, "No space left on device", "/secret/place")
    if request.url.path == "/bug":
        raise KeyError("secret")
    length = len(await request.body())
    return PlainTextResponse(
        f"{length} {request.headers.get('x-forwarded-host', '')}", headers={"referrer-policy": "x"}
    )


def client(policy: Policy, folder: Path, peer: str = "127.0.0.1", clock: Any = None) -> TestClient:
    routes = [Route("/{path:path}", echo, methods=["GET", "POST"])]
    timed = [] if clock is None else [clock]
    guards = [Middleware(Observer), Middleware(Allowances, policy, *timed), Middleware(Guard, policy, str(folder))]
    app = Starlette(routes=routes, middleware=guards)
    return TestClient(app, base_url="http://localhost:7860", client=(peer, 5000), raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("options", "environment", "host", "served"),
    [
        ({}, {}, "127.0.0.1:7860", True),
        ({}, {}, "LocalHost", True),
        ({}, {}, "[::1]:7860", True),
        *[
            ({}, {}, host, False)
            for host in ("evil.com", "evil.com:7860", "192.168.1.5", "", "localhost.evil.com", "[x")
        ],
        ({"host": "192.168.1.5"}, {}, "192.168.1.5:7860", True),
        ({"host": "0.0.0.0"}, {}, "192.168.1.5:7860", True),
        ({"host": "0.0.0.0"}, {}, "evil.com", False),
        ({"host": "0.0.0.0", "allowed": ["Studio.example.org"]}, {}, "studio.example.org", True),
        ({"allowed": ["*.example.org"]}, {}, "a.example.org", True),
        ({"allowed": ["*.example.org"]}, {}, "evilexample.org", False),
        ({}, {"DIFFIR_ALLOWED_HOSTS": "a.org, b.org"}, "b.org", True),
        ({}, SPACE, "a-b.hf.space", True),
        ({}, SPACE, "evil.com", False),
    ],
)
def test_names_that_a_server_answers_to(
    options: dict[str, Any], environment: dict[str, str], host: str, served: bool, tmp_path: Path
) -> None:
    policy = Policy.of(**options, environment=environment)
    assert policy.serves(host) is served
    if host:
        answer = client(policy, tmp_path).get("/", headers={"host": host})
        assert answer.status_code == (200 if served else 421)
        assert served or "--allow-host" in answer.text


@pytest.mark.parametrize(
    ("origin", "extra", "answered"),
    [
        ("http://localhost:7860", {}, True),
        ("http://localhost:3000", {}, False),
        ("http://evil.com", {}, False),
        ("null", {}, False),
        ("https://studio.example.org", {}, True),
        (None, {}, True),
        (None, {"sec-fetch-site": "cross-site"}, False),
        (None, {"sec-fetch-site": "same-origin"}, True),
    ],
)
@pytest.mark.parametrize("path", ["/gradio_api/upload", "/gradio_api/queue/join", "/login"])
def test_pages_of_other_sites_ask_in_vain(
    path: str, origin: str | None, extra: dict[str, str], answered: bool, tmp_path: Path
) -> None:
    """A form of another site may be sent anywhere without asking first; only what it comes with tells."""
    page = client(Policy.of(allowed=["studio.example.org"], environment={}), tmp_path)
    headers = extra | ({"origin": origin} if origin else {})
    assert page.post(path, content="x", headers=headers).status_code == (200 if answered else 403)


def test_every_answer_tells_browsers_what_is_allowed(tmp_path: Path) -> None:
    page = client(Policy.of(environment={}), tmp_path)
    for answer in (page.get("/"), page.get("/", headers={"host": "evil.com"}), page.get("/bug"), page.get("/healthz")):
        assert len(answer.headers["x-request-id"]) == 16
    for answer in (page.get("/"), page.get("/", headers={"host": "evil.com"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        content = answer.headers["content-security-policy"]
        assert "default-src 'self'" in content and "frame-ancestors 'self'" in content and "http" not in content
    assert page.get("/").headers["referrer-policy"] == "x", "what the app says of an answer goes first"


def test_an_upload_that_is_cut_off_is_no_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def cut(request: Request) -> PlainTextResponse:
        raise ClientDisconnect

    app = Starlette(routes=[Route("/gradio_api/upload", cut, methods=["POST"])], middleware=[Middleware(Observer)])
    before = metrics.REQUESTS.labels("POST", "upload", 499)._value.get()
    with caplog.at_level(logging.WARNING):
        TestClient(app, raise_server_exceptions=False).post("/gradio_api/upload", content="x")
    assert metrics.REQUESTS.labels("POST", "upload", 499)._value.get() == before + 1
    assert not caplog.records


def test_spaces_may_show_the_page_in_a_frame(tmp_path: Path) -> None:
    policy = Policy.of(environment=SPACE)
    content = client(policy, tmp_path).get("/").headers["content-security-policy"]
    assert "frame-ancestors 'self' https://huggingface.co https://*.hf.space" in content


@pytest.mark.parametrize(
    "path",
    [
        *("/monitoring", "/monitoring/summary", "/gradio_api/process_recording", "/gradio_api/proxy=http://a.hf.space"),
        *("/gradio_api/run/sr", "/gradio_api/api/foresee", "/gradio_api/vibe-edit/", "/gradio_api/deep_link"),
    ],
)
def test_routes_that_nobody_needs_are_not_there(path: str, tmp_path: Path) -> None:
    assert client(Policy.of(environment={}), tmp_path).post(path).status_code == 404


def test_what_proxies_say_is_believed_of_proxies_only(tmp_path: Path) -> None:
    said = {"x-forwarded-host": "studio.example.org"}
    plain = Policy.of(allowed=["studio.example.org"], environment={})
    behind = Policy.of(allowed=["studio.example.org"], behind_proxy=True, environment={})
    assert client(plain, tmp_path).get("/", headers=said).text == "0 "
    assert client(behind, tmp_path).get("/", headers=said).text == "0 studio.example.org"
    assert client(behind, tmp_path).get("/", headers={"x-forwarded-host": "evil.com"}).status_code == 421


@pytest.mark.parametrize(
    ("options", "environment", "forwarded", "visitor"),
    [
        ({}, {}, "1.2.3.4", "9.9.9.9"),
        ({"behind_proxy": True}, {}, "1.2.3.4, 5.6.7.8", "5.6.7.8"),
        ({"behind_proxy": True}, {}, "nonsense", "9.9.9.9"),
        ({"behind_proxy": True}, {}, None, "9.9.9.9"),
        ({}, SPACE, "10.0.0.1, 5.6.7.8, 10.1.1.1", "5.6.7.8"),
    ],
)
def test_who_a_request_is_from(
    options: dict[str, Any], environment: dict[str, str], forwarded: str | None, visitor: str
) -> None:
    assert Policy.of(**options, environment=environment).visitor("9.9.9.9", forwarded) == visitor


# --- bodies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [True, False])
def test_bodies_have_an_end(announced: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY", 1000)
    monkeypatch.setattr(guard, "UPLOAD", 5000)
    page = client(Policy.of(environment={}), tmp_path)

    def post(path: str, size: int) -> int:
        pieces = b"x" * size if announced else (b"x" * 100 for _ in range(size // 100))
        return page.post(path, content=pieces).status_code

    assert [post("/a", 1000), post("/a", 1100)] == [200, 413]
    assert [post("/gradio_api/upload", 5000), post("/gradio_api/upload", 5100)] == [200, 413]


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = client(Policy.of(environment={}), tmp_path)
    answer = page.get("/full")
    assert answer.status_code == 507 and "disk is full" in answer.text and "secret" not in answer.text
    monkeypatch.setattr(guard, "SPARE", 10**18)
    assert page.post("/gradio_api/upload", content=b"x").status_code == 507
    assert page.post("/a", content=b"x").status_code == 200


def test_a_bug_has_a_number_and_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answer = client(Policy.of(environment={}), tmp_path).get("/bug")
    assert answer.status_code == 500 and answer.json()["error"] and "secret" not in answer.text
    assert answer.json()["request"] == answer.headers["x-request-id"]
    (line,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    written = json.loads(JsonLines().format(line))
    assert written["request"] == answer.json()["request"] and "KeyError" in written["trace"]


# --- allowances ----------------------------------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def allowed(**most: int | None) -> Policy:
    return Policy.of("0.0.0.0", allowance=Allowance(**{"requests": None, "uploads": None} | most), environment={})


def test_requests_flow_back(tmp_path: Path) -> None:
    clock, policy = Clock(), allowed(requests=60)
    page = client(policy, tmp_path, clock=clock)
    assert [page.get("/").status_code for _ in range(31)] == [200] * 30 + [429]
    refused = page.get("/")
    assert refused.headers["retry-after"] == "1" and "Try again" in refused.text
    clock.now = 2.0
    assert [page.get("/").status_code for _ in range(3)] == [200, 200, 429]


def test_one_visitor_takes_nothing_from_another(tmp_path: Path) -> None:
    policy = Policy.of(behind_proxy=True, allowance=Allowance(requests=2), environment={})
    page = client(policy, tmp_path, clock=Clock())
    asked = [page.get("/", headers={"x-forwarded-for": who}).status_code for who in ("1.1.1.1",) * 2 + ("2.2.2.2",)]
    assert asked == [200, 429, 200]


def test_uploads_of_an_hour_have_an_end(tmp_path: Path) -> None:
    clock = Clock()
    page = client(allowed(uploads=3600), tmp_path, clock=clock)
    codes = [page.post("/gradio_api/upload", content=b"x" * 2000).status_code for _ in range(3)]
    assert codes == [200, 200, 429], "an upload that was begun may end"
    assert page.post("/gradio_api/run/predict", content=b"x" * 2000).status_code == 200
    clock.now = 500.0
    assert page.post("/gradio_api/upload", content=b"x").status_code == 200


def test_nothing_is_counted_where_nobody_else_can_ask() -> None:
    assert Policy.of(environment={}).allowance == UNLIMITED and Policy.of(environment={}).is_private
    for public in (Policy.of("0.0.0.0", environment={}), Policy.of(behind_proxy=True, environment={})):
        assert public.allowance == Allowance() and not public.is_private
    changed = Policy.of("0.0.0.0", environment={}).with_allowance(requests=0, places=5, uploads=None)
    assert changed.allowance == Allowance(requests=None, places=5)


def test_a_password_has_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIFFIR_AUTH", raising=False)
    assert user_of(None) is None and user_of("a:b:c") == ("a", "b:c")
    monkeypatch.setenv("DIFFIR_AUTH", "u:p")
    assert user_of(None) == ("u", "p") and user_of("a:b") == ("a", "b")
    for wrong in ("nobody", ":x", "x:"):
        with pytest.raises(InputError, match="USER:PASSWORD"):
            user_of(wrong)


def test_runs_have_an_end_where_others_can_ask() -> None:
    assert Policy.of(environment={}).longest is None
    assert Policy.of(environment=SPACE).longest == Policy.of("0.0.0.0", environment={}).longest == LONGEST


# --- what it tells -------------------------------------------------------------------------------------------------


def test_it_is_well_until_it_stops(tmp_path: Path) -> None:
    page = client(Policy.of(environment={}), tmp_path)
    assert page.get("/healthz").json() == {"status": "ok"}
    metrics.stopping()
    try:
        assert page.get("/healthz").status_code == 503
    finally:
        metrics.stopping(False)


def test_figures_are_for_this_machine(tmp_path: Path) -> None:
    policy = Policy.of("0.0.0.0", environment={})
    page = client(policy, tmp_path)
    page.get("/gradio_api/file=/secret/cat.png")
    figures = page.get("/metrics").text
    assert 'diffir_requests_total{method="GET",route="file",status="200"}' in figures and "cat" not in figures
    assert "process_resident_memory_bytes" in figures
    assert client(policy, tmp_path, "5.6.7.8").get("/metrics").status_code == 404
    assert page.get("/metrics", headers={"x-forwarded-for": "5.6.7.8"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "page"),
        ("/gradio_api/file=/tmp/x/cat.png", "file"),
        ("/gradio_api/call/sr/abc", "call"),
        ("/gradio_api/heartbeat/s3cr3t", "heartbeat"),
        ("/wp-admin/setup.php", "other"),
        ("x", "other"),
    ],
)
def test_lines_name_routes_and_nothing_else(path: str, route: str) -> None:
    assert route_of(path) == route


def test_a_request_is_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="diffir.requests")
    answer = client(Policy.of(environment={}), tmp_path).get("/gradio_api/file=/a/cat.png?b=dog")
    (record,) = [record for record in caplog.records if record.name == "diffir.requests"]
    line = json.loads(JsonLines().format(record))
    assert line["request"] == answer.headers["x-request-id"] and line["route"] == "file" and line["status"] == 200
    assert line["ms"] >= 0 and line["method"] == "GET" and line["what"] == "request"
    chance = {"time", "request", "ms"}  # their digits may be any
    assert set(line) == {"level", "what", "method", "route", "status"} | chance, "neither file nor visitor"
    said = str({name: value for name, value in line.items() if name not in chance})
    assert "cat" not in str(line) and "dog" not in str(line) and "127" not in said


# --- old files -----------------------------------------------------------------------------------------------------


def test_old_files_go_whoever_wrote_them(tmp_path: Path) -> None:
    folder, outside = tmp_path / "files", tmp_path / "outside.txt"
    outside.write_text("stays")
    for name in ("a/old.png", "b/new.png", "tmpcut"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (folder / "c").mkdir()
    (folder / "c" / "link").symlink_to(outside)
    now = (folder / "a" / "old.png").stat().st_mtime
    assert sweep(folder, now=now + 80_000) == 0
    os.utime(folder / "b" / "new.png", (now + 80_000, now + 80_000))
    assert sweep(folder, now=now + 90_000) == 3
    left = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert left == ["b", "b/new.png"] and outside.read_text() == "stays"
    assert sweep(tmp_path / "nowhere") == 0
