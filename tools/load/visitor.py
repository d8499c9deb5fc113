"""One visitor: a program, or a page as a browser asks for it, with all that visitors do, in the order of chance."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx

from diffir_demo.imaging import load_mask
from diffir_demo.tasks import TASKS
from diffir_demo.ui.component import words_of

from .photos import Photo, Register, is_hole_of, marks

UNANSWERED = 180.0
"""Seconds after which an answer is taken for one that never comes."""
THINKS = 2.0
"""Seconds between two things that a visitor does, on average, and before a visitor who was refused asks again."""
DOES = {"program": 40, "page": 22, "scratches": 8, "cancel": 9, "leave": 9, "reload": 5, "upload": 5, "cut upload": 2}
"""What visitors do, and how often in a hundred times."""
NOTHING = "Nothing that looks like a scratch was found."
SAID = re.compile(r'status bad\\"><div class=\\"line\\"><span>([^<]*)<')
"""A sentence in place of a result, in the JSON of what a page is shown."""
PICTURE = re.compile(r'"path": ?"([^"]+\.png)"')


@dataclass(frozen=True)
class Deed:
    """Something a visitor did, and what came of it."""

    visitor: int
    kind: str
    task: str
    outcome: str
    """"own", "foreign", "refused", "left", "sent", or "broken"."""
    seconds: float
    """From the first try, refusals included."""
    admitted: float
    """From the try that was not refused."""
    refusals: tuple[str, ...] = ()
    """A sentence each."""
    said: str = ""
    """Where something broke, how."""
    picture: bytes = b""
    """The result of a program, to be compared with the library's."""
    photo: Photo | None = None
    seed: int = 0


class Refused(Exception):
    """The server said no, in a sentence."""


class Foreign(Exception):
    """An answer that is not this visitor's."""


class Broken(Exception):
    """What must not happen."""


class Visitor:
    """number: which one; config: the page's description, /config."""

    def __init__(self, number: int, url: str, register: Register, config: Any, seed: int = 0) -> None:
        self.number, self.register, self.config = number, register, config
        self.chance = random.Random(seed * 10_000 + number)
        address = f"10.0.{number // 250}.{number % 250 + 1}"
        # A kept connection may be closed by the server in the very moment in which it is used again.
        limits = httpx.Limits(max_connections=12, max_keepalive_connections=0)
        headers = {"x-forwarded-for": address, "accept-encoding": "gzip"}
        self.http = httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=UNANSWERED, limits=limits)
        self.deeds: list[Deed] = []
        self.pages, self.said = 0, ""
        self._parts = {each["props"].get("elem_id"): each for each in config["components"]}
        self._values = {each["id"]: each["props"].get("value") for each in config["components"]}

    async def stay(self, until: float) -> None:
        """Does one thing after the other. until: by `time.monotonic`."""
        await asyncio.sleep(self.chance.uniform(0, 2 * THINKS))
        async with self.http:
            while time.monotonic() < until:
                await self._do(self.chance.choices(list(DOES), list(DOES.values()))[0], until)
                await asyncio.sleep(self.chance.expovariate(1 / THINKS))

    async def _do(self, kind: str, until: float) -> None:
        task = "find_scratches" if kind == "scratches" else self.chance.choice(list(TASKS))
        photo, seed = self.chance.choice(self.register.photos[self.number]), self.chance.randrange(10_000)
        began, refusals, facts = time.monotonic(), list[str](), dict[str, Any]()
        while True:
            admitted, said = time.monotonic(), ""
            try:
                outcome, facts = await self._tried(kind, task, photo, seed)
            except Refused as error:
                refusals.append(str(error))
                if time.monotonic() < until:
                    await asyncio.sleep(self.chance.uniform(0.5, 1.5) * THINKS)
                    continue
                outcome = "refused"
            except Foreign as error:
                outcome, said = "foreign", str(error)
            except (Broken, httpx.HTTPError, OSError, ValueError, TimeoutError) as error:
                outcome, said = "broken", f"{type(error).__name__}: {error}"[:300]
            now = time.monotonic()
            times = now - began, now - admitted
            self.deeds.append(
                Deed(self.number, kind, task, outcome, *times, tuple(refusals), said, photo=photo, seed=seed, **facts)
            )
            return

    async def _tried(self, kind: str, task: str, photo: Photo, seed: int) -> tuple[str, dict[str, Any]]:
        match kind:
            case "program" | "scratches":
                return await self._program(task, photo, seed)
            case "cancel" | "leave":
                return await self._given_up(task, photo, seed, cancel=kind == "cancel")
            case "page":
                return await self._page(task, photo, seed, leaves=False)
            case "reload":
                await self._page(task, photo, seed, leaves=True)
                return await self._page(task, photo, seed, leaves=False)
            case "upload":
                path = await self._uploaded(photo.data)
                if await self._file(path) != photo.data:
                    raise Foreign("another file")
                return "own", {}
        return await self._cut_upload(photo)

    # --- as a program ----------------------------------------------------------------------------------------------

    async def _program(self, task: str, photo: Photo, seed: int) -> tuple[str, dict[str, Any]]:
        event = await self._asked(task, photo, seed)
        with anyio.fail_after(UNANSWERED):
            async with self.http.stream("GET", f"/gradio_api/call/{task}/{event}") as stream:
                try:
                    answer = await _complete(stream)
                except Broken as error:
                    if NOTHING in str(error) and task == "find_scratches" and not photo.scratches:
                        return "own", {}
                    raise
        picture = await self._file(answer[0]["path"])
        if task == "find_scratches":
            if marks(load_mask(picture)) != photo.scratches:
                raise Foreign("other scratches")
            return "own", {}
        return self._judged({"": picture}, photo), {"picture": picture}

    async def _given_up(self, task: str, photo: Photo, seed: int, cancel: bool) -> tuple[str, dict[str, Any]]:
        """Asks, and leaves or cancels before or while it is worked on."""
        session = self._session()
        event = await self._asked(task, photo, seed, session)
        with anyio.move_on_after(self.chance.uniform(0.05, 3)):
            async with self.http.stream("GET", f"/gradio_api/call/{task}/{event}") as stream:
                async for _ in stream.aiter_lines():
                    pass
        if cancel:
            body = {"session_hash": session, "fn_index": self._handler(task)["id"], "event_id": event}
            _require(await self.http.post("/gradio_api/cancel", json=body))
        return "left", {}

    async def _asked(self, task: str, photo: Photo, seed: int, session: str | None = None) -> str:
        image = _named(await self._uploaded(photo.data))
        if task == "find_scratches":
            data: list[Any] = [image, 0.5]
        else:
            given = [image, *([_named(await self._uploaded(photo.mask))] if task == "inpaint" else []), seed]
            data = given + [None] * (len(self._handler(task)["inputs"]) - len(given))
        body = {"data": data} | ({"session_hash": session} if session else {})
        return _require(await self.http.post(f"/gradio_api/call/{task}", json=body)).json()["event_id"]

    # --- as a page -------------------------------------------------------------------------------------------------

    async def _page(self, task: str, photo: Photo, seed: int, leaves: bool) -> tuple[str, dict[str, Any]]:
        """Opens the page, chooses a photo, presses the button and looks at the result; or reloads it in between."""
        session = self._session()
        if "<html" not in _require(await self.http.get("/")).text:
            raise Broken("the page is none")
        canvas, button, number = (self._parts[f"{task}-{part}"]["id"] for part in ("canvas", "run", "seed"))
        press = next(each for each in self.config["dependencies"] if [button, "click"] in each["targets"])
        run = next(
            each for each in self.config["dependencies"] if each["trigger_after"] == press["id"] and each["inputs"]
        )
        strokes = [{"k": "line", "r": photo.hole[2], "p": [photo.hole[:2]]}] if task == "inpaint" else []
        chosen = self._values[canvas] | {"file": _named(await self._uploaded(photo.data)), "strokes": strokes}
        values = self._values | {canvas: chosen, number: seed}
        pressed = {"data": [values[each] for each in press["inputs"]], "fn_index": press["id"]}
        _require(await self.http.post("/gradio_api/run/predict", json=pressed | {"session_hash": session}))
        asked = {"data": [values[each] for each in run["inputs"]], "fn_index": run["id"], "session_hash": session}
        event = _require(await self.http.post("/gradio_api/queue/join", json=asked)).json()["event_id"]
        shown = self._watched(session, event)
        try:
            with anyio.fail_after(self.chance.uniform(0.05, 3) if leaves else UNANSWERED):
                pictures = [path async for path in shown]
        except TimeoutError:
            if leaves:
                return "left", {}
            raise
        finally:
            await shown.aclose()  # pyright: ignore[reportAttributeAccessIssue]
        if leaves:
            return "left", {}
        if not pictures:
            if self.said and self.said != words_of().bug:
                raise Refused(self.said)
            raise Broken(f"the page shows no result: {self.said}")
        return self._judged({path: await self._file(path) for path in pictures}, photo), {}

    def _judged(self, pictures: dict[str, bytes], photo: Photo) -> str:
        """Raises `Foreign` where one shows something else. pictures: by their paths."""
        for path, data in pictures.items():
            is_mask = path.endswith("/mask.png")
            said = "" if is_mask and is_hole_of(data, photo) else self.register.stranger(data, photo)
            if said:
                raise Foreign(f"{Path(path).name}: {said}")
        return "own"

    async def _watched(self, session: str, event: str) -> AsyncIterator[str]:
        """The picture files that a run shows, to its end; `said`: the last sentence in place of any."""
        self.said = ""
        async with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            async for line in stream.aiter_lines():
                if not line.startswith("data:"):
                    continue
                message = json.loads(line[5:])
                if message.get("msg") in ("unexpected_error", "close_stream"):
                    raise Broken(str(message)[:300])
                if message.get("event_id") != event:
                    if message.get("event_id"):
                        raise Broken("an event of somebody else's")
                    continue
                shown = json.dumps(message.get("output") or {})
                self.said = (SAID.findall(shown) or [self.said])[-1]
                for path in PICTURE.findall(shown):
                    yield path
                if message["msg"] == "process_completed":
                    if not message["success"]:
                        raise _no((message.get("output") or {}).get("error"))
                    return

    # --- files -----------------------------------------------------------------------------------------------------

    async def _uploaded(self, data: bytes) -> str:
        sent = await self.http.post("/gradio_api/upload", files={"files": ("photo.png", data)})
        return _require(sent).json()[0]

    async def _cut_upload(self, photo: Photo) -> tuple[str, dict[str, Any]]:
        """Promises a whole file, and sends half of it."""
        url = self.http.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n"
        head += f"X-Forwarded-For: {self.http.headers['x-forwarded-for']}\r\nContent-Length: {10 * len(photo.data)}\r\n"
        head += "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        head += 'Content-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        writer.write(head.encode() + photo.data)
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return "sent", {}

    async def _file(self, path: str) -> bytes:
        data = _require(await self.http.get(f"/gradio_api/file={path}")).content
        if not data:
            raise Broken("a file of no bytes")
        return data

    def _handler(self, name: str) -> Any:
        return next(each for each in self.config["dependencies"] if each["api_name"] == name)

    def _session(self) -> str:
        self.pages += 1
        return f"visitor-{self.number}-{self.pages}-{self.chance.randrange(10**9)}"


def _named(path: str) -> dict[str, Any]:
    return {"path": path, "orig_name": "photo.png", "meta": {"_type": "gradio.FileData"}}


def _require(answer: httpx.Response) -> httpx.Response:
    """Raises `Refused` for a clear no, and `Broken` for anything else that is not an answer."""
    if answer.is_success:
        return answer
    try:
        said = answer.json()["detail"]
    except (ValueError, KeyError, TypeError):
        said = answer.text
    if answer.status_code in (429, 503, 507) and isinstance(said, str):
        raise Refused(said)
    raise Broken(f"{answer.status_code}: {said}"[:300])


async def _complete(stream: httpx.Response) -> Any:
    """What a call ends with."""
    event = ""
    async for line in stream.aiter_lines():
        name, _, rest = line.partition(": ")
        event = rest if name == "event" else event
        if name == "data" and event == "complete":
            return json.loads(rest)
        if name == "data" and event == "error":
            said = json.loads(rest)
            raise _no(said.get("error") if isinstance(said, dict) else said)
    raise Broken("an end without an answer")


def _no(said: Any) -> Exception:
    """An error as the server said it: too little memory, or a longer run than it takes, are clear refusals."""
    if isinstance(said, str) and "memory" in said:
        return Refused(said)
    return Broken(f"error: {said}"[:300])
