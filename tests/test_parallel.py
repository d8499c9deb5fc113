"""Independent works on several threads: results in order, one torch thread each, and an end for all where one fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from diffir_demo.deconvolve import deconvolve
from diffir_demo.parallel import in_parallel
from diffir_demo.shake.search import search
from diffir_demo.tick import PULSE, Cancelled, Tick, in_thread, no_tick

from .pictures import noise


@pytest.fixture(params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def slow(number: int, tick: Tick) -> tuple[int, int, str]:
    for round_ in range(4):
        time.sleep(PULSE * (1 if number % 2 else 0.3))
        tick((round_ + 1) / 4)
    return number, torch.get_num_threads(), threading.current_thread().name


def test_results_come_in_order_from_threads_of_one(threads: int) -> None:
    shares: list[float] = []
    found = in_parallel([partial(slow, number) for number in range(5)], shares.append)
    assert [number for number, _, _ in found] == list(range(5))
    assert {own for _, own, _ in found} == {1}
    assert len({name for _, _, name in found}) == threads
    assert shares == sorted(shares)
    assert 0 <= shares[0] < 0.5 < shares[-1] <= 1
    assert torch.get_num_threads() == threads
    assert in_thread(torch.get_num_threads).result() == threads, "threads that begin later have theirs again"


def test_a_single_work_has_all_threads(threads: int) -> None:
    assert in_parallel([lambda tick: torch.get_num_threads()]) == [threads]
    assert in_parallel([]) == []


def test_what_a_work_raises_ends_the_others(threads: int) -> None:
    ended: list[int] = []

    def endless(number: int, tick: Tick) -> None:
        if number == 1:
            raise ValueError("the second")
        try:
            while threads > 1:
                time.sleep(0.001)
                tick(0.0)
        except Cancelled:
            ended.append(number)
            raise

    with pytest.raises(ValueError, match="the second"):
        in_parallel([partial(endless, number) for number in range(8)])
    if threads > 1:
        assert 0 in ended
    assert len(ended) == threads - 1, "none is begun anew"


def test_what_the_tick_raises_ends_the_works(threads: int) -> None:
    begun, ended = list[int](), list[int]()

    def endless(number: int, tick: Tick) -> None:
        begun.append(number)
        try:
            while True:
                time.sleep(0.001)
                tick(0.0)
        finally:
            ended.append(number)

    def cancel(share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        in_parallel([partial(endless, number) for number in range(8)], cancel)
    assert sorted(begun) == sorted(ended)
    assert len(begun) <= threads
    assert torch.get_num_threads() == threads


def test_paths_and_pictures_do_not_depend_on_the_number_of_threads() -> None:
    pixels = cv2.blur(cv2.GaussianBlur(noise(96, 120), (0, 0), 2.0), (1, 7))
    before, found = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            best = search(pixels, no_tick)[0]
            found.append((best.kernel, best.evidence, deconvolve(pixels, best.kernel.numpy(), best.light, 1000.0)))
    finally:
        torch.set_num_threads(before)
    (one, speaks, sharp), (other, also, same) = found
    assert torch.equal(one, other)
    assert speaks.numbers == also.numbers
    assert np.array_equal(sharp, same)
    assert not np.array_equal(sharp, pixels)
