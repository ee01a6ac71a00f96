"""The composer's sketch on the Text-driven tab, what it understood, and what a person does with that."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, download, open_tab, put, restore, run  # noqa: E402

RELOAD = ["AbortError", "errored out", "Failed to fetch"]  # what Gradio says of a connection that a reload cuts off

SAID = {
    "en": {
        "prompt": "two red foxes and a castle by the sea, an elefant",
        "without": "two red foxes and a castle, an elefant",
        "named": "two red foxes and a castle, an elephant",
        "chips": ["2 × red fox", "castle", "sea or lake"],
        "place": "Leave out and paint anew: sea or lake",
        "unknown": ("elefant", "elephant"),
        "use": "Use the sketch as photo",
        "used": "The sketch is now the photo",
        "empty": "There are no words to compose a picture from.",
    },
    "zh": {
        "prompt": "海边的两只红色的狐狸和城堡，还有拖拉",
        "without": "两只红色的狐狸和城堡，还有拖拉",
        "named": "两只红色的狐狸和城堡，还有拖拉机",
        "chips": ["2 × 红色的狐狸", "城堡", "海或湖"],
        "place": "去掉并重新绘制：海或湖",
        "unknown": ("拖拉", "拖拉机"),
        "use": "将草图用作照片",
        "used": "草图已成为",
        "empty": "没有可供构图的文字。",
    },
}


def painted(page):
    """Waits until the chips can be pressed again."""
    expect(page.locator("#text-run")).to_be_visible(timeout=LONG)
    expect(page.locator("#text-sketch button:disabled")).to_have_count(0, timeout=LONG)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_chips_reword_and_the_sketch_becomes_a_photo(open_page, nameless, language):
    said = SAID[language]
    page = open_page(locale={"en": "en-GB", "zh": "zh-CN"}[language])
    page.get_by_role("tab").first.click()
    box, prompt = page.locator("#text-sketch"), page.locator("#text-prompt textarea")
    expect(page.locator("#text-size input[type=range]")).to_have_attribute("min", "256", timeout=LONG)
    expect(box.locator(".sketch")).to_have_count(0)
    page.locator("#text-example-styles button").nth(9).click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)

    # A prompt without a word: told beside it, and nothing is painted.
    page.locator("#text-run").click()
    expect(box).to_contain_text(said["empty"], timeout=LONG)

    # Sketches of several pictures stand side by side, and one is seen large.
    prompt.fill(said["prompt"])
    put(page, "text", size=256, count=2)
    run(page, "text")
    painted(page)
    expect(box).not_to_contain_text(said["empty"])
    expect(box.locator(".sheet img")).to_have_count(2)
    chips = box.locator(".meant").first.locator("li")
    for at, text in enumerate(said["chips"]):
        expect(chips.nth(at)).to_contain_text(text)
    expect(box.locator(".strange .word")).to_have_text(said["unknown"][0])
    assert nameless(page) == []
    old = [box.locator(".sheet img").nth(at).get_attribute("src") for at in range(2)]
    box.locator("button.sheet").nth(1).click()
    large = box.locator("dialog img")
    expect(large).to_be_visible()
    assert large.get_attribute("src").endswith(old[1])
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()

    # One press leaves the place out and paints anew, with a sketch of its own.
    put(page, "text", count=1)
    box.get_by_role("button", name=said["place"]).click()
    expect(prompt).to_have_value(said["without"], timeout=LONG)
    expect(box.locator(".sheet")).to_have_count(1, timeout=LONG)
    painted(page)
    expect(box.locator(".meant").first).not_to_contain_text(said["chips"][2])
    assert box.locator(".sheet img").get_attribute("src") not in old
    box.locator(".strange .name", has_text=said["unknown"][1]).click()
    expect(prompt).to_have_value(said["named"], timeout=LONG)
    expect(box.locator(".strange")).to_have_count(0, timeout=LONG)
    painted(page)
    expect(page.locator("#text-result .stale")).to_have_text("")

    # The sketch is the photo of both other tabs.
    box.get_by_role("button", name=said["use"]).click()
    expect(page.locator("#drops .told")).to_contain_text(said["used"], timeout=LONG)
    for tab, photo in ((1, "#image-content"), (2, "#content")):
        page.get_by_role("tab").nth(tab).click()
        expect(page.locator(f"{photo} .image-frame img")).to_be_visible(timeout=LONG)


def test_the_sketch_comes_back_after_a_reload_and_from_a_saved_picture(open_page, tmp_path):
    open_page.forgiven += RELOAD
    page = open_page()
    open_tab(page, "text")
    page.locator("#text-example-styles button").nth(9).click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#text-prompt textarea").fill("a castle by the sea, an elefant")
    put(page, "text", size=256, count=2)
    run(page, "text")
    painted(page)
    box = page.locator("#text-sketch")
    before = box.locator("section").evaluate("(section) => section.outerHTML")
    page.reload()
    expect(box.locator(".sheet img")).to_have_count(2, timeout=LONG)
    assert box.locator("section").evaluate("(section) => section.outerHTML") == before
    expect(page.locator("#text-result .gallery")).to_have_attribute("data-state", "ready", timeout=LONG)
    expect(page.locator("#text-result .stale")).to_have_text("")

    # It is as useful as before.
    picture = download(page, "text", tmp_path)
    box.get_by_role("button", name="Leave out and paint anew: sea or lake").click()
    expect(page.locator("#text-prompt textarea")).to_have_value("a castle, an elefant", timeout=LONG)
    painted(page)
    box.get_by_role("button", name="Use the sketch as photo").click()
    expect(page.locator("#drops .told")).to_contain_text("The sketch is now the photo", timeout=LONG)

    other = open_page()
    restore(other, picture)
    box = other.locator("#text-sketch")
    expect(box.locator(".sheet img")).to_have_count(1, timeout=LONG)
    expect(box.locator(".meant").first).to_contain_text("castle")
    expect(box.locator(".strange .word")).to_have_text("elefant")
    expect(other.locator("#text-result .gallery")).to_have_attribute("data-state", "empty")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_tile_is_seen_repeated(open_page, nameless, language):
    page = open_page(locale={"en": "en-GB", "zh": "zh-CN"}[language])
    page.get_by_role("tab").first.click()
    switch = page.get_by_label({"en": "Repeats without a seam", "zh": "无缝拼接"}[language])
    repeat = page.locator("#text-result .repeat")
    expect(repeat).to_be_hidden()
    page.locator("#text-example-styles button").nth(9).click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#text-prompt textarea").fill({"en": "lemons and bees", "zh": "柠檬和蜜蜂"}[language])
    put(page, "text", size=256, count=1)
    switch.check()
    run(page, "text")
    painted(page)

    # The tile four times, in the place of the one.
    expect(repeat).to_have_text({"en": "Repeated, 2 × 2", "zh": "重复排列，2 × 2"}[language], use_inner_text=True)
    shown = page.locator("#text-result .repeats")
    expect(shown).to_be_hidden()
    repeat.click()
    expect(repeat).to_have_attribute("aria-pressed", "true")
    expect(shown).to_be_visible()
    source = page.locator("#text-result .stage img").get_attribute("src")
    style = shown.evaluate("(one) => [getComputedStyle(one).backgroundImage, getComputedStyle(one).backgroundSize]")
    assert source in style[0] and style[1] == "50% 50%"
    box = shown.bounding_box()
    assert abs(box["width"] - box["height"]) < 1
    assert nameless(page) == []

    # What was made without the switch is no tile.
    switch.uncheck()
    run(page, "text")
    painted(page)
    expect(repeat).to_be_hidden()
    expect(shown).to_be_hidden()

    # To StyleShot the switch means nothing.
    page.locator("#text-model-choice label", has_text="StyleShot").first.click()
    expect(switch).to_be_hidden(timeout=LONG)
