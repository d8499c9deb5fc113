"""Gradio's frame, with updates of a running handler that neither spoil one another nor cost more than they change."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from types import MappingProxyType
from typing import Any, ClassVar

import gradio as gr
from gradio.blocks import convert_component_dict_to_list
from gradio.exceptions import Error, InvalidPathError
from gradio.utils import SyncToAsyncIterator

from ..disk import is_full
from .component import words_of
from .languages import ENGLISH, language, language_of, speaking, translated
from .patience import patient_start
from .turns import TurnQueue

WORDS = words_of()
LOG = logging.getLogger(__name__)

STEP = 3600
"""Seconds that a handler's first step may go on for after it was cancelled; most end within a second."""
UNWATCHED = """<script>{
  const unwatched = Object.create(Object.prototype);
  for (const each of window.gradio_config?.dependencies ?? []) Object.setPrototypeOf(each, unwatched);
}</script>"""
"""For the page's head, which is there before the components are.

The page (Gradio 6.31) looks through the list of handlers for every component, and watches plain objects for changes:
each look costs several times what it would. Handlers never change, and objects of another kind are not watched.
"""


class Blocks(gr.Blocks):
    """`gr.Blocks` with the queue of `turns`, whose updates are sent whole, and leave alone what they do not name.

    Gradio sends the second and later updates of a handler as differences, and its page (6.31) applies these to the
    very objects that it has not shown yet. Where two updates arrive together, the later one so takes back what it
    does not repeat: a result's download button stayed hidden. A whole object is a new one on the page.

    A step of a run changes a few of its handler's forty outputs. Gradio makes the others anew all the same, and gives
    each `gr.HTML` among them an empty change of its properties, which the page takes as something to show.
    """

    composed: Callable[[], list[str]] = list
    """The texts of the page as it is built that have facts in them and stand within HTML, in the present language."""

    _closing: ClassVar[set[asyncio.Task[None]]] = set()
    _config: Any = None
    _in_languages: Mapping[str, Any] = MappingProxyType({})

    @property
    def config(self) -> Any:
        """What a page is made of, in the language of the visitor that asks for it."""
        code = language()
        if self._config is not None and code not in self._in_languages:
            with speaking(ENGLISH):
                english = self.composed()
            more = dict(zip(english, self.composed(), strict=True))
            self._in_languages = {**self._in_languages, code: translated(self._config, more)}
        return self._in_languages.get(code)

    @config.setter
    def config(self, value: Any) -> None:
        self._config, self._in_languages = value, {ENGLISH: value}

    warm_up: Callable[[], None] | None = None
    """What the server does once it is up and has nothing better to do."""

    def queue(self, *args: Any, **options: Any) -> Any:
        """The parent's, with a queue in which visitors take turns. Handlers that wait in it are run no other way."""
        super().queue(*args, api_open=False, **options)
        self._queue = TurnQueue.in_place_of(self._queue)
        return self

    def launch(self, *args: Any, **options: Any) -> Any:
        """The parent's, on machines that are busy as well."""
        with patient_start():
            return super().launch(*args, **options)

    async def process_api(self, *args: Any, request: Any = None, **options: Any) -> dict[str, Any]:
        """The parent's, in the language of the visitor. What goes wrong reaches programs and the page as a sentence,
        never as an error without one."""
        with speaking(language_of(getattr(request, "headers", None) or {})):
            answer = await self._answered(*args, request=request, **options)
            return answer | {"data": translated(answer["data"])}

    async def _answered(self, *args: Any, **options: Any) -> dict[str, Any]:
        try:
            return await super().process_api(*args, **options)
        except Error:
            raise
        except InvalidPathError as error:
            raise Error(WORDS.not_uploaded, print_exception=False) from error
        except Exception as error:
            if is_full(error):
                raise Error(WORDS.disk_full, print_exception=False) from error
            LOG.error("A handler failed: %s", "".join(traceback.format_exception(error)))
            raise Error(WORDS.bug, print_exception=False) from error

    async def call_function(
        self, block_fn: Any, processed_input: Any, iterator: Any = None, *others: Any, **options: Any
    ) -> Any:
        """The parent's. A handler that is cancelled within its first step is no iterator yet that Gradio could close,
        and would keep the device until it is collected: it is closed as soon as the step is over."""
        handler = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        runs: list[Iterator[Any]] = []
        if iterator is None and inspect.isgeneratorfunction(handler.fn):
            handler = _recorded(handler, runs)
        try:
            return await super().call_function(handler, processed_input, iterator, *others, **options)
        except asyncio.CancelledError:
            for run in runs:
                closing = asyncio.create_task(SyncToAsyncIterator(run, None).aclose(STEP))
                self._closing.add(closing)  # the loop itself holds no task
                closing.add_done_callback(self._closing.discard)
            raise

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Raises Gradio's `Error` for another number of values than the handler takes."""
        wanted = len(block_fn.inputs)
        if len(inputs) < wanted:
            raise Error(WORDS.wrong_count.format(count=len(inputs), wanted=wanted), print_exception=False)

    def get_config_file(self) -> Any:
        """The parent's, without targets that are no components.

        A `then` has one such, and the page looks for it: among all components, when it opens and with every event.
        """
        config: Any = super().get_config_file()
        for each in config["dependencies"]:
            each["targets"] = [target for target in each["targets"] if target[0] is not None]
        return config

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """The parent's, of the outputs that change; the others are `gr.skip()`, which the page passes over."""
        outputs = list(block_fn.outputs)
        values = _in_order(outputs, predictions)
        if len(values) != len(outputs) or not any(map(_is_skipped, values)):
            return await super().postprocess_data(block_fn, predictions, state)
        changed = [index for index, value in enumerate(values) if not _is_skipped(value)]
        sent: list[Any] = [gr.skip() for _ in outputs]
        if changed:
            narrow = copy(block_fn)
            narrow.outputs = [outputs[index] for index in changed]
            news: Any = [values[index] for index in changed]
            given = await super().postprocess_data(narrow, news if len(news) > 1 else news[0], state)
            for index, value in zip(changed, given, strict=True):
                sent[index] = value
        return sent

    def handle_streaming_diffs(
        self,
        block_fn: Any,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """The parent's differences: `[]` for what stays, else one that replaces the whole."""
        given = list(data)
        sent = super().handle_streaming_diffs(block_fn, data, session_hash, run, final, simple_format)
        if final or simple_format:
            return sent
        return [_whole(value, difference) for value, difference in zip(given, sent, strict=True)]


def _recorded(handler: Any, runs: list[Iterator[Any]]) -> Any:
    """The handler, a generator's, which notes what it begins."""

    @functools.wraps(handler.fn)
    def begin(*values: Any, **named: Any) -> Iterator[Any]:
        run = handler.fn(*values, **named)
        runs.append(run)
        yield from run

    recorded = copy(handler)
    recorded.fn = begin
    return recorded


def _in_order(outputs: list[Any], answer: Any) -> list[Any]:
    """A handler's answer, one value for each of its outputs if it is a right one. Raises `ValueError`."""
    if _is_skipped(answer):
        return [answer] * len(outputs)
    if isinstance(answer, dict) and answer:  # an empty one is a value, as for the parent
        answer = convert_component_dict_to_list(outputs, answer)
    return list(answer) if isinstance(answer, (list, tuple)) else [answer]


def _is_skipped(value: Any) -> bool:
    return isinstance(value, dict) and value == gr.skip()


def _whole(value: Any, difference: Any) -> Any:
    """difference: the value itself where it is a handler's first."""
    return difference if difference is value or not difference else [("replace", [], value)]
