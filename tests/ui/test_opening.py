"""What the page is given as it opens, in one request; what lay there is tested in tests/browser."""

import logging

import gradio as gr
import pytest

from styleshot_demo.ui.opening import Opening


@pytest.fixture
def page():
    with gr.Blocks() as page:
        yield page


def test_each_part_gets_its_own_values_and_all_are_shown_at_once(page):
    opening, boxes, request = Opening(), [gr.Textbox() for _ in range(4)], gr.Request()
    seen = []
    opening.add(lambda *values: seen.append(values) or {boxes[0]: gr.update(minimum=1)}, boxes[:2], boxes[:1])
    opening.add(lambda *values: seen.append(values) or {}, [], boxes[3:])
    opening.add(lambda *values: seen.append(values) or {boxes[0]: gr.update(value=2), boxes[2]: "x"}, boxes[2:], boxes)
    opening.wire(page)
    event = page.fns[0]
    assert event.targets[0][1] == "load" and not event.queue
    assert (list(event.inputs), set(event.outputs)) == ([*boxes[:2], *boxes[2:]], set(boxes))
    updates = event.fn(request, "a", "b", "c", "d")
    assert seen == [(request, "a", "b"), (request,), (request, "c", "d")]
    assert updates == {boxes[0]: {"__type__": "update", "minimum": 1, "value": 2}, boxes[2]: "x"}


def test_a_part_that_fails_costs_no_other(page, caplog):
    opening, box = Opening(), gr.Textbox()
    opening.add(lambda request: 1 / 0, [], [box])
    opening.add(lambda request: {box: "there"}, [], [box])
    opening.wire(page)
    event = page.fns[0]
    with caplog.at_level(logging.WARNING):
        assert event.fn(gr.Request()) == {box: "there"}
    assert "opens without a part" in caplog.text and "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("shown", [[], ["x"], [gr.update(visible=True), "x"], [{"cells": 1}, gr.update(visible=True)]])
def test_gradio_takes_what_there_is(page, shown):
    opening, box = Opening(), gr.JSON()
    for one in shown or [None]:
        opening.add(lambda request, one=one: {} if one is None else {box: one}, [], [box])
    opening.wire(page)
    given = page.fns[0].fn(gr.Request())
    assert (given[box] if shown else given) == (shown[-1] if shown else gr.skip())


def test_what_follows_follows_in_its_order(page):
    opening, box = Opening(), gr.Textbox()
    opening.add(lambda request: {}, [], [box])
    opening.then(fn=None, js="() => 1")
    opening.then(fn=None, js="() => 2")
    opening.wire(page)
    events = list(page.fns.values())
    assert [event.trigger_after for event in events] == [None, 0, 0, 2, 3]
    assert all("opened" in event.js for event in events[1:3]) and events[1].trigger_only_on_failure
    assert [event.js for event in events[3:]] == ["() => 1", "() => 2"]
