"""What Gradio's frame tells the page: of its handlers, and of their answers."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from diffir_demo.ui.blocks import Blocks
from tests.factories import in_a_loop

KEPT = {"__type__": "update"}


class Page:
    """Four outputs of three kinds, and what a handler's answer becomes on the way to them."""

    def __init__(self) -> None:
        with Blocks() as self.blocks:
            self.line, self.note = gr.HTML("ready"), gr.HTML("nothing")
            self.button, self.state = gr.Button("go"), gr.State(0)
            self.outputs = [self.line, self.note, self.button, self.state]
            self.line.change(lambda: None, None, self.outputs)
            self.note.change(lambda: None, None, self.note)
        self.session = SessionState(self.blocks)

    def told(self, answer: Any, number: int = 0) -> list[Any]:
        return in_a_loop(self.blocks.postprocess_data(self.blocks.fns[number], answer, self.session))


@pytest.fixture
def page() -> Page:
    return Page()


def test_what_is_not_named_is_left_alone(page: Page) -> None:
    assert page.told({page.note: "some"}) == [KEPT, "some", KEPT, KEPT]
    assert page.told({page.line: "half", page.state: 7}) == ["half", KEPT, KEPT, None]
    assert page.session[page.state._id] == 7
    told = page.told({page.button: gr.Button(interactive=False)})
    assert told[2] == {"interactive": False, "__type__": "update"}
    assert [told[0], told[1], told[3]] == [KEPT] * 3
    assert page.session[page.state._id] == 7, "a state that is not named keeps its value"


@pytest.mark.parametrize("skipping", [lambda page: gr.skip(), lambda page: (gr.skip(),) * 4], ids=["one", "four"])
def test_nothing_changes_nothing(page: Page, skipping: Callable[[Page], Any]) -> None:
    assert page.told(skipping(page)) == [KEPT] * 4


def test_answers_in_order_are_taken_too(page: Page) -> None:
    assert page.told((gr.skip(), "some", gr.skip(), 3)) == [KEPT, "some", KEPT, None]
    assert page.told(["a", "b", "c", 4]) == ["a", "b", "c", None]
    assert page.told("alone", number=1) == ["alone"]
    assert page.told({}, number=1) == [{}]
    assert page.told(gr.skip(), number=1) == [KEPT]


def test_what_a_handler_must_not_answer_is_still_refused(page: Page) -> None:
    with pytest.raises(ValueError, match="not specified as output"):
        page.told({gr.HTML(render=False): "lost"})
    with pytest.raises(ValueError, match="enough output values"):
        page.told(["too", "few"])
    with pytest.raises(ValueError, match="enough output values"):
        page.told({})


def test_only_components_are_targets() -> None:
    with Blocks() as blocks:
        button = gr.Button("go")
        first = button.click(lambda: None)
        first.then(lambda: None)
        first.failure(lambda: None)
        blocks.load(lambda: None)
    told = blocks.get_config_file()["dependencies"]
    assert [each["targets"] for each in told] == [[(button._id, "click")], [], [], [(blocks._id, "load")]]
    assert [each["trigger_after"] for each in told] == [None, 0, 0, None], "the chain is told all the same"


def test_what_is_cancelled_within_its_first_step_is_closed_after_it() -> None:
    """However long the step goes on, and while others hold what the call left behind."""
    begun, go, closed = threading.Event(), threading.Event(), threading.Event()

    def handler() -> Iterator[str]:
        try:
            begun.set()
            go.wait(20)
            yield "first"
            yield "second"
        finally:
            closed.set()

    with Blocks() as blocks:
        line = gr.HTML()
        line.change(handler, None, line)

    async def cancelled() -> BaseException:
        call = asyncio.create_task(blocks.process_api(blocks.fns[0], [], state=SessionState(blocks)))
        await asyncio.to_thread(begun.wait, 20)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await call
        await asyncio.sleep(0.5)
        assert not closed.is_set()
        go.set()
        await asyncio.to_thread(closed.wait, 20)
        return raised.value

    gc.disable()
    try:
        error = in_a_loop(cancelled())
        assert error.__traceback__ and closed.is_set()
    finally:
        gc.enable()
