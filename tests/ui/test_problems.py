"""One place turns what is raised into what is read, and nothing of the program's inside gets out."""

import logging
import re

import gradio as gr
import pytest

from styleshot_demo.errors import Problem
from styleshot_demo.messages import PROBLEMS
from styleshot_demo.ui import problems


def test_a_problem_is_shown_as_its_two_sentences_in_both_languages():
    what, todo = problems.explain(Problem("disk_full"))
    assert what == ("The disk is full.", "磁盘已满。")
    assert todo.en == "Free some space and try again; the download goes on where it stopped."


def test_anything_else_is_logged_and_shown_by_a_reference_alone(caplog):
    with caplog.at_level(logging.ERROR, logger="styleshot_demo"):
        what, todo = problems.explain(RuntimeError("/home/someone/secret.bin is gone"))
    assert "secret" not in "".join(what + todo)
    reference = caplog.records[0].getMessage().split()[-1]
    assert reference in todo.en and reference in todo.zh and len(reference) == 8
    assert caplog.records[0].exc_info[1].args == ("/home/someone/secret.bin is gone",)


def test_what_a_person_named_cannot_become_part_of_the_page():
    text = problems.as_html(Problem("format_refused", format="<img src=x onerror=alert(1)>"))
    assert "<img" not in text and "&lt;img" in text and 'role="alert"' in text


def test_a_guarded_handler_ends_with_its_message():
    @problems.guarded(lambda message: ("told", message))
    def handler(value):
        yield value
        raise Problem("content_needed")

    first, (told, message) = handler(1)
    assert first == 1 and told == "told" and "There is no photo." in message and "还没有照片" in message


def test_closing_a_guarded_handler_closes_what_it_runs():
    ended = []

    @problems.guarded(lambda message: pytest.fail("closing is no problem"))
    def handler():
        try:
            while True:
                yield 1
        finally:
            ended.append(True)

    running = handler()
    assert next(running) == 1
    running.close()
    assert ended == [True]


def test_a_handler_that_yields_nothing_changes_nothing():
    @problems.guarded(lambda message: message)
    def handler(value):
        if value:
            yield value

    assert list(handler(0)) == [gr.skip()] and list(handler(1)) == [1]


def test_a_refusal_says_what_it_complains_of_and_is_another_message_each_time():
    first, second = (problems.as_html(Problem("content_needed")) for _ in range(2))
    assert 'data-about="content"' in first and first != second
    wide = problems.as_html(Problem("out_of_range", name="size", value=5, low=128, high=2048))
    assert 'data-about="size" data-low="128" data-high="2048"' in wide


@pytest.mark.parametrize("key", [key for key in PROBLEMS if key.startswith("grid_")])
def test_what_a_grid_refuses_says_whether_rows_and_columns_or_the_tab_have_to_change(key):
    values = dict.fromkeys(("name", "cells", "limit", "count"), "strength")
    assert re.search(r' data-about="(axes|two|rest|idle)"', problems.as_html(Problem(key, **values)))


@pytest.mark.parametrize(
    ("key", "about"), [("many_brushed", "region"), ("style_unknown", "axes"), ("weights_all_zero", "weights")]
)
def test_what_a_panel_refuses_names_what_the_tab_lacks(key, about):
    assert f' data-about="{about}"' in problems.as_html(Problem(key, style="Batik"))
