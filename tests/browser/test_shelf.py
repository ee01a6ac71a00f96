"""The example pictures: those that are chosen are marked, and each says what it is called."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, upload  # noqa: E402


def test_chosen_examples_are_marked_and_named_and_of_two_quick_presses_the_later_one_counts(open_page, photo):
    page = open_page()
    of_two_quick_presses_the_later_one_counts(page)
    page.locator("#style-1 button[title]").first.click()
    chosen_examples_are_marked_and_named(page, photo)


def chosen_examples_are_marked_and_named(page, photo):
    styles = page.locator("#example-styles button")
    pressed = page.locator("#example-styles button[aria-pressed=true]")
    expect(pressed).to_have_count(0, timeout=LONG)
    styles.nth(9).click()
    expect(pressed).to_have_count(1, timeout=LONG)
    expect(styles.nth(9)).to_have_attribute("aria-pressed", "true")
    styles.nth(2).click()  # in its place
    expect(styles.nth(2)).to_have_attribute("aria-pressed", "true", timeout=LONG)
    expect(pressed).to_have_count(1)
    page.locator("#add-style").click()
    styles.nth(4).click()  # beside it
    expect(pressed).to_have_count(2, timeout=LONG)
    # A tab has its own.
    expect(page.locator("#text-example-styles button[aria-pressed=true]")).to_have_count(0)

    page.locator("#example-contents button").first.click()
    expect(page.locator("#example-contents button[aria-pressed=true]")).to_have_count(1, timeout=LONG)
    upload(page, "#content", photo)
    expect(page.locator("#example-contents button[aria-pressed=true]")).to_have_count(0, timeout=LONG)

    styles.first.hover()
    english = styles.first.get_attribute("title")
    assert english == styles.first.get_attribute("data-en")
    page.locator("#language label", has_text="中文").click()
    styles.nth(1).hover()
    styles.first.hover()
    assert styles.first.get_attribute("title") == styles.first.get_attribute("data-zh") != english


def of_two_quick_presses_the_later_one_counts(page):
    chosen = """(two) => two.forEach((each) => document.querySelectorAll(each[0])[each[1]].click())"""
    page.evaluate(chosen, [["#example-styles button", 9], ["#example-styles button", 2]])
    expect(page.locator("#example-styles button").nth(2)).to_have_attribute("aria-pressed", "true", timeout=LONG)
    expect(page.locator("#example-styles button[aria-pressed=true]")).to_have_count(1)
    radio = "#language input[type=radio]"
    page.evaluate(chosen, [[radio, 1], [radio, 0]])
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.evaluate(chosen, [[radio, 1], [radio, 0], [radio, 1]])
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN", timeout=LONG)
    expect(page.locator("#classical-run")).to_contain_text("重绘", timeout=LONG)
    page.evaluate(chosen, [[radio, 0], [radio, 1], [radio, 0]])
    expect(page.locator("html")).to_have_attribute("lang", "en", timeout=LONG)
    expect(page.locator("#classical-run")).to_contain_text("Repaint", timeout=LONG)
