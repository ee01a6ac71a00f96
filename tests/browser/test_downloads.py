"""A download that a person asks for, thinks better of, and asks for again: it brings what is missing."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, ask_for_the_published, hold_cancelling, open_tab  # noqa: E402

PART = 100  # bytes of the first file that arrive before the hub falls silent


def stop_it(page, ask, stop, status, hub):
    ask.click()
    expect(stop).to_be_visible(timeout=LONG)
    assert hub.sent.wait(60)
    stop.click()
    expect(status).to_contain_text("Stopped. What has come is kept")
    expect(stop).to_be_hidden()
    # What was on its way when the button was pressed does not come back.
    page.wait_for_timeout(1500)
    expect(status).to_contain_text("Stopped. What has come is kept")
    expect(stop).to_be_hidden()
    hub.sent.clear()


def ask_again_before_it_is_over(page, ask, stop, hub):
    """A press on Stop, and two to go on while the first is being closed: it goes on once, and Stop stops that."""
    ask.click()
    assert hub.sent.wait(60)
    hub.sent.clear()
    closed = hold_cancelling(page)
    stop.dblclick()  # of which the second press is none
    expect(stop).to_be_hidden()
    for _ in range(2):  # nothing is to be seen of the first yet
        ask.click()
        page.wait_for_timeout(700)
    assert not hub.sent.is_set()
    closed()
    assert hub.sent.wait(60)
    expect(stop).to_be_visible()
    page.wait_for_timeout(1000)
    expect(stop).to_be_visible()
    stop.click()
    expect(stop).to_be_hidden()
    hub.sent.clear()


def test_a_download_is_stopped_and_goes_on_where_it_was(offered):
    open_it, hub, models = offered
    hub.stall_after = PART
    page = open_it()
    assert hub.requests.total() == 0 and not list(models.rglob("*.bin"))  # nothing unasked
    page.get_by_role("tab", name="Models").click()
    ask = page.locator("#models-disk").get_by_role("button", name="half precision")
    stop_it(page, ask, page.locator("#fetch-stop"), page.locator("#models-status"), hub)
    ask_again_before_it_is_over(page, ask, page.locator("#fetch-stop"), hub)

    open_tab(page, "text")
    ask_for_the_published(page, "text")
    expect(page.locator("#text-run")).to_be_disabled()
    ask = page.locator("#text-model button", has_text="Fetch")
    stop_it(page, ask, page.locator("#text-fetch-stop"), page.locator("#text-fetch-status"), hub)
    assert not list(models.rglob("*.bin"))

    hub.stall_after = None
    ask.click()
    expect(page.locator("#text-model")).to_contain_text("its files are on this machine", timeout=LONG)
    for button in ("run", "grid-open"):
        expect(page.locator(f"#text-{button}")).to_be_enabled()
    expect(page.locator("#text-fetch-status")).to_have_text("")
    assert any(hub.ranges)
    assert len(list(models.rglob("*.bin"))) == 2
    # The other tab knows as soon as it is looked at: contours can be had now, lineart cannot.
    open_tab(page, "image")
    page.locator("#image-model-choice label", has_text="StyleShot").first.click()
    expect(page.locator("#image-run")).to_be_enabled()
    page.locator("#image-preprocessor label", has_text="Drawn lines").click()
    expect(page.locator("#image-run")).to_be_disabled()
