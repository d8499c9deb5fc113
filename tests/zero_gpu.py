"""A ZeroGPU host without a GPU: the real `spaces` library, its HTTP answered here and what it does to CUDA left out.

`python tests/zero_gpu.py` runs the app's own functions through its wrapper, in a process of its own, as that forks; it
prints what happened as JSON. The test that reads it is `test_spaces.py`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import types
from typing import Any

os.environ |= {"SPACES_ZERO_DEVICE_API_URL": "http://zero.test", "OMP_NUM_THREADS": "1"}
ASKED: list[tuple[str, dict[str, str]]] = []
"""(path, parameters) of each request to the host, in this process."""
ANSWER: dict[str, Any] = {}
"""What the host says to the next lease instead of granting it."""


def install() -> None:
    """Makes `import spaces` that of a ZeroGPU host. It has to come before torch, as on such a host."""
    import httpx

    class Answered(httpx.Client):
        def __init__(self, **options: Any) -> None:
            super().__init__(transport=httpx.MockTransport(_answer), base_url=options["base_url"])

    client = types.SimpleNamespace(**{n: getattr(httpx, n) for n in ("codes", "RemoteProtocolError")}, Client=Answered)
    import spaces.config

    spaces.config.Config.zero_device_api_url = os.environ["SPACES_ZERO_DEVICE_API_URL"]
    spaces.config.Config.zero_gpu = True
    shims = types.ModuleType("spaces.zero.torch")
    for name in ("unpatch", "init", "move", "enter_mode"):
        setattr(shims, name, lambda *_, **__: None)
    shims.size = lambda: 0  # pyright: ignore[reportAttributeAccessIssue]
    import spaces.zero

    sys.modules["spaces.zero.torch"] = spaces.zero.torch = shims
    import spaces.zero.client
    import spaces.zero.wrappers

    spaces.zero.client.httpx = client


def _answer(request: Any) -> Any:
    import httpx

    ASKED.append((request.url.path, dict(request.url.params)))
    if request.url.path != "/schedule":
        return httpx.Response(200)
    if ANSWER:
        return httpx.Response(ANSWER["status"], json=ANSWER.get("json"), headers={"content-type": "application/json"})
    granted = {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "GPU-0", "allowToken": "t"}
    return httpx.Response(200, json=granted, headers={"content-type": "application/json"})


def leases() -> list[int]:
    """Seconds of each lease that was asked for so far."""
    return [int(asked["durationSeconds"]) for path, asked in ASKED if path == "/schedule"]


def main() -> dict[str, Any]:
    install()
    os.environ["SPACES_ZERO_GPU"] = "true"
    from diffir_demo import planning
    from diffir_demo.errors import DiffIRError
    from diffir_demo.planning import PACES
    from diffir_demo.serving.spaces import accelerator, seconds_for
    from diffir_demo.settings import Settings
    from diffir_demo.tasks import TASKS, Request
    from diffir_demo.ui.state import AppState
    from tests.factories import photo

    state = AppState("cpu", "fp32")
    accelerate = accelerator()
    assert accelerate is not None
    state.lend(accelerate)
    state.lent = True  # as it is where the device is a GPU
    planning.LEAST_WORK = 0.0  # tiny networks do too little to be learned from
    task, told = TASKS["deblur"], dict[str, Any]()
    path = state.weights_for(task)[0].path

    def error_of(key: str, request: Request, where: str) -> list[Any]:
        before = len(leases())
        try:
            list(state.run(TASKS[key], request, where))
        except Exception as error:
            return [type(error).__name__, str(error), isinstance(error, DiffIRError), len(leases()) - before]
        return []

    request = Request(photo(128, 160), None, Settings(seed=1))
    told["events"] = [type(each).__name__ for each in state.run(task, request, path)]
    told["loaded here"] = len(state._models._kept)
    told["paces"] = sorted({key[0] for key in PACES._known if isinstance(key, tuple)})
    told["again"] = [type(each).__name__ for each in state.run(task, request, path)]
    told["leases"] = leases()
    for _ in range(planning.KEPT):  # as if it were a slow GPU
        PACES.learn(("paint", state._config(task, path), state.machine), 1.0, 1000.0)
    told["expected"] = seconds_for(state.expected(task, request.changed(seed=2), path))
    list(state.run(task, request.changed(seed=2), path))
    told["longer lease"] = leases()[-1]
    hole = TASKS["inpaint"]
    told["no mask"] = error_of("inpaint", request, state.weights_for(hole)[0].path)
    steered = request.changed(steered={"noise": 1.0})
    told["in the run"] = error_of("deblur", steered, path)
    going = state.run(task, request.changed(seed=3), path)
    next(going)
    going.close()
    told["after leaving"] = [type(each).__name__ for each in state.run(task, request.changed(seed=4), path)][-1]
    ANSWER.update(status=503)
    told["no GPU"] = error_of("deblur", request.changed(seed=5), path)
    ANSWER.update(status=429, json={"left": 3, "wait": 3600})
    told["quota"] = error_of("deblur", request.changed(seed=6), path)
    ANSWER.clear()
    before = len(leases())
    told["steering"] = list(state.steering(task, path).shape)
    told["leases for the lab"] = len(leases()) - before
    return told


if __name__ == "__main__":
    found = main()
    for each in multiprocessing.active_children():  # they wait for more
        each.kill()
    print("\n" + json.dumps(found), flush=True)
    os._exit(0)
