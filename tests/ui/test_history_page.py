"""Who a visitor is, what is served to him, and what the page takes into his history."""

import asyncio
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import Settings, Studio, jobs, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.history import Histories, is_visitor, new_visitor
from styleshot_demo.ui import history, presets, result_events, visitors
from styleshot_demo.ui.visitors import COOKIE, Visitors, visitor_in


@pytest.fixture
def histories(tmp_path):
    return Histories(tmp_path / "history", 1)


@pytest.fixture
def result(tmp_path):
    """result(seed, name) -> a file as a tab saves it."""

    def make(seed, name="photo-fast.png", **settings):
        folder = tmp_path / f"cache/{seed}"
        folder.mkdir(parents=True)
        made_by = provenance.record({"method": "fast", "strength": 0.5, **settings}, {}, seed)
        provenance.write(Image.new("RGB", (40, 30), (seed, 9, 9)), folder / name, made_by)
        return folder / name

    return make


def ask(app, path, cookie=None, method="GET", root=""):
    """(status, headers, body) of a request."""
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"cookie", cookie.encode())] if cookie else []
    scope = {"type": "http", "method": method, "path": root + path, "root_path": root, "headers": headers}
    # In a thread of its own: a browser's driver that a test before has started keeps a loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, app(scope, None, send)).result()
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, body


async def page(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": b"page"})


def test_the_page_hands_out_an_id_once_that_no_script_can_read(histories):
    app = Visitors(page, histories, framed=False)
    status, headers, body = ask(app, "/")
    assert (status, body) == (200, b"page")
    given, *rules = headers["set-cookie"].split("; ")
    assert is_visitor(given.removeprefix(f"{COOKIE}="))
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(rules) and headers["cache-control"] == "no-store"
    assert ask(app, "/", given)[1]["set-cookie"] == headers["set-cookie"]  # the same, for another year
    assert "set-cookie" not in ask(app, "/config")[1]
    assert ask(app, "/", f"{COOKIE}=short")[1]["set-cookie"] != headers["set-cookie"]
    framed = ask(Visitors(page, histories, framed=True), "/")[1]["set-cookie"]
    assert "SameSite=None; Secure; Partitioned" in framed


@pytest.mark.parametrize(
    "cookies",
    [
        None,
        "",
        f"{COOKIE}=",
        f"{COOKIE}=../../etc",
        f"{COOKIE}={'A' * 64}",
        f"x{COOKIE}={'a' * 64}",
        f"a={COOKIE}={'a' * 64}",
    ],
)
def test_what_is_no_id_is_nobody(cookies):
    assert visitor_in(cookies) is None
    assert visitor_in(f"other=1; {COOKIE}={'b' * 64}; last=2") == "b" * 64


def test_pictures_are_served_to_those_who_made_them_alone(histories, result):
    app, visitor = Visitors(page, histories, framed=False), new_visitor()
    entry = histories.of(visitor).add(result(1))
    mine, other = f"{COOKIE}={visitor}", f"{COOKIE}={new_visitor()}"
    status, headers, body = ask(app, f"/history/{entry.key}.png", mine)
    assert (status, headers["content-type"], body) == (200, "image/png", entry.path.read_bytes())
    assert headers["cache-control"].startswith("private")
    assert ask(app, f"/history/{entry.key}.png", mine, root="/behind")[0] == 200
    assert ask(app, f"/history/{entry.key}.jpg", mine)[2][:2] == b"\xff\xd8"
    for path in (f"{entry.key}.png", f"{entry.key}.jpg", "all.zip"):
        assert ask(app, f"/history/{path}", other)[0] == ask(app, f"/history/{path}")[0] == 404
    for path in ("../index.json", "index.json", f"{entry.key}.json", f"{'0' * 32}.png", f"{entry.key}.png/", ""):
        assert ask(app, f"/history/{path}", mine)[0] == 404


def test_the_zip_holds_every_file_as_it_is(histories, result):
    app, visitor = Visitors(page, histories, framed=False), new_visitor()
    files = [result(seed, name) for seed, name in ((1, "a.png"), (2, "A.png"), (3, "山.png"))]
    for file in files:
        histories.of(visitor).add(file)
    status, headers, body = ask(app, f"/{visitors.ALL}", f"{COOKIE}={visitor}")
    assert (status, headers["cache-control"]) == (200, "no-store")
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        assert sorted(name.casefold() for name in opened.namelist()) == ["a-2.png", "a.png", "山.png"]
        assert {opened.read(name) for name in opened.namelist()} == {file.read_bytes() for file in files}


def test_only_finished_results_in_the_folder_of_gradio_are_kept(tmp_path, result):
    folder = tmp_path / "cache"
    one, two = result(1), result(2)
    outside = tmp_path / "secret.png"
    outside.write_bytes(one.read_bytes())

    def at(path):
        return f"gradio_api/file={path}"

    def found(value):
        return list(result_events.finished(value, folder))

    assert found({"before": at(two), "after": at(one), "made": {"content": None}}) == [str(one)]
    assert found({"pictures": [{"src": at(one)}, {"src": at(two)}], "made": {"x": 1}}) == [str(one), str(two)]
    assert found({"told": "", "enlarged": at(two)}) == [str(two)]
    for value in (
        None, [], "x", {}, {"back": "1"}, {"before": at(two), "after": at(one)}, {"made": 1, "after": at(outside)},
        {"made": 1, "after": "data:image/jpeg;base64,"}, {"enlarged": at(folder / "../secret.png")},
        {"made": 1, "pictures": [7, {"src": at(outside)}]},
        {"enlarged": at("/etc/passwd")}, {"enlarged": 7},
    ):  # fmt: skip
        assert found(value) == []


def test_a_result_is_told_in_both_languages_and_found_by_any_of_its_words(histories, result):
    entry = histories.of(new_visitor()).add(result(7, job="text", model="composer", prompt="A Red Apple", method=1))
    row = history.row(entry)
    assert (row["en"], row["zh"]) == ("A Red Apple · Composer · seed 7", "A Red Apple · 构图器 · 种子 7")
    assert "apple" in row["texts"] and row["known"]
    facts = {label: value for label, _, value, _ in history.detail(entry)["facts"]}
    assert facts["Seed"] == "7" and facts["Tab"] == "Text-driven" and "Pictures of the style" not in facts
    assert entry.made_by is not None
    for counts, told in (([3, 1, 2], "6"), ([3, "x"], None), ("9", None)):
        made_by = replace(entry.made_by, inputs={"style_pictures": counts})
        facts = {label: value for label, _, value, _ in history.detail(replace(entry, made_by=made_by))["facts"]}
        assert facts.get("Pictures of the style") == told


def test_a_record_of_any_kind_is_told_without_harm(histories, result):
    strange = {"job": "unknown", "method": ["x"] * 5}
    row = history.row(histories.of(new_visitor()).add(result(3, **strange)))
    assert row["en"] == "photo-fast.png" and not row["known"]
    facts = history.detail(histories.of(new_visitor()).add(result(4, method=["<b>"], size="x" * 5000)))["facts"]
    assert max(len(part) for fact in facts for part in fact) <= 400


@pytest.mark.parametrize(
    "text",
    [
        None, 7, "", "{}", "é", '{"format":1,"seed":0,"settings":{"job":"enlarge"}}', "x" * 40000, "[" * 5000,
        '{"format":1,"seed":-1,"settings":{"method":"colour"}}', '{"format":1,"seed":0,"settings":{"job":"../x"}}',
        '{"format":1,"seed":0,"settings":{"method":"é"}}',
    ],
)  # fmt: skip
def test_settings_from_a_browser_are_believed_no_more_than_a_file(text):
    with pytest.raises(Problem) as caught:
        presets.bring(text, [], None)
    assert caught.value.key == "link_unusable"


def test_a_part_of_a_picture_is_not_the_whole_that_a_result_was_made_from(tmp_path):
    photo, part, style = tmp_path / "a/photo.png", tmp_path / "b/photo.png", tmp_path / "style.png"
    for path, size in ((photo, (60, 40)), (part, (30, 40)), (style, (32, 32))):
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", size).save(path)
    plan = Studio(Settings(device="cpu")).plan(jobs.ClassicalJob(photo, style, method="colour"))
    given = plan.record().inputs
    assert history.same_pictures(given, str(photo), [str(style)])
    assert not history.same_pictures(given, str(part), [str(style)])
    assert not history.same_pictures({**given, "style_sha256": ["0" * 16]}, str(photo), [str(style)])
    assert not history.same_pictures(given, str(tmp_path / "c/photo.png"), [str(style)])  # it is gone
    assert not history.same_pictures({**given, "style_pictures": [3]}, str(photo), [str(style)])  # it stood for three
    named = {name: given[name] for name in ("content", "styles")}  # all that older records know
    assert history.same_pictures(named, str(part), [str(style)])


def test_clear_is_offered_for_a_grid_alone_and_has_nothing_to_bring_back(tmp_path):
    with gr.Blocks():
        tabs, drops = gr.Tabs(), gr.HTML()
        tab_state = history.HistoryState(Histories(tmp_path / "history", 1), Settings(), [], tabs, drops)
    who = new_visitor()
    asked: Any = SimpleNamespace(headers={"cookie": f"{COOKIE}={who}"})
    tab_state.every.of(who).keep_work("classical-grid", "a" * 32, {}, {})
    events: list[Any] = [SimpleNamespace(act=act) for act in ("look", "clear", "look")]
    told = [tab_state.act(event, asked)[tab_state.page] for event in events]
    assert [one["work"] for one in told] == [True, False, False] and "undo" not in told[1]
