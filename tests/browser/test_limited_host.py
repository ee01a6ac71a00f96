"""What a host can leave out or limit: no history, no library of styles, few and small pictures. What Gradio says by
itself is said in the language of the page, be it of what is refused, or that the program has ended."""

import re
from urllib.parse import urljoin

import pytest
from PIL import Image

expect = pytest.importorskip("playwright.sync_api").expect

from browser.conftest import app, opener  # noqa: E402
from browser.steps import LONG, drop, only_chinese  # noqa: E402

LIMITS = {
    "STYLESHOT_HISTORY": "off",
    "STYLESHOT_LIBRARY": "off",
    "STYLESHOT_MAX_PICTURES": "2",
    "STYLESHOT_MAX_UPLOAD_MB": "1",
}


@pytest.fixture
def files(tmp_path):
    """A picture of more than 1 MB, three small ones, and a text."""
    Image.effect_noise((1300, 1300), 100).save(tmp_path / "large.png")
    for name in ("cup.jpg", "cup.png", "pot.jpg"):
        Image.new("RGB", (120, 80), "teal").save(tmp_path / name)
    (tmp_path / "words.txt").write_text("no picture")
    return {path.name: path for path in tmp_path.iterdir()}


def test_a_host_leaves_out_and_limits_and_its_end_is_told(browser, tmp_path_factory, files):
    machine = "http://127.0.0.1"
    with opener(browser, machine) as open_it:
        with app(tmp_path_factory, tmp_path_factory.mktemp("models"), **LIMITS) as url:
            # What Gradio says in the console: it asks how an upload comes along that it has refused.
            open_it.forgiven += ["413", "exceed the maximum", "404", "Response"]
            page = open_it(url.removeprefix(machine), locale="zh-CN")
            there_is_no_history(page)
            there_is_no_library(page)
            a_file_too_large_or_of_another_kind_is_refused_in_the_pages_language(page, files)
            only_some_of_many_pictures_are_taken(page, files)
            open_it.checked()
            open_it.forgiven += ["418", "Failed to load resource", "nobody has translated"]
            page.locator("#language label", has_text="中文").click()
            a_sentence_that_nobody_has_translated_is_not_shown_in_english(page)
            open_it.checked()
        open_it.forgiven += ["Failed", "ERR_", "fetch", "errored out", "Dependency", "network"]
        a_program_that_has_ended_is_told_in_the_pages_language(page, files)


def there_is_no_history(page):
    expect(page.locator("#history-open, dialog.history")).to_have_count(0)
    assert page.context.cookies() == []
    assert page.request.get(urljoin(page.url, "/history/all.zip")).status == 404


def there_is_no_library(page):
    expect(page.locator("#library details.library")).to_have_count(1)
    expect(page.locator("#library details.library")).to_be_hidden()


def a_file_too_large_or_of_another_kind_is_refused_in_the_pages_language(page, files):
    large, words = files["large.png"], files["words.txt"]
    toast = page.locator(".toast-body")
    page.locator("#content input[type=file]").set_input_files(large)
    expect(toast).to_contain_text("文件过大，最多接受 1 MB", timeout=LONG)
    assert only_chinese(toast.inner_text())
    page.locator('[data-testid="toast-close"]').first.click()
    expect(toast).to_have_count(0)
    page.locator("#language label", has_text="English").click()
    expect(page.locator("#classical-run")).to_contain_text("Repaint")
    page.locator("#content input[type=file]").set_input_files(large)
    expect(toast).to_contain_text("at most 1 MB are accepted", timeout=LONG)
    expect(toast.locator("[lang=zh-CN]").first).to_be_hidden()
    page.locator("#language label", has_text="中文").click()
    expect(toast).to_have_count(0, timeout=LONG)  # it goes by itself
    page.locator("#style-1 input[type=file]").set_input_files(words)
    # The program says it, not Gradio; and what it does on the way has ended by then.
    expect(page.locator("#picture-message .problem")).to_contain_text("图片", timeout=LONG)
    expect(toast).to_have_count(0)
    # Dropped, wherever it falls.
    said = page.locator(".notice [role=alert]")
    for place in ("#content", "#foot"):
        drop(page, place, large)
        expect(said).to_contain_text("文件过大，最多接受 1 MB")
        assert only_chinese(said.inner_text())
    drop(page, "#foot", words)
    expect(said).to_contain_text("这不是图片")
    page.wait_for_timeout(500)  # and that is the last word
    assert "这不是图片" in said.inner_text() and only_chinese(said.inner_text())
    # A box asks the program what it is.
    drop(page, "#content", words)
    expect(page.locator("#picture-message .problem")).to_contain_text("不是可以读取的图片")


def only_some_of_many_pictures_are_taken(page, files):
    page.locator("#language label", has_text="English").click()
    page.locator('.many-open[data-kind="classical"]').click()
    fold = page.locator("#classical-many details.series")
    expect(fold).to_have_attribute("open", "")
    fold.locator(".files").set_input_files([files[name] for name in ("large.png", "cup.jpg", "cup.png", "pot.jpg")])
    expect(fold.locator(".paint")).to_be_enabled(timeout=LONG)
    expect(fold.locator(".count")).to_have_text("Pictures chosen: 2", use_inner_text=True)
    expect(fold.locator(".left")).to_contain_text("At most 2 at once; left out: 1.")
    expect(fold.locator(".left")).to_contain_text("Larger than 1 MB, so left out: large.png")


def a_sentence_that_nobody_has_translated_is_not_shown_in_english(page):
    """A newer Gradio, or something between the program and the page, may say what is not known here."""
    odd = {"status": 418, "json": {"detail": "Something that nobody has translated yet"}}
    page.route("**/queue/join*", lambda route: route.fulfill(**odd))
    page.locator("#classical-run").click()
    toast = page.locator(".toast-body")
    expect(toast.first).to_have_attribute("data-said", re.compile("nobody has translated"), timeout=LONG)
    said = toast.first.inner_text()
    assert only_chinese(said) and "nobody" not in said
    page.unroute_all()
    for _ in range(toast.count()):
        page.locator('[data-testid="toast-close"]').first.click()
    expect(toast).to_have_count(0)


def a_program_that_has_ended_is_told_in_the_pages_language(page, files):
    """The page stays as it was; what it says is in its language."""
    page.locator("#classical-run").click()
    toast = page.locator(".toast-body").first
    expect(toast).to_contain_text(re.compile("连接"), timeout=LONG)
    assert only_chinese(toast.inner_text())
    drop(page, "#foot", files["pot.jpg"])
    expect(page.locator(".notice [role=alert]")).to_contain_text("无法连接到程序", timeout=LONG)
