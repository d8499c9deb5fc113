"""The simulation of visitors against what queueing theory says exactly."""

from __future__ import annotations

from math import comb, factorial
from pathlib import Path

import pytest

from diffir_demo.errors import InputError
from tools.bench.pages import put
from tools.bench.queueing import Crowd, simulate


def exact(visitors: int, replicas: int, think: float, service: float) -> tuple[float, float]:
    """(runs a second, share of the replicas' time) of the machine-repair model M/M/c//N: all times are exponential."""
    ratio, weights = service / think, []
    for n in range(visitors + 1):
        waiting = factorial(n) / factorial(replicas) / replicas ** (n - replicas) if n > replicas else 1.0
        weights.append(comb(visitors, n) * ratio**n * waiting)
    total = sum(weights)
    busy = sum(min(n, replicas) * weight for n, weight in enumerate(weights)) / total
    return busy / service, busy / replicas


@pytest.mark.parametrize(("visitors", "replicas"), [(5, 1), (20, 2), (40, 4)])
def test_waits_and_use_are_those_of_the_exact_model(visitors: int, replicas: int) -> None:
    think, service = 30.0, 4.0
    crowd = Crowd(visitors, replicas, think, seconds=200_000)
    seen = simulate(crowd, lambda rng: (rng.expovariate(1 / service), 0.0))
    rate, busy = exact(visitors, replicas, think, service)
    assert seen.replicas_busy == pytest.approx(busy, rel=0.02)
    assert seen.runs / crowd.seconds == pytest.approx(rate, rel=0.02)
    expected = visitors / rate - think - service  # by Little's law
    assert sum(seen.waits) / len(seen.waits) == pytest.approx(expected, rel=0.05)


def test_one_visitor_never_waits() -> None:
    seen = simulate(Crowd(1, 1, think=10.0), lambda _: (5.0, 1.0))
    assert set(seen.waits) == {0.0} and seen.total(0.5) == pytest.approx(6.0)
    assert seen.replicas_busy == pytest.approx(5 / 16, rel=0.1) and seen.page_busy == pytest.approx(1 / 16, rel=0.1)


def test_the_page_s_process_is_one_for_all_replicas() -> None:
    """With ever more replicas, what it has to do for each run is what is left to wait for."""
    slow = [simulate(Crowd(200, replicas, think=1.0), lambda _: (1.0, 0.5)) for replicas in (64, 128)]
    assert all(each.page_busy == pytest.approx(1.0, abs=0.01) for each in slow)
    assert slow[0].runs == pytest.approx(slow[1].runs, rel=0.01) == pytest.approx(7200 / 0.5, rel=0.01)


def test_a_line_that_is_full_sends_visitors_away() -> None:
    crowd = Crowd(50, 1, think=10.0, places=3)
    seen = simulate(crowd, lambda _: (5.0, 0.0))
    assert seen.refused > seen.runs and max(seen.waits) <= 3 * 5.0 + 5.0
    assert simulate(crowd, lambda _: (5.0, 0.0)) == seen


def test_quantiles() -> None:
    seen = simulate(Crowd(30, 2, think=20.0), lambda rng: (rng.uniform(1, 5), 0.1))
    assert seen.waits == sorted(seen.waits)
    assert sum(each <= seen.wait(0.95) for each in seen.waits) / len(seen.waits) == pytest.approx(0.95, abs=0.01)


def test_numbers_take_their_place_in_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n<!-- a -->\nold\n<!-- /a -->\nend <!-- b --><!-- /b -->\n")
    put(page, "a", "| 1 |\n")
    put(page, "b", "2")
    once = page.read_text()
    assert once == "# Title\n<!-- a -->\n\n| 1 |\n\n<!-- /a -->\nend <!-- b -->\n\n2\n\n<!-- /b -->\n"
    put(page, "a", "| 1 |")
    assert page.read_text() == once
    with pytest.raises(InputError, match="no place for 'c'"):
        put(page, "c", "3")
