"""A page that nobody touches does nothing, and a press no more than it must: what a script writes again and again takes
a core from the painting."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, open_tab, put, run  # noqa: E402

# What asks for a frame, which scripts do that run as often as the screen is drawn.
FRAMES = """
  const frame = window.requestAnimationFrame;
  window.frames_of = [];
  window.requestAnimationFrame = (step) => {
    window.frames_of.push(`frame for ${step}`);
    return frame.call(window, step);
  };
"""
# What changes in a second, once the page has come to rest; a change of a scrollbar's or an animation's is none.
CHANGES = """() => new Promise((done) => {
  const seen = window.frames_of = [];
  new MutationObserver((changes) => {
    for (const { type, attributeName, target } of changes) {
      const place = target.closest?.("[id]") ?? target.parentElement?.closest("[id]");
      seen.push(`${type} ${attributeName ?? ""} ${target.nodeName} in #${place?.id}`);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  setTimeout(() => done(seen), 1000);
})"""


def changes(page):
    page.wait_for_timeout(1000)
    return page.evaluate(CHANGES)


def updates(page, press):
    """How often Gradio has handed something to one of its components when something was pressed."""
    session = page.context.new_cdp_session(page)
    session.send("Profiler.enable")
    session.send("Profiler.startPreciseCoverage", {"callCount": True, "detailed": True})
    press()
    page.wait_for_timeout(1000)
    scripts = session.send("Profiler.takePreciseCoverage")["result"]
    session.detach()
    functions = [function for script in scripts for function in script["functions"]]
    return sum(one["ranges"][0]["count"] for one in functions if one["functionName"] == "update_state")


def choose_a_photo(page):
    page.locator("#example-contents button").first.click()
    expect(page.locator("#content .image-frame img")).to_be_visible(timeout=LONG)


def test_nothing_on_the_page_changes_by_itself(open_page):
    page = open_page(script=FRAMES)
    page.wait_for_timeout(4000)  # the springs of Gradio's loading screen, which has gone, come to rest
    assert changes(page) == [], "as it was opened"
    # Seven parts of the page change, not each that was read since it was opened.
    assert 0 < updates(page, lambda: choose_a_photo(page)) < 100
    page.locator("#language label", has_text="中文").click()
    assert changes(page) == [], "in Chinese"
    page.locator("#language label", has_text="English").click()
    page.locator("#example-styles button").first.click()
    expect(page.locator("#style-1 .image-frame img")).to_be_visible(timeout=LONG)
    page.locator("#size input[type=number]").fill("256")
    page.keyboard.press("Tab")
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status")).to_contain_text("Painted in", timeout=LONG)
    page.locator("#classical-grid-open").click()
    assert changes(page) == [], "with a result and the panel of a grid"

    open_tab(page, "text")
    assert changes(page) == [], "the tab Text-driven"
    page.locator("#text-prompt textarea").fill("a fox under a tree")
    page.locator("#text-example-styles button").first.click()
    put(page, "text", size=256)
    run(page, "text")
    assert changes(page) == [], "with a composed picture"
    open_tab(page, "image")
    assert changes(page) == [], "the tab Image-driven"
    page.locator("#image-example-contents button").first.click()
    page.locator("#image-example-styles button").first.click()
    put(page, "image", size=128)
    run(page, "image")
    assert changes(page) == [], "with a photo that is painted"
    page.locator("#history-open").click()
    assert changes(page) == [], "with the history open"
