"""No number that can be typed, on any tab, ends in an error of the server."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

from browser.steps import LONG, open_drawer, open_tab, unfold  # noqa: E402

# And all that lies on the way there: a sign alone, half an exponent, whole and broken. The second half of a pair
# comes at once: each digit is an event or two, of which a digit more of the same kind says nothing.
TYPED = (("-1e", "300"), ("40.1", ""))


def test_no_number_that_can_be_typed_is_an_error(open_page):
    page = open_page()
    refused = []  # answers of the server that are errors
    page.on("response", lambda answer: answer.status >= 400 and refused.append((answer.status, answer.url)))
    typed_digit_by_digit_emptied_and_out_of_range(page, refused)
    page.get_by_role("tab", name="Classical").click()
    page.locator("#method label", has_text="Fast").click()
    what_is_out_of_range_is_told(page)
    assert refused == []


def typed_digit_by_digit_emptied_and_out_of_range(page, refused):
    for kind in ("classical", "image"):  # which has all the fields of the other StyleShot tab
        type_into_every_field(page, kind)
        page.wait_for_timeout(1000)
        expect(page.locator(".toast-body")).to_have_count(0)
        assert refused == [], kind


def type_into_every_field(page, kind):
    # Of the classical methods Optimise has all the fields that the others have.
    if kind == "classical":
        unfold(page, "#finer")
        brush = page.locator("#brush-size input[type=number]")
        for method, count in (("Colour", 0), ("Optimise", 1)):  # what was hidden comes back as it was, not as 0
            page.locator("#method label", has_text=method).click()
            expect(brush).to_have_count(count)
        page.wait_for_timeout(500)
        expect(brush).to_have_value("")
        page.locator("#add-style").click()
    else:
        open_tab(page, kind)
        open_drawer(page, kind)
        page.locator(f"#{kind}-add-style").click()
    fields = page.locator("[role=tabpanel]:visible input[type=number]:visible")
    expect(fields.nth(8 if kind == "classical" else 6)).to_be_visible()  # those of the second style too
    count = fields.count()
    for number in range(count):
        field = fields.nth(number)
        before = field.input_value()
        for text, rest in TYPED:
            field.fill("")
            field.press_sequentially(text)
            if rest:
                page.keyboard.insert_text(rest)
        field.fill("")
        page.wait_for_timeout(50)
        field.fill(before)
        field.press("Tab")


def what_is_out_of_range_is_told(page):
    for place in ("#example-contents", "#example-styles"):
        page.locator(f"{place} button").first.click()
    expect(page.locator("#style-1 .image-frame img")).to_be_visible(timeout=LONG)
    half_a_step_is_told_and_not_rounded_behind_a_persons_back(page)
    a_size_that_there_is_not_is_told_with_its_range(page)


def a_size_that_there_is_not_is_told_with_its_range(page):
    size = page.locator("#size input[type=number]")
    size.fill("40")
    line = page.locator("#fits")
    expect(line).to_contain_text("Size is 40; it must lie between 256 and 2048.")
    size.fill("")
    expect(line).to_contain_text("between 256 and 2048")
    expect(line).to_contain_text("256 到 2048 之间")
    page.locator("#language label", has_text="中文").click()
    size.fill("400")
    expect(line).to_contain_text("目前内存最多可容纳")
    page.locator("#method label", has_text="快速").click()
    page.locator("#brush-size input").fill("40")
    expect(line).to_contain_text("256 到 2048 之间")
    page.locator("#brush-size input").fill("")
    expect(line).to_contain_text("目前内存最多可容纳")
    page.locator("#method label", has_text="优化").click()
    page.locator("#steps input").fill("")
    page.locator("#classical-run").click()
    expect(page.locator("#classical-status [role=alert]")).to_contain_text("请输入 1 到 5000 之间的数字", timeout=LONG)


def half_a_step_is_told_and_not_rounded_behind_a_persons_back(page):
    said = page.locator("#classical-status [role=alert]")
    brush = page.locator("#brush-size input")
    brush.fill("300.5")
    expect(page.locator("#fits")).to_contain_text("300.5")
    brush.fill("")
    page.locator("#seed input").fill("2.5")
    page.locator("#classical-run").click()
    expect(said).to_contain_text("2.5", timeout=LONG)
    page.locator("#seed input").fill("0")
    page.locator("#method label", has_text="Optimise").click()
    page.locator("#steps input").fill("1.5")
    page.locator("#classical-run").click()
    expect(said).to_contain_text("1.5", timeout=LONG)
