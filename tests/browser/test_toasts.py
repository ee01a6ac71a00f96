"""What Gradio says by itself is said in the language of the page; see test_limited_host.py for what it refuses."""

import re

import pytest
from PIL import Image

expect = pytest.importorskip("playwright.sync_api").expect

from browser.conftest import app, opener, ready  # noqa: E402
from browser.steps import LONG, drop, only_chinese  # noqa: E402


def test_a_sentence_that_nobody_has_translated_is_not_shown_in_english(browser, address):
    """A newer Gradio, or something between the program and the page, may say what is not known here."""
    with opener(browser, address) as open_it:
        open_it.forgiven += ["418", "Failed to load resource", "nobody has translated"]
        page = open_it(locale="zh-CN")
        odd = {"status": 418, "json": {"detail": "Something that nobody has translated yet"}}
        page.route("**/queue/join*", lambda route: route.fulfill(**odd))
        page.locator("#classical-run").click()
        toast = page.locator(".toast-body")
        expect(toast.first).to_have_attribute("data-said", re.compile("nobody has translated"), timeout=LONG)
        said = toast.first.inner_text()
        assert only_chinese(said) and "nobody" not in said
        page.unroute_all()


def test_a_program_that_has_ended_is_told_in_the_pages_language(browser, tmp_path_factory, tmp_path):
    """The page stays as it was; what it says is in its language."""
    picture = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), "teal").save(picture)
    with opener(browser, "http://127.0.0.1") as open_it:
        open_it.forgiven += ["Failed", "ERR_", "fetch", "http://127.0.0.1", "errored out", "Dependency", "network"]
        with app(tmp_path_factory, tmp_path_factory.mktemp("models")) as address:
            page = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900}).new_page()
            page.goto(address, wait_until="domcontentloaded")
            ready(page)
        page.locator("#classical-run").click()
        toast = page.locator(".toast-body").first
        expect(toast).to_contain_text(re.compile("连接"), timeout=LONG)
        assert only_chinese(toast.inner_text())
        drop(page, "#foot", picture)
        expect(page.locator(".notice [role=alert]")).to_contain_text("无法连接到程序", timeout=LONG)
        page.context.close()
