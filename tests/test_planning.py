"""What a run will take: the work is counted, the pace is learned from runs, the memory is what is really left."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from diffir_demo import memory
from diffir_demo import planning as module
from diffir_demo.devices import lock_for
from diffir_demo.imaging import Picture
from diffir_demo.memory import free_memory
from diffir_demo.model import COMPACT
from diffir_demo.model.cost import cost_of
from diffir_demo.planning import PACES, Machine, Paces, estimate, learn, learn_file
from diffir_demo.restoration import Seconds
from diffir_demo.tasks import Request
from diffir_demo.tiling import decoding_bytes
from tests.test_stream import case
from tests.tiny import CONFIGS, engine

HERE = Machine(torch.device("cpu"), torch.float32)
CLEAN, DEBLUR, INPAINT, SR = (COMPACT[f"compact_{name}"] for name in ("clean", "deblur", "inpaint", "sr_x4"))


@pytest.fixture(autouse=True)
def _steady(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that paints and encodes 10^9 multiplications in a hundredth of a second."""
    PACES.forget()
    for config in (CLEAN, DEBLUR, INPAINT, SR, *CONFIGS.values()):
        PACES.learn(("paint", config, HERE), 1, 0.01)
    PACES.learn(("encode", HERE), 1, 0.01)
    yield
    PACES.forget()


def test_the_seconds_grow_with_the_pixels() -> None:
    small, large = (estimate(DEBLUR, size, HERE) for size in ((512, 512), (1024, 2048)))
    assert large.paint == pytest.approx(8 * small.paint) and large.encode == pytest.approx(8 * small.encode)
    assert large.save == pytest.approx(8 * small.save)
    assert small.seconds == small.read + small.encode + small.paint + small.save
    assert small.tiles == 1 and small.output_size == (512, 512)


def test_enlarging_saves_sixteen_times_the_pixels() -> None:
    found = estimate(SR, (100, 50), HERE)
    assert found.output_size == (400, 200)
    assert found.save == pytest.approx(16 * estimate(DEBLUR, (100, 50), HERE).save)


def test_the_first_restoration_is_part_of_the_painting() -> None:
    """It is not nothing, and little beside the U-Net of real size; its picture is kept beside the photo."""
    whole = cost_of(COMPACT["compact_clean"], 256, 256)
    without = dataclasses.replace(COMPACT["compact_clean"], shrinkage=False)
    assert 1.03 < whole.unet / cost_of(without, 256, 256).unet < 1.2
    clean, plain = (
        estimate(config, (1024, 1024), HERE) for config in (CLEAN, dataclasses.replace(CLEAN, shrinkage=False))
    )
    assert clean.encode == pytest.approx(plain.encode)
    assert clean.bytes >= plain.bytes + 3 * 4 * 1024**2


def test_previews_cost_a_painting_each() -> None:
    found = estimate(DEBLUR, (512, 512), HERE, previews=True)
    assert found.previews == pytest.approx(3 * found.paint)
    assert estimate(DEBLUR, (512, 512), HERE, previews=True, steps=8).previews == pytest.approx(7 * found.paint)
    assert estimate(DEBLUR, (512, 512), HERE, previews=True, steps=1).previews == 0


def test_a_small_hole_in_a_large_photo_costs_little() -> None:
    mask = np.zeros((3000, 4000), bool)
    mask[1000:1100, 2000:2100] = True
    small, all_of_it = estimate(INPAINT, (4000, 3000), HERE, mask=mask), estimate(INPAINT, (4000, 3000), HERE)
    assert small.paint < 0.05 * all_of_it.paint and small.bytes < 0.3 * all_of_it.bytes
    assert small.output_size == (4000, 3000)


def test_tiles_that_no_hole_touches_cost_nothing() -> None:
    mask = np.zeros((1408, 1408), bool)
    mask[:40, :40] = True
    few, full = (
        estimate(INPAINT, (1408, 1408), HERE, mask=hole, memory_budget=1) for hole in (mask, np.ones_like(mask))
    )
    assert 1 <= few.tiles < full.tiles and few.paint < full.paint and few.encode == full.encode


def test_the_memory_is_that_of_the_painting_and_what_lies_beside_it() -> None:
    whole = estimate(DEBLUR, (4000, 3008), HERE)
    painting = decoding_bytes(3008, 4000, DEBLUR, torch.float32)
    assert whole.tiles == 1 and painting < whole.bytes < 1.5 * painting
    tiled = estimate(DEBLUR, (4000, 3008), HERE, memory_budget=2**29)
    assert tiled.tiles > 1 and tiled.bytes < whole.bytes


def test_the_tiles_are_those_that_a_run_uses() -> None:
    model, request = engine("inpaint"), case("inpaint", 300, 400)
    run = model.restore(request, memory_budget=1)
    found = estimate(model.config, (400, 300), HERE, mask=request.mask, memory_budget=1)
    assert found.tiles == run.tiles > 1


def test_finished_runs_set_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    run = engine("deblur").restore(case("deblur"))
    before = estimate(DEBLUR, (512, 512), HERE).paint
    slow = dataclasses.replace(run, painted=((512, 512),), seconds=Seconds(1.0, 0.0, 3 * before, 0.0, 0.0))
    learn(DEBLUR, HERE, slow)
    assert estimate(DEBLUR, (512, 512), HERE).paint == pytest.approx(before), "of two, the quicker one"
    for _ in range(3):
        learn(DEBLUR, HERE, slow)
    assert estimate(DEBLUR, (512, 512), HERE).paint == pytest.approx(3 * before)


def test_busy_moments_change_no_estimate() -> None:
    """Every third run takes up to ten times as long, as on a machine that others use, too."""
    paces, rng = Paces(), np.random.default_rng(0)
    for number in range(30):
        busy = rng.uniform(3, 10) if number % 3 == 2 else 1.0
        paces.learn("network", 10, 2 * busy * rng.uniform(0.9, 1.1))
        assert 0.5 < (paces.get("network") or 0) / 0.2 < 2
    for _ in range(module.KEPT // 2 + 1):
        paces.learn("network", 10, 8)
    assert paces.get("network") == pytest.approx(0.8), "a machine that became slower for good is believed"


def test_copies_and_paths_follow_the_machine() -> None:
    """What is foreseen of them comes from another machine; here they take three times as long."""
    mask = np.zeros((300, 400), bool)
    mask[100:140, 100:180] = True
    path = dataclasses.replace(DEBLUR, base="deconvolved")
    copied, undone = (
        estimate(INPAINT, (400, 300), HERE, mask=mask, fill="auto").copy,
        estimate(path, (400, 300), HERE).undo,
    )
    run = engine("inpaint").restore(Request(Picture(np.zeros((300, 400, 3), np.uint8)), mask))
    seconds = dataclasses.replace(run.seconds, copy=3 * copied, undo=3 * undone)
    learn(INPAINT, HERE, dataclasses.replace(run, seconds=seconds))
    assert estimate(INPAINT, (400, 300), HERE, mask=mask, fill="auto").copy == pytest.approx(3 * copied)
    assert estimate(path, (400, 300), HERE).undo == pytest.approx(3 * undone)


def test_small_files_say_nothing_about_reading_and_saving() -> None:
    before = estimate(DEBLUR, (1000, 1000), HERE)
    learn_file("save", 0.01, 0.5)
    assert estimate(DEBLUR, (1000, 1000), HERE) == before
    learn_file("save", 1.0, 0.5)
    assert estimate(DEBLUR, (1000, 1000), HERE).save == pytest.approx(0.5)


def test_runs_of_no_size_teach_nothing() -> None:
    before = estimate(CONFIGS["deblur"], (512, 512), HERE)
    run = engine("deblur").restore(case("deblur"))
    learn(CONFIGS["deblur"], HERE, dataclasses.replace(run, seconds=Seconds(9.0, 0.0, 9.0, 0.0, 18.0)))
    assert estimate(CONFIGS["deblur"], (512, 512), HERE) == before


def test_the_first_guess_is_measured() -> None:
    """Within an order of magnitude of a run, on whatever machine this is."""
    PACES.forget()
    config = CONFIGS["deblur"]
    guess = estimate(config, (512, 512), HERE)
    run = engine("deblur").restore(case("deblur", 512, 512))
    assert 0.1 < guess.paint / run.seconds.paint < 10
    assert PACES.get(("trial", config, HERE)) is not None


def test_the_quickest_trial_counts_and_the_first_run_overrules_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that was busy when the app started must not frighten the first visitors."""
    run = engine("deblur").restore(case("deblur"))
    PACES.forget()
    rounds = [2.0, 0.5, 9.0, 3.0]
    clock, compute = [0.0], module.CpuDIRformer.__call__

    def slow(self: Any, *values: Any) -> Any:
        clock[0] += rounds.pop(0)
        return compute(self, *values)

    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(module.time, "process_time", lambda: 2 * clock[0])  # two processors at work
    monkeypatch.setattr(module.CpuDIRformer, "__call__", slow)
    guess = estimate(DEBLUR, (512, 512), HERE)
    assert not rounds
    side = DEBLUR.multiple_of * max(
        1, round((module.TRIAL / module._cost_per_pixel(DEBLUR).unet) ** 0.5 / DEBLUR.multiple_of)
    )
    assert guess.paint == pytest.approx(0.5 * (512 / side) ** 2)
    learn(DEBLUR, HERE, dataclasses.replace(run, painted=((512, 512),), seconds=Seconds(1.0, 0.0, 4.0, 0.0, 5.0)))
    assert estimate(DEBLUR, (512, 512), HERE).paint == pytest.approx(4.0)


def test_a_trial_that_waits_for_processors_counts_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    PACES.forget()
    clock, work, compute = [0.0], [0.0], module.CpuDIRformer.__call__

    def starved(self: Any, *values: Any) -> Any:
        clock[0], work[0] = clock[0] + 9.0, work[0] + 0.5
        return compute(self, *values)

    monkeypatch.setattr(module.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(module.time, "process_time", lambda: work[0])
    monkeypatch.setattr(module.CpuDIRformer, "__call__", starved)
    estimate(DEBLUR, (512, 512), HERE)
    per_pixel = module._cost_per_pixel(DEBLUR).unet
    side = DEBLUR.multiple_of * max(1, round((module.TRIAL / per_pixel) ** 0.5 / DEBLUR.multiple_of))
    worked = 0.5 / torch.get_num_threads()
    assert PACES.get(("trial", DEBLUR, HERE)) == pytest.approx(worked / (per_pixel * side**2))


def test_nothing_is_measured_while_a_run_goes() -> None:
    PACES.forget()
    with lock_for(HERE.device):
        found = estimate(DEBLUR, (512, 512), HERE)
    assert PACES.get(("paint", DEBLUR, HERE), ("trial", DEBLUR, HERE)) is None
    assert found.paint == pytest.approx(module.FIRST_PACE * module._cost_per_pixel(DEBLUR).unet * 512 * 512)


def test_paces_start_from_what_is_nearest() -> None:
    paces = Paces()
    paces.learn("machine", 10, 1)
    assert paces.get("network", "machine") == pytest.approx(0.1)
    paces.learn("network", 10, 2)
    assert paces.get("network", "machine") == pytest.approx(0.2)
    paces.learn("network", 0, 2)  # no work tells nothing
    assert paces.get("network", "machine") == pytest.approx(0.2) and paces.get("other") is None


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 8 GiB left, in a container of both kinds with nothing set."""
    (tmp_path / "meminfo").write_text("MemTotal: 16777216 kB\nMemAvailable: 8388608 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    groups = [(tmp_path / str(i), *names) for i, (_, *names) in enumerate(memory.CGROUPS)]
    monkeypatch.setattr(memory, "CGROUPS", groups)
    return tmp_path


def in_group(folder: Path, version: int, limit: str, used: int, files: int) -> None:
    _, limit_name, used_name, reclaimable = memory.CGROUPS[version]
    folder = folder / str(version)
    folder.mkdir()
    (folder / limit_name).write_text(limit)
    (folder / used_name).write_text(str(used))
    (folder / "memory.stat").write_text(f"anon 5\n{reclaimable} {files}\n")


def test_free_memory_is_the_machines(system: Path) -> None:
    assert free_memory() == 8 * 2**30
    in_group(system, 0, "max\n", 2**30, 0)
    assert free_memory() == 8 * 2**30


@pytest.mark.parametrize("version", [0, 1])
def test_free_memory_is_the_containers_where_that_is_less(system: Path, version: int) -> None:
    """Copies of files count as free: they make room."""
    in_group(system, version, str(4 * 2**30), 3 * 2**30, 2**30)
    assert free_memory() == 2 * 2**30


def test_no_meminfo_is_no_failure(system: Path) -> None:
    (system / "meminfo").write_text("nothing of use")
    found = free_memory()
    assert found is None or found > 2**20


def test_copies_take_their_time_too() -> None:
    hole = np.zeros((512, 512), bool)
    hole[100:200, 100:300] = True
    alone, copied, unknown = (
        estimate(CONFIGS["inpaint"], (512, 512), HERE, mask=mask, fill=fill)
        for mask, fill in ((hole, "network"), (hole, "auto"), (None, "auto"))
    )
    assert alone.copy == unknown.copy == 0 < copied.copy < 20
    assert copied.seconds - alone.seconds == pytest.approx(copied.copy, abs=0.2 * alone.seconds)
