"""Settings that travel without pictures: presets that the browser keeps, and links; neither is believed."""

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

from browser.conftest import opener, ready  # noqa: E402
from browser.steps import LONG, open_tab, until, value  # noqa: E402

RELOAD = ["AbortError", "errored out", "Failed to fetch"]  # what Gradio says of a connection that a reload cuts off


@pytest.fixture
def open_it(browser, address):
    with opener(browser, address) as opened:
        opened.forgiven.extend(RELOAD)
        yield opened


def drawer(page, kind):
    box = page.locator(f"#{kind}-presets details.presets")
    box.locator("summary").click()
    return box


def set_classical(page, method, strength):
    page.locator("#method label", has_text=method).click()
    page.locator("#classical-strength input[type=number]").fill(strength)
    page.keyboard.press("Tab")


def says(page, text):
    expect(page.locator("#drops .told [lang=en]").first).to_contain_text(text, timeout=LONG)


def method(page):
    return page.locator("#method input:checked")


def linked(**record):
    return f"/?settings={quote(json.dumps(record))}"


def test_presets_and_links(open_it, address):
    page = open_it()
    a_preset_is_kept_over_a_reload_set_again_and_deleted(page)
    link = settings_are_handed_on_without_pictures(page)

    other = open_it(f"/?settings={quote('[' * 5000)}")
    says(other, "The settings in this link cannot be used.")
    expect(method(other)).to_have_value("fast")
    assert "settings=" not in other.url
    what_a_link_may_not_say_is_told_in_a_sentence_and_left_out(other, address)
    a_link_opens_the_tab_with_its_settings(other, address, link)
    open_it.forgiven.append("500 (Internal Server Error)")
    a_link_counts_although_the_page_was_given_nothing_as_it_opened(other, address)


def a_preset_is_kept_over_a_reload_set_again_and_deleted(page):
    set_classical(page, "Colour", "0.4")
    box = drawer(page, "classical")
    box.locator("[name=name]").fill("Faint <b>")
    box.locator(".keep").click()
    expect(box.locator(".answer [lang=en]")).to_have_text("Faint <b> is saved in this browser.")
    page.reload()
    ready(page)
    set_classical(page, "Fast", "0.9")
    box = drawer(page, "classical")
    expect(box.locator("li .use")).to_have_text("Faint <b>")
    box.locator("li .use").click()
    says(page, "The settings are set.")
    expect(method(page)).to_have_value("colour")
    assert float(value(page, "classical", "strength")) == 0.4
    box.locator("li .drop").click()
    expect(box.locator("li")).to_have_count(0)
    page.reload()
    ready(page)
    expect(drawer(page, "classical").locator("li")).to_have_count(0)


def settings_are_handed_on_without_pictures(page):
    """The link, in its parts."""
    open_tab(page, "text")
    page.locator("#text-prompt textarea").fill("山 & a fox?")
    page.locator("#text-seed input").fill("41")
    page.keyboard.press("Tab")
    box = drawer(page, "text")
    until(page, "window.styleshot.desk('text').asked?.settings.seed === 41")
    box.locator(".link").click()
    link = box.locator(".address").input_value()
    expect(box.locator(".answer [lang=en]")).not_to_be_empty()
    parts = urlsplit(link)
    record = json.loads(parse_qs(parts.query)["settings"][0])
    assert record["settings"]["prompt"] == "山 & a fox?" and "styles" not in json.dumps(record)
    return parts


def what_a_link_may_not_say_is_told_in_a_sentence_and_left_out(page, address):
    settings = {"job": "classical", "method": "colour", "strength": 7, "<img src=x onerror=alert(1)>": 1}
    page.goto(address + linked(format=1, seed=3, settings=settings), wait_until="domcontentloaded")
    ready(page)
    says(page, "or may not have that value: Strength, <img src=x onerror=alert(1)>.")
    expect(method(page)).to_have_value("colour")
    assert float(value(page, "classical", "strength")) == 1
    assert page.locator("#drops img").count() == 0


def a_link_opens_the_tab_with_its_settings(page, address, link):
    page.goto(f"{address}/?{link.query}&lang=en#{link.fragment}", wait_until="domcontentloaded")
    ready(page)
    says(page, "The settings are set.")
    expect(page.locator("#text-prompt textarea")).to_have_value("山 & a fox?", timeout=LONG)
    expect(page.locator("#text-seed input")).to_have_value("41")
    assert "settings=" not in page.url and "lang=en" in page.url
    page.reload()
    ready(page)
    expect(page.locator("#text-prompt textarea")).to_have_value("山 & a fox?", timeout=LONG)


def a_link_counts_although_the_page_was_given_nothing_as_it_opened(page, address):
    at_load = "(one) => one.backend_fn && one.targets.some(([, name]) => name === 'load')"
    opening = page.evaluate(f"window.gradio_config.dependencies.filter({at_load}).map((one) => one.id)")
    refused = []

    def refuse(route):
        if route.request.post_data_json["fn_index"] not in opening:
            return route.continue_()
        refused.append(route)
        return route.fulfill(status=500, body="{}")

    page.route("**/run/predict*", refuse)
    settings = {"job": "classical", "method": "patches"}
    page.goto(address + linked(format=1, seed=3, settings=settings), wait_until="domcontentloaded")
    expect(method(page)).to_have_value("patches", timeout=LONG)
    assert len(opening) == len(refused) == 1 and "settings=" not in page.url
