"""What the Classical tab asks for while a blend of a finished `optimise` picture with its photo is on show."""

import json
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from styleshot_demo import Settings, Studio, provenance
from styleshot_demo.ui import classical_tab
from styleshot_demo.ui.classical_run import ClassicalTabState
from styleshot_demo.ui.classical_settings import DEFAULTS
from styleshot_demo.ui.grid import GridPanel, GridState
from styleshot_demo.ui.many import ManyPictures
from styleshot_demo.ui.painted_strength import PaintedStrength, checked, counted
from styleshot_demo.ui.tab_state import path_at


class Page:
    """A page with a photo and a style, as the server sees it: a press or a change, and the updates that come back."""

    def __init__(self, folder):
        with gr.Blocks():
            self.tab = classical_tab.build(Studio(Settings(device="cpu")))
        self.tab_state, self.pictures = ClassicalTabState(), []
        for name in ("content", "style"):
            bands = [Image.linear_gradient("L").rotate(turn).resize((96, 24)) for turn in (0, 90, 180)]
            Image.merge("RGB", bands if name == "content" else bands[::-1]).save(folder / f"{name}.png")
            self.pictures.append(str(folder / f"{name}.png"))
        self.fields = {**DEFAULTS, "mask": None, "painted_strength": ""}
        self.set(method="optimise", size=256, steps=1)

    def set(self, **changed):
        self.fields |= changed

    @property
    def values(self):
        count = len(self.tab.inputs.styles)
        return *self.pictures, *[None] * (count - 1), *[1.0] * count, *(self.fields[name] for name in self.tab.fields)

    @property
    def job(self):
        return self.tab.job(self.values)[0]

    def answered(self, updates):
        """Does what the updates say to the controls; the file on show."""
        for name, field in self.tab.fields.items():
            update = updates.get(field)
            if isinstance(update, str):
                self.fields[name] = update
            elif isinstance(update, dict) and "value" in update:
                self.fields[name] = update["value"]
        shown = updates.get(self.tab.view.shown)
        return shown and path_at(shown.get("after"))

    def press(self):
        """The record and the bytes of what is painted at a press of the button."""
        updates = list(self.tab.paint(self.tab_state, *self.values))
        for each in updates:
            path = self.answered(each)
        return provenance.read(path), open(path, "rb").read()

    def slide(self, strength):
        """The same of what follows the slider; None where nothing does."""
        self.set(strength=strength)
        updates = list(self.tab.follow(self.tab_state, *self.values))
        path = self.answered(updates[-1]) if updates else None
        return path and (provenance.read(path), open(path, "rb").read())

    def bring(self, record):
        """Sets the controls as a picture's record says."""
        self.answered(self.tab.fill(provenance.restore(record)))


@pytest.fixture
def page(tmp_path):
    return Page(tmp_path)


def painted_at(record):
    return record.settings["strength"], record.settings.get("painted_strength")


def test_what_is_asked_for_beside_the_page_is_the_blend_on_show(page):
    page.press()
    record, shown = page.slide(0.5)
    assert painted_at(record) == (0.5, 1)
    grid, tab_state = GridPanel(page.tab.grid, page.tab.studio, SimpleNamespace()), GridState()

    def cells(axis, values):
        asked = SimpleNamespace(turn="t", rows={"name": axis, "values": values}, columns={})
        *_, last = grid.paint(asked, SimpleNamespace(headers={}), tab_state, *page.values)
        return [tab_state.last.cells[one["row"], one["column"]] for one in last["cells"]]

    kept, other = cells("keep_faces", "on, off")
    assert kept.path.read_bytes() == shown and painted_at(other.record) == (0.5, 1)
    # Along an axis of strengths each is painted as such.
    assert [painted_at(cell.record) for cell in cells("strength", "0.25, 0.5")] == [(0.25, None), (0.5, None)]
    many = ManyPictures(page.tab.grid, page.tab.many, page.tab.studio)
    assert many.job(page.values).painted_strength == 1


def test_its_record_brings_the_blend_back_until_something_else_is_asked_for(page, tmp_path):
    page.press()
    record, shown = page.slide(0.5)
    (tmp_path / "other").mkdir()
    other = Page(tmp_path / "other")
    other.pictures = page.pictures
    other.bring(record)
    assert other.press()[1] == shown
    # What is in the settings of a record is there for other photos too.
    photo = other.pictures[0]
    other.pictures[0] = other.pictures[1]
    assert other.job.painted_strength == 1
    other.pictures[0] = photo
    assert other.slide(0.25)[0].settings["painted_strength"] == 1
    for changed in ({"seed": 5}, {"steps": 2}, {"keep_colours": True}, {"tv_weight": 2}):
        before = dict(other.fields)
        other.set(**changed)
        assert other.job.painted_strength == 0
        other.set(**before)
    record = provenance.record({**record.settings, "strength": 0.3, "painted_strength": 0.6}, {}, 0)
    other.bring(record)
    assert other.job.painted_strength == 0.6
    other.set(strength=0.7)
    assert other.job.painted_strength == 0
    # One that is no blend has no say in it, nor has one of before.
    other.bring(provenance.record({**record.settings, "strength": 0.6}, {}, 0))
    other.set(strength=0.3)
    assert other.job.painted_strength == 0


def test_a_blend_belongs_to_its_photo_and_style(page, tmp_path):
    page.press()
    page.slide(0.5)
    for place in (0, 1):
        before, page.pictures = page.pictures, [*page.pictures]
        page.pictures[place] = str(tmp_path / "third.png")
        Image.effect_noise((96, 64), 60).convert("RGB").save(page.pictures[place])
        assert page.job.painted_strength == 0
        page.pictures = before
    assert page.job.painted_strength == 1
    page.set(method="patches")
    page.press()
    page.set(method="optimise")
    assert page.job.painted_strength == 0  # it is on show no longer


def test_a_press_for_what_is_on_show_paints_it_at_that_strength(page):
    page.press()
    _, blend = page.slide(0.5)
    record, anew = page.press()
    assert painted_at(record) == (0.5, None) and anew != blend
    assert page.slide(0.25)[0].settings["painted_strength"] == 0.5
    assert page.slide(0.75) is None
    # Stopped before anything is painted: what was there is there again, and is blended as before.
    page.slide(0.25)
    begun = page.tab.paint(page.tab_state, *page.values)
    while page.job.painted_strength:
        page.answered(next(begun))
    begun.close()
    page.answered(page.tab.stopped(page.tab_state))
    assert page.job.painted_strength == 0.5


def test_what_follows_is_not_begun_where_the_painting_is_forgotten(page, monkeypatch):
    """The page then says "Changed since"; a press paints it again."""
    page.press()
    _, shown = page.slide(0.5)
    page.tab.studio.cache.free()  # evicted, or the server was started anew
    page.tab_state = ClassicalTabState()  # and the page was loaded anew
    with monkeypatch.context() as patch:
        patch.setattr(page.tab.studio, "run", None)
        assert page.slide(0.4) is None
    page.set(strength=0.5)
    assert page.press()[1] == shown and page.slide(0.4) is not None


def test_the_hidden_control_may_hold_anything(page):
    asked = {"strength": 0.5, "seed": 1}
    good = PaintedStrength(0.8, {"seed": 1}).text()
    assert counted(good, "a", [], asked) == 0.8 and json.loads(checked("", good)) == json.loads(good)
    for bad in (None, 0.0, "", "no", "[]", "7", "[" * 100_000, '{"strength": 2, "settings": {}}', '{"strength": 1}',
                '{"strength": true, "settings": {}}', '{"strength": 1, "settings": []}'):  # fmt: skip
        assert counted(bad, "a", [], asked) == 0 and checked("", bad) == ""
    for wanted in (None, "", "0.5"):
        assert counted(good, "a", [], {**asked, "strength": wanted}) == 0
