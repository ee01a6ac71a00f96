"""What a person does on both StyleShot tabs."""

import base64
import re
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import expect

from styleshot_demo.settings import ASSETS

LONG = 120_000  # milliseconds; a machine that is busy with other things may be slow
TABS = {"text": "Text-driven", "image": "Image-driven"}


def until(page, condition, arg=None, timeout=LONG):
    """Waits until a condition of the page's own script holds; gives back what it says. It is asked ten times a second:
    at each frame, as Playwright does by itself, takes a tenth of a core from the painting that is waited for."""
    return page.wait_for_function(condition, arg=arg, timeout=timeout, polling=100)


def open_tab(page, kind):
    page.get_by_role("tab", name=TABS[kind]).click()
    expect(page.locator(f"#{kind}-run")).to_be_visible(timeout=LONG)
    expect(page.locator(f"#{kind}-model")).not_to_have_text("", timeout=LONG)


def ask_for_the_published(page, kind):
    """As chosen: by itself the program takes what it brings along."""
    page.locator(f"#{kind}-model-choice label", has_text="StyleShot").first.click()
    expect(page.locator(f"#{kind}-model .needs")).to_be_visible(timeout=LONG)


def upload(page, place, path):
    page.locator(f"{place} input[type=file]").set_input_files(path)
    expect(page.locator(f"{place} .image-frame img")).to_be_visible(timeout=LONG)


def put(page, kind, **values):
    """Numbers into the fields of those names; what is in the drawer has to be open."""
    for name, value in values.items():
        field = page.locator(f"#{kind}-{name.replace('_', '-')} input[type=number]").first
        field.fill(f"{value:g}")
        field.press("Tab")


def unfold(page, place):
    """Opens a part of the page that was closed, and waits until its controls have the values that were kept for them:
    Gradio hands them on a moment after it has drawn the controls, over whatever was typed there meanwhile."""
    page.locator(f"{place} button.label-wrap").click()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")


def open_drawer(page, kind):
    """The settings of StyleShot: where "Automatic" is the composer, which has none of them, those of the small one."""
    if not page.locator(f"#{kind}-finer").is_visible():
        page.locator(f"#{kind}-model-choice label", has_text="Small").click()
    unfold(page, f"#{kind}-finer")
    expect(page.locator(f"#{kind}-steps")).to_be_visible()


def run(page, kind):
    # Not by the button Stop: what is quick has hidden it again before anybody looks.
    shown = "(kind) => Number(document.querySelector(`#${kind}-result .gallery`).dataset.shown || 0)"
    before = page.evaluate(shown, kind)
    page.locator(f"#{kind}-run").click()
    until(page, f"([kind, before]) => ({shown})(kind) > before", arg=[kind, before], timeout=LONG)
    expect(page.locator(f"#{kind}-status")).to_contain_text("Painted in", timeout=LONG)
    expect(page.locator(f"#{kind}-result .gallery")).to_have_attribute("data-state", "ready", timeout=LONG)


def compose(page, prompt):
    """Has the composer paint a small picture of a prompt, in the style of an example."""
    open_tab(page, "text")
    page.locator("#text-example-styles button").nth(9).click()
    page.locator("#text-prompt textarea").fill(prompt)
    put(page, "text", size=256)
    run(page, "text")


def paint_grid(page, kind):
    """The grid that the panel offers: the bytes of its cells, in order."""
    page.locator(f"#{kind}-grid-open").click()
    expect(page.locator(f"#{kind}-grid .count")).to_contain_text("Pictures", timeout=LONG)
    page.locator(f"#{kind}-grid .paint").click()
    expect(page.locator(f"#{kind}-grid .news")).to_contain_text("are painted", timeout=LONG)
    sources = page.locator(f"#{kind}-grid .cells img").evaluate_all("(all) => all.map((image) => image.src)")
    return [page.request.get(source).body() for source in sources]


def hold_cancelling(page):
    """What is cancelled is closed, but the page does not hear of it. -> what lets it hear, once it is closed."""
    asked, held = [], []

    def hold(route):
        asked.append(route)
        held.append((route, route.fetch()))  # which takes as long as the step that is cancelled

    page.route("**/cancel", hold)

    def let_it_hear():
        assert asked
        while len(held) < len(asked):
            page.wait_for_timeout(100)
        for route, answer in held:
            route.fulfill(response=answer)
        page.unroute("**/cancel")

    return let_it_hear


def hold_joining(page):
    """What is begun begins, but the page does not hear under which name: as on a slow network. -> what lets it hear,
    and checks that what was stopped meanwhile is cancelled by that name, and by none before."""
    held, cancelled = [], []
    page.route("**/queue/join*", lambda route: held.append((route, route.fetch())))
    page.on("requestfinished", lambda request: request.url.endswith("/cancel") and cancelled.append(request))

    def let_it_hear():
        page.wait_for_timeout(1000)  # longer than the page takes to say that something is over
        assert held and not cancelled
        begun = [answer.json()["event_id"] for _, answer in held]
        with page.expect_response("**/cancel") as answer:
            for route, response in held:
                route.fulfill(response=response)
        assert answer.value.ok and answer.value.request.post_data_json["event_id"] in begun
        page.unroute("**/queue/join*")

    return let_it_hear


def click_twice(page, button, pause=200):
    """A double click as people make it: what has taken the button's place is under the second."""
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    page.mouse.move(box["x"] + min(24, box["width"] / 2), box["y"] + box["height"] / 2)
    for count in (1, 2):
        page.mouse.down(click_count=count)
        page.mouse.up(click_count=count)
        page.wait_for_timeout(pause)


def repaint(page, press=None):
    """On the classical tab: until a picture is there that was not there before. `press` begins it; by itself, Paint."""
    before = page.evaluate("Number(document.querySelector('#classical-result .compare').dataset.shown || 0)")
    (press or page.locator("#classical-run").click)()
    until(
        page,
        """(before) => {
          const { shown, state } = document.querySelector("#classical-result .compare").dataset;
          return Number(shown) > before && state === "ready";
        }""",
        arg=before,
        timeout=LONG,
    )
    expect(page.locator("#classical-status")).to_contain_text("Painted in", timeout=LONG)
    expect(page.locator("#classical-run")).to_be_visible(timeout=LONG)


def followed(page, change):
    """On the classical tab: changes something, and waits until what follows it is on show. Who presses Repaint before
    that may take what has followed for what was pressed for."""
    before = page.evaluate("Number(document.querySelector('#classical-result .compare').dataset.shown || 0)")
    change()
    settled(page, before)


def settled(page, before=0):
    """On the classical tab: waits until what the controls ask for is on show, and more pictures were than `before`."""
    until(
        page,
        """(before) => {
          const { shown, state } = document.querySelector("#classical-result .compare").dataset;
          return Number(shown) > before && state === "ready"
            && !document.querySelector("#classical-result .stale").hasChildNodes();
        }""",
        arg=before,
        timeout=LONG,
    )


def thumbs(page, kind):
    """Caption of each small picture."""
    return page.locator(f"#{kind}-result .thumbs button span[lang=en]").all_inner_texts()


def files(page, kind):
    """The bytes of every picture in the gallery, in order."""
    places = page.locator(f"#{kind}-result .thumbs img")
    sources = [places.nth(number).get_attribute("src") for number in range(places.count())]
    return [page.request.get(urljoin(page.url, source)).body() for source in sources]


def download(page, kind, folder: Path):
    with page.expect_download() as waiting:
        page.locator(f"#{kind}-result .save").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def restore(page, path):
    unfold(page, "#restore-part")
    page.locator("#restore input[type=file]").set_input_files(path)
    expect(page.locator("#restore-message")).to_contain_text("as they were", timeout=LONG)


def value(page, kind, name):
    return page.locator(f"#{kind}-{name.replace('_', '-')}").locator("input[type=number], textarea").first.input_value()


def only_chinese(text):
    """Whether the text has Chinese, and no word of another language but names."""
    words = re.sub(r"PNG|JPEG|WebP|BMP|TIFF|GIF|HEIC|AVIF|MB|StyleShot", "", text)
    return bool(re.search(r"[\u4e00-\u9fff]", words)) and not re.search(r"[A-Za-z]{4,}", words)


def has_small():
    """Whether the program has a small StyleShot of its own."""
    return (ASSETS / "weights/styleshot-small/model_index.json").is_file()


def drop(page, place, *paths, paste=False):
    """Drops files on an element of the page, as a person does from another window; or pastes them there."""
    given = [{"name": path.name, "bytes": base64.b64encode(path.read_bytes()).decode()} for path in paths]
    page.locator(place).first.evaluate(
        """(target, [given, paste]) => {
          const transfer = new DataTransfer();
          const kinds = { png: "image/png", jpg: "image/jpeg", txt: "text/plain" };
          for (const { name, bytes } of given) {
            const data = Uint8Array.from(atob(bytes), (sign) => sign.charCodeAt(0));
            transfer.items.add(new File([data], name, { type: kinds[name.split(".").pop()] ?? "" }));
          }
          const more = { bubbles: true, cancelable: true };
          if (paste) target.dispatchEvent(new ClipboardEvent("paste", { ...more, clipboardData: transfer }));
          else for (const kind of ["dragenter", "dragover", "drop"]) {
            const event = new DragEvent(kind, { ...more, dataTransfer: transfer });
            target.dispatchEvent(event);
            if (!event.defaultPrevented) throw Error(`the browser would open the file (${kind})`);
          }
        }""",
        [given, paste],
    )


def carry(page, start, end):
    """Drags a picture of the page onto a box by the mouse."""
    page.evaluate("scrollTo(0, 0)")
    start.hover()
    page.mouse.down()
    for _ in range(3):  # a window may close meanwhile
        box = page.locator(end).bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    expect(page.locator(f"{end}.target")).to_be_visible()
    page.mouse.up()
    expect(page.locator(".picture.target")).to_have_count(0)
