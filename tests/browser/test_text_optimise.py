"""The composer's pictures painted by optimise: chosen, watched, stopped, saved as far as they are, and gone on with."""

import re

import pytest

from styleshot_demo import provenance

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, compose, download, has_small, open_tab, put, restore  # noqa: E402


def step(page):
    """At which step the run is, or was stopped."""
    text = page.locator("#text-status").inner_text()
    found = re.search(r"[Ss]tep ([0-9]+) of 100", text)
    return int(found[1]) if found else 0


def paint_until(page, least):
    page.locator("#text-run").click()
    enough = "|".join(map(str, range(least, 100)))
    expect(page.locator("#text-status")).to_contain_text(re.compile(f"Step ({enough}) of 100, about"), timeout=LONG)


def stop(page):
    page.locator("#text-stop").click()
    said = page.locator("#text-status")
    expect(said).to_contain_text("Stopped at step", timeout=LONG)
    page.wait_for_timeout(1500)  # a last step that was on its way may have been shown over it for a moment
    expect(said).to_contain_text("Stopped at step", timeout=LONG)
    return step(page)


def test_chosen_stopped_saved_and_gone_on_with(open_page, tmp_path):
    page = open_page()
    open_tab(page, "text")
    if has_small():
        it_is_no_choice_where_another_model_paints(page)
    compose(page, "a red apple on a table")
    expect(page.locator("#text-status")).to_contain_text("painted by Fast")

    page.locator("#text-painted-by label", has_text="Optimise").click()
    expect(page.locator("#text-result .stale")).not_to_be_empty(timeout=LONG)
    paint_until(page, 3)
    stopped = stop(page)
    assert stopped >= 1  # what it keeps is the last picture that was shown of it
    expect(page.locator("#text-result .gallery")).to_have_attribute("data-state", "ready", timeout=LONG)
    path = download(page, "text", tmp_path)
    assert f"composer-optimise-step{stopped}" in path.name
    settings = provenance.read(path).settings
    assert (settings["painted_by"], settings["stopped_at"]) == ("optimise", stopped)
    expect(page.locator("#text-sketch img").first).to_be_visible()

    # Another strength is another run of minutes: the page does not begin it by itself.
    shown = page.locator("#text-result .gallery").get_attribute("data-shown")
    put(page, "text", strength=0.5)
    expect(page.locator("#text-result .stale")).not_to_be_empty(timeout=LONG)
    page.wait_for_timeout(2500)
    assert page.locator("#text-result .gallery").get_attribute("data-shown") == shown

    put(page, "text", strength=1)
    paint_until(page, 1)
    assert step(page) > stopped, "it goes on where it was"
    stop(page)

    a_tile_is_refused_in_a_sentence_in_both_languages(page)

    # What was stopped brings its settings back.
    page.locator("#text-painted-by label").first.click()
    expect(page.locator("#text-painted-by input[value=optimise]")).not_to_be_checked()
    restore(page, path)
    expect(page.locator("#text-painted-by input[value=optimise]")).to_be_checked()


def a_tile_is_refused_in_a_sentence_in_both_languages(page):
    page.locator("#text-tile label").click()
    page.locator("#text-run").click()
    said = page.locator("#text-status [role=alert]")
    expect(said).to_contain_text("Optimise cannot paint a picture that repeats without a seam.", timeout=LONG)
    page.locator("#language label", has_text="中文").click()
    expect(said).to_contain_text("优化方法不能绘制无缝拼接的图片")
    expect(page.locator("#text-painted-by")).to_contain_text("绘制方式")


def it_is_no_choice_where_another_model_paints(page):
    expect(page.locator("#text-painted-by")).to_be_visible()
    page.locator("#text-model-choice label", has_text="Small").click()
    expect(page.locator("#text-painted-by")).to_be_hidden()
    page.locator("#text-model-choice label", has_text="Composer").click()
    expect(page.locator("#text-painted-by")).to_be_visible()
