"""The composer's sketch on the Text-driven tab, what it understood, and what a person does with that."""

import json
from urllib.parse import urljoin

import pytest

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, download, put, restore, run  # noqa: E402

RELOAD = ["AbortError", "errored out", "Failed to fetch"]  # what Gradio says of a connection that a reload cuts off

# The words, the files and where things stand; other attributes depend on the language that the page was opened in.
SEEN = """(section) => [
  section.innerText,
  [...section.querySelectorAll(".sheets .row .sheet img")].map((one) => one.getAttribute("src")),
  [...section.querySelectorAll(".sheets .row .grip")].map((one) => [one.dataset.thing, one.dataset.foot]),
]"""

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


def test_chips_reword_and_the_sketch_comes_back_and_becomes_a_photo(open_page, nameless, tmp_path):
    open_page.forgiven += RELOAD
    page = open_page(locale="zh-CN")
    page.get_by_role("tab").first.click()
    expect(page.locator("#text-size input[type=range]")).to_have_attribute("min", "256", timeout=LONG)
    expect(page.locator("#text-sketch .sketch")).to_have_count(0)
    page.locator("#text-example-styles button").nth(9).click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    for language in ("zh", "en"):
        page.locator(f"#language input[value={language}]").check()
        sketches_of_several_pictures_stand_side_by_side(page, SAID[language], nameless)
        if language == "en":
            picture = the_sketch_comes_back_after_a_reload(page, tmp_path)  # as useful as before
        chips_reword(page, SAID[language])

    # The sketch is the photo of both other tabs.
    for language in ("zh", "en"):
        page.locator(f"#language input[value={language}]").check()
        page.get_by_role("tab").first.click()
        page.locator("#text-sketch").get_by_role("button", name=SAID[language]["use"]).click()
        expect(page.locator("#drops .told")).to_contain_text(SAID[language]["used"], timeout=LONG)
    for tab, photo in ((1, "#image-content"), (2, "#content")):
        page.get_by_role("tab").nth(tab).click()
        expect(page.locator(f"{photo} .image-frame img")).to_be_visible(timeout=LONG)
    other = open_page()
    the_sketch_comes_back_from_a_saved_picture(other, picture)
    a_tile_is_seen_repeated(other, nameless)


def sketches_of_several_pictures_stand_side_by_side(page, said, nameless):
    box, prompt = page.locator("#text-sketch"), page.locator("#text-prompt textarea")
    # A prompt without a word: told beside it, and nothing is painted.
    prompt.fill("")
    page.locator("#text-run").click()
    expect(box).to_contain_text(said["empty"], timeout=LONG)

    # One of them is seen large.
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


def chips_reword(page, said):
    """One press leaves the place out and paints anew, with a sketch of its own."""
    box, prompt = page.locator("#text-sketch"), page.locator("#text-prompt textarea")
    old = [box.locator(".sheet img").nth(at).get_attribute("src") for at in range(2)]
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


def the_sketch_comes_back_after_a_reload(page, folder):
    """Gives back the file of the picture."""
    box = page.locator("#text-sketch")
    before = box.locator("section").evaluate(SEEN)
    page.reload()
    expect(box.locator(".sheet img")).to_have_count(2, timeout=LONG)
    assert box.locator("section").evaluate(SEEN) == before
    expect(page.locator("#text-result .gallery")).to_have_attribute("data-state", "ready", timeout=LONG)
    expect(page.locator("#text-result .stale")).to_have_text("")
    return download(page, "text", folder)


def the_sketch_comes_back_from_a_saved_picture(page, picture):
    restore(page, picture)
    box = page.locator("#text-sketch")
    expect(box.locator(".sheet img")).to_have_count(1, timeout=LONG)
    expect(box.locator(".meant").first).to_contain_text("castle")
    expect(box.locator(".strange .word")).to_have_text("elefant")
    expect(page.locator("#text-result .gallery")).to_have_attribute("data-state", "empty")


def a_tile_is_seen_repeated(page, nameless):
    switch = page.get_by_role("checkbox", name="Repeats without a seam")
    repeat = page.locator("#text-result .repeat")
    expect(repeat).to_be_hidden()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#text-prompt textarea").fill("lemons and bees")
    put(page, "text", size=256, count=1)
    switch.check()
    run(page, "text")
    painted(page)
    # Nothing of it can be moved.
    expect(page.locator("#text-sketch .grip")).to_have_count(0)
    expect(page.locator("#text-sketch")).not_to_contain_text("Drag things")

    # The tile four times, in the place of the one.
    expect(repeat).to_have_text("Repeated, 2 × 2", use_inner_text=True)
    page.locator("#language label", has_text="中文").click()
    expect(repeat).to_have_text("重复排列，2 × 2", use_inner_text=True)
    switch = page.get_by_role("checkbox", name="无缝拼接")
    expect(switch).to_be_checked()
    shown = page.locator("#text-result .repeats")
    expect(shown).to_be_hidden()
    repeat.click()
    expect(repeat).to_have_attribute("aria-pressed", "true")
    expect(shown).to_be_visible()
    source = page.locator("#text-result .stage > img").get_attribute("src")
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
    expect(page.locator("#text-sketch")).to_contain_text("Drag things")
    expect(page.locator("#text-sketch .grip")).not_to_have_count(0)

    # To StyleShot the switch means nothing.
    page.locator("#text-model-choice label", has_text="StyleShot").first.click()
    expect(switch).to_be_hidden(timeout=LONG)


def grip(page, name, number=0):
    return page.locator(f'#text-sketch .sheets .row .grip[data-thing="{name}/{number}"]')


def foot(page, name, number=0):
    return [float(part) for part in grip(page, name, number).get_attribute("data-foot").split()]


def start(page, prompt):
    page.locator("#text-prompt textarea").fill(prompt)
    run(page, "text")
    painted(page)


def still(page, what):
    """The box of what does not move any more."""
    before, box = None, what.bounding_box()
    while box != before:
        page.wait_for_timeout(200)
        before, box = box, what.bounding_box()
    return box


def drag(page, name, to, pad="#text-sketch .sheets .row .pad"):
    """With the mouse, by its middle, so that its foot comes to `to`, in shares of the sketch."""
    page.locator(pad).first.evaluate("(sketch) => sketch.scrollIntoView({ block: 'center' })")
    held = page.locator(f'{pad} .grip[data-thing="{name}"]').first
    box, area = still(page, held), page.locator(pad).first.bounding_box()
    x, y = (float(part) for part in held.get_attribute("data-foot").split())
    from_x, from_y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(from_x, from_y)
    page.mouse.down()
    page.mouse.move(from_x + 6, from_y + 2)
    expect(page.locator(f"{pad} .ghost")).to_have_count(1)
    page.mouse.move(from_x + (to[0] - x) * area["width"], from_y + (to[1] - y) * area["height"], steps=4)
    page.mouse.up()


def new_sketch(page, old):
    """Waits until another sketch is there; its address."""
    image = page.locator("#text-sketch .sheets .row .sheet img")
    expect(image).not_to_have_attribute("src", old, timeout=LONG)
    painted(page)
    return image.get_attribute("src")


def test_things_are_dragged_by_mouse_finger_and_keys(open_page, nameless, tmp_path):
    page = open_page(has_touch=True)
    page.get_by_role("tab").first.click()
    page.locator("#text-example-styles button").nth(9).click()
    expect(page.locator("#text-style-1 .image-frame img")).to_be_visible(timeout=LONG)
    put(page, "text", size=256, count=1)
    start(page, "a castle by the sea")
    a_finger_moves_things_and_the_page_beside_them(page)
    page.keyboard.press("Escape")
    start(page, "a fox, a cat and a tree on a meadow")
    open_page.forgiven += RELOAD
    things_are_dragged_on_the_large_sketch_and_one_that_is_taken_out_is_forgotten(page)
    a_thing_is_dragged_on_the_sketch_and_the_picture_follows(page, open_page, nameless, tmp_path)


def a_thing_is_dragged_on_the_sketch_and_the_picture_follows(page, open_page, nameless, tmp_path):
    """Of "a fox and a tree on a meadow"."""
    box = page.locator("#text-sketch")
    expect(grip(page, "fox")).to_have_attribute("aria-label", "Move with the arrow keys: fox")
    page.locator("#language label", has_text="中文").click()
    expect(grip(page, "fox")).to_have_attribute("aria-label", "用方向键移动：狐狸")
    expect(box.locator('[data-act="unmove"]')).to_have_count(0)
    sketch = box.locator(".sheets .row .sheet img").get_attribute("src")
    first = sketch
    result = page.locator("#text-result .stage > img").get_attribute("src")
    tree, home = foot(page, "deciduous tree"), foot(page, "fox")
    to = [0.25 if home[0] > 0.5 else 0.75, 0.9]

    drag(page, "fox/0", to)
    sketch = new_sketch(page, sketch)
    there = foot(page, "fox")
    assert abs(there[0] - to[0]) < 0.02 and abs(there[1] - to[1]) < 0.02
    assert foot(page, "deciduous tree") == tree
    assert page.locator("#text-result .stage > img").get_attribute("src") != result
    expect(page.locator("#text-result .stale")).to_have_text("")
    assert nameless(page) == []

    # It is in the record, and stands there in a page that gets the picture.
    picture = download(page, "text", tmp_path)
    settings = provenance.read(picture).settings
    assert json.loads(settings["moved"]) == {"fox": [[round(part, 3) for part in there]]}
    assert json.loads(settings["scene"])["things"][0]["at"] == [[round(part, 3) for part in there]]
    other = open_page()
    restore(other, picture)
    expect(other.locator("#text-sketch .sheet img")).to_have_count(1, timeout=LONG)
    assert foot(other, "fox") == there
    assert bytes_of(other) == bytes_of(page)

    # Arrow keys move it further, and it is in focus again afterwards.
    grip(page, "fox").focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    sketch = new_sketch(page, sketch)
    assert abs(foot(page, "fox")[1] - there[1] + 0.06) < 0.01
    expect(grip(page, "fox")).to_be_focused()

    # All of it goes back at once.
    box.locator('[data-act="unmove"]').click()
    sketch = new_sketch(page, sketch)
    assert foot(page, "fox") == home and bytes_of(page) == page.request.get(urljoin(page.url, first)).body()


def bytes_of(page):
    """The file of the sketch."""
    source = page.locator("#text-sketch .sheets .row .sheet img").get_attribute("src")
    return page.request.get(urljoin(page.url, source)).body()


def things_are_dragged_on_the_large_sketch_and_one_that_is_taken_out_is_forgotten(page):
    box = page.locator("#text-sketch")
    sketch = box.locator(".sheets .row .sheet img").get_attribute("src")
    # Where no thing is, and on a thing without moving it, a click enlarges the sketch.
    box.locator("button.sheet").click(position={"x": 3, "y": 3})
    large = box.locator("dialog .pad img")
    expect(large).to_be_visible()
    drag(page, "cat/0", [0.2, 0.95], "#text-sketch dialog .pad")
    new = new_sketch(page, sketch)
    expect(large).to_be_visible()
    assert large.get_attribute("src").endswith(new)
    assert abs(foot(page, "cat")[1] - 0.95) < 0.02
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(page.locator("#text-moved textarea")).to_have_value(
        '{"cat":[[' + ",".join(f"{part:.3f}".rstrip("0") for part in foot(page, "cat")) + "]]}"
    )

    # After a reload it is there too.
    before = foot(page, "cat")
    page.reload()
    expect(grip(page, "cat")).to_have_count(1, timeout=LONG)
    assert foot(page, "cat") == before
    expect(page.locator("#text-result .stale")).to_have_text("")

    box.get_by_role("button", name="Leave out and paint anew: cat").click()
    expect(page.locator("#text-prompt textarea")).to_have_value("a fox and a tree on a meadow", timeout=LONG)
    painted(page)
    expect(page.locator("#text-moved textarea")).to_have_value("")
    expect(page.locator("#text-result .stale")).to_have_text("")


def a_finger_moves_things_and_the_page_beside_them(page):
    box = page.locator("#text-sketch")
    sketch = box.locator(".sheets .row .sheet img").get_attribute("src")
    old = foot(page, "castle")
    held = grip(page, "castle").bounding_box()
    area = box.locator(".sheets .row .pad").bounding_box()
    touch = page.context.new_cdp_session(page)
    x, y = held["x"] + held["width"] / 2, held["y"] + held["height"] / 2
    away = 0.2 if old[0] < 0.5 else -0.2
    scrolled = page.evaluate("scrollY")
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for share in (0.3, 0.7, 1):
        there = {"x": x + share * away * area["width"], "y": y + share * 0.1 * area["height"]}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [there]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    new_sketch(page, sketch)
    assert abs(foot(page, "castle")[0] - old[0] - away) < 0.06
    assert page.evaluate("scrollY") == scrolled

    # A tap still enlarges.
    held = grip(page, "castle").bounding_box()
    page.touchscreen.tap(held["x"] + held["width"] / 2, held["y"] + held["height"] / 2)
    expect(box.locator("dialog .pad img")).to_be_visible()
