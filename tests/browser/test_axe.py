"""Nobody is shut out: what axe-core finds on the page, and how far it is by keyboard."""

import re

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
AXE_SCRIPT = pytest.importorskip("axe_playwright_python.base").AXE_SCRIPT

from browser.steps import LONG, open_tab, repaint, unfold, until, upload  # noqa: E402

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"label-content-name-mismatch": {"enabled": True}},  # experimental, so it does not run by itself
    "resultTypes": ["violations"],
}
GRAVE = ("serious", "critical")
NEAR = 12  # presses of Tab after which the button that paints is reached at the latest
# Each two of language, shade and width meet in one of these; the first two have each of them once.
LOOKS = [("en", "light", 1280), ("zh", "dark", 390), ("en", "dark", 1280), ("zh", "light", 390)]
FOCUSED = "document.activeElement.id || document.activeElement.closest('[id]')?.id"


def violations(page):
    """What axe-core finds on the page as it is now: (rule, element, why) of each that is serious or critical."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE_SCRIPT)
    page.wait_for_timeout(500)  # colours fade into each other, and names follow what is written
    found = page.evaluate("(rules) => axe.run(document, rules)", RULES)["violations"]
    return [
        (rule["id"], node["html"][:160], [check["message"] for kind in ("all", "any", "none") for check in node[kind]])
        for rule in found
        for node in rule["nodes"]
        if (node["impact"] or rule["impact"]) in GRAVE
    ]


def open_parts(page, prefix):
    """Opens the finer settings, the style library, the panel of a grid and the fold of many pictures of a tab."""
    unfold(page, f"#{prefix}finer")
    page.locator(f"#{prefix}library summary").click()
    expect(page.locator(f"#{prefix}library .shelf button").first).to_be_visible(timeout=LONG)
    page.locator(f"#{prefix or 'classical-'}grid-open").click()
    expect(page.locator(f"#{prefix or 'classical-'}grid .grid")).to_be_visible()
    if prefix != "text-":
        page.locator(f"#{prefix or 'classical-'}many summary").click()
        expect(page.locator(f"#{prefix or 'classical-'}many .place")).to_be_visible()


def look(page, language, shade, width):
    """Changes all three on the page as it is."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=shade)
    page.locator(f"#language input[value={language}]").check()
    until(page, "(dark) => document.body.classList.contains('dark') === dark", arg=shade == "dark")
    expect(page.locator("html")).to_have_attribute("lang", re.compile(f"^{language}"))


def in_looks(page, place, looks):
    found = []
    for seen in looks:
        look(page, *seen)
        found += [(place, seen, *one) for one in [*violations(page), *page.evaluate(CUT)]]
    assert found == []


# Buttons that are seen, but whose text is not, or goes over their edge.
CUT = """() => [...document.querySelectorAll("button")]
  .filter((one) => one.offsetParent && one.innerText.trim() && one.scrollWidth > one.clientWidth + 1)
  .map((one) => ["cut", one.id || one.className, one.innerText])"""


def test_nothing_shuts_anybody_out(open_studio, photo):
    page = open_studio()
    the_button_that_paints_is_a_few_presses_from_the_top(page)
    a_row_of_pictures_is_one_stop_and_arrows_reach_each(page)
    a_slider_shows_that_it_has_the_focus(page)
    assert violations(page) == []  # with all of it folded

    a_result_is_there_and_names_follow_the_language(page, photo)
    unfold(page, "#restore-part")
    open_parts(page, "")
    in_looks(page, "classical", LOOKS)
    for kind in ("text", "image"):
        page.locator(f'#tabs [role=tab][data-tab-id="{kind}"]').click()
        page.locator(f"#{kind}-model-choice label").nth(1).click()
        open_parts(page, f"{kind}-")
        in_looks(page, kind, LOOKS[:2])
    page.locator('#tabs [role=tab][data-tab-id="models"]').click()
    expect(page.locator("#models-disk li").first).to_be_visible(timeout=LONG)
    in_looks(page, "models", LOOKS[:2])


def a_result_is_there_and_names_follow_the_language(page, photo):
    """What it leaves: a result that is not what the controls ask for, and a second place for a style."""
    upload(page, "#content", photo)
    repaint(page)
    page.locator("#method label", has_text="Optimise").click()
    expect(page.locator("#classical-result .stale")).not_to_be_empty(timeout=LONG)
    page.locator("#language label", has_text="中文").click()
    page.locator("#add-style").click()
    expect(page.locator("#style-2 button:has(input[type=file])")).to_have_attribute(
        "aria-label", "选择风格图片 2: 将画作拖到这里\n或点击选择"
    )


def the_button_that_paints_is_a_few_presses_from_the_top(page):
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED) == "skip"
    page.keyboard.press("Enter")
    presses = 1
    while page.evaluate(FOCUSED) != "classical-run":
        page.keyboard.press("Tab")
        presses += 1
        assert presses <= NEAR
    # Nothing is painted there, so there is nothing to skip to.
    page.locator('#tabs [role=tab][data-tab-id="models"]').click()
    expect(page.locator("#skip")).to_be_hidden()
    open_tab(page, "text")
    page.locator("#skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate(FOCUSED) == "text-run"
    page.locator('#tabs [role=tab][data-tab-id="classical"]').click()


def a_row_of_pictures_is_one_stop_and_arrows_reach_each(page):
    named = "document.activeElement.dataset.name"
    styles = page.locator("#example-styles button")
    names = [button.get_attribute("data-name") for button in styles.all()]
    expect(page.locator("#example-styles button:not([tabindex='-1'])")).to_have_count(1)
    page.locator("#style-1 button:has(input[type=file])").focus()
    reached = []
    page.keyboard.press("Tab")
    for _ in names:
        reached.append(page.evaluate(named))
        page.keyboard.press("ArrowRight")
    assert reached == names
    # Up and down go by lines, and Enter takes the picture.
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('#example-styles .shelf')).gridTemplateColumns.split(' ').length"
    )
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(named) == names[columns]
    page.keyboard.press("ArrowUp")
    assert page.evaluate(named) == names[0]
    page.keyboard.press("End")
    assert page.evaluate(named) == names[-1]
    page.keyboard.press("Enter")
    expect(styles.last).to_have_attribute("aria-pressed", "true", timeout=LONG)
    # Tab leaves the row at once, and comes back to where it was left.
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('.shelf')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(named) == names[-1]


def a_slider_shows_that_it_has_the_focus(page):
    for place in ("#classical-strength", "#size"):
        page.locator(f"{place} input[type=number]").focus()
        page.keyboard.press("Tab")
        style, width = page.evaluate(
            """() => {
                const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
                return [outlineStyle, parseFloat(outlineWidth)];
            }"""
        )
        assert page.evaluate("document.activeElement.type") == "range"
        assert style == "solid" and width >= 2
