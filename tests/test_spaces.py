"""On a host that lends GPUs per call: the app behind the host's own wrapper, as `zero_gpu.py` plays it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from diffir_demo.planning import Estimate
from diffir_demo.serving.spaces import LONGEST, SHORTEST, accelerator, seconds_for
from tests.factories import tiny_weights

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    pytest.importorskip("spaces")
    folder = tmp_path_factory.mktemp("zero")
    own = {"DIFFIR_CHECKPOINTS": str(tiny_weights(folder)), "GRADIO_TEMP_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as errors:
        command = [sys.executable, str(ROOT / "tests" / "zero_gpu.py")]
        done = subprocess.run(command, env=os.environ | own, stdout=out, stderr=errors, timeout=120, cwd=folder)
        errors.seek(0)
        assert done.returncode == 0, errors.read()
        out.seek(0)
        return json.loads(out.read().splitlines()[-1])


def test_a_run_reports_all_its_events_and_is_kept_here(told: dict[str, Any]) -> None:
    assert told["events"][0] == "Started" and told["events"].count("PriorStep") == 4
    assert told["events"][-1] == told["again"][-1] == "Finished"
    assert told["leases"] == [SHORTEST], "what is kept needs no GPU"


def test_the_pace_is_learned_where_the_next_lease_is_asked_for(told: dict[str, Any]) -> None:
    assert "paint" in told["paces"]
    assert SHORTEST < told["longer lease"] == told["expected"] <= LONGEST


def test_what_cannot_be_run_asks_for_no_lease(told: dict[str, Any]) -> None:
    kind, sentence, is_ours, asked = told["no mask"]
    assert (kind, is_ours, asked) == ("InputError", True, 0) and sentence.startswith("Inpainting needs a mask.")


def test_sentences_survive_the_wrapper(told: dict[str, Any]) -> None:
    kind, sentence, is_ours, asked = told["in the run"]
    assert (kind, is_ours, asked) == ("WeightsError", True, 1)
    assert "were never measured" in sentence and sentence.endswith("cleaning up.")


def test_a_host_that_refuses_does_so_in_a_sentence(told: dict[str, Any]) -> None:
    assert told["no GPU"][:3] == ["DeviceError", "No GPU was available. Try again later, or sign in.", True]
    kind, sentence, is_ours, _ = told["quota"]
    assert (kind, is_ours) == ("DeviceError", True) and "GPU limit" in sentence


def test_who_leaves_frees_the_gpu_for_the_next(told: dict[str, Any]) -> None:
    assert told["after leaving"] == "Finished"


def test_the_lab_reads_networks_without_a_gpu(told: dict[str, Any]) -> None:
    assert told["steering"] == [256] and told["leases for the lab"] == 0 and told["loaded here"] == 0


def test_elsewhere_nothing_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    assert accelerator() is None


def test_the_lease_follows_the_work_within_bounds() -> None:
    def lease(paint: float) -> int:
        return seconds_for(Estimate((9, 9), (9, 9), 50.0, 0.0, paint, 0.0, 50.0, 0, 1))

    assert lease(0.1) == SHORTEST and lease(1000) == LONGEST and lease(20) == 44
