"""Colours of a thing on white: the paper stays white, the thing keeps its lights and darks."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from styleshot_demo import ClassicalJob, Settings, Studio
from styleshot_demo.classical.white_ground import subject_on_white
from styleshot_demo.settings import ASSETS


def bottle(ground="white", size=(300, 300)):
    picture = Image.new("RGB", size, ground)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((120, 40, 180, 80), fill="#e0a020")
    pen.rounded_rectangle((105, 80, 195, 260), 14, fill="#2050a0")
    return picture


@pytest.mark.parametrize("method", ["monge-kantorovich", "reinhard"])
@pytest.mark.parametrize("whole", [False, True])
def test_paper_stays_white_and_the_thing_is_not_black(method, whole):
    # Moments of the whole picture made the paper grey, (121, 109, 111), and the bottle black, (0, 0, 3).
    style = ASSETS / "styles" / "stained-glass.jpg"
    job = ClassicalJob(bottle(), style, method="colour", colour_method=method, size=300, whole=whole)
    made = np.asarray(Studio(Settings(device="cpu")).finish(job).images[0])
    assert (made[:30] == 255).all() and (made[:, :90] == 255).all()
    cap, body = made[50:70, 130:170].mean(), made[100:250, 115:185].mean()
    assert cap > body + 20 and body > 25


def test_only_plain_white_is_taken_for_paper():
    mask = np.asarray(subject_on_white(bottle()))
    assert mask[100, 150] == 255 and mask[10, 10] == 0
    assert subject_on_white(bottle("#d0e0d0")) is None
    assert subject_on_white(Image.new("RGB", (200, 200), "white")) is None
    assert subject_on_white(Image.effect_mandelbrot((200, 200), (-2, -1.2, 1, 1.2), 60).convert("RGB")) is None


def test_who_has_a_thing_on_white_painted_everywhere_is_told_how_white_stays():
    def notes(picture, **settings):
        job = ClassicalJob(picture, ASSETS / "styles" / "watercolour.jpg", size=256, **settings)
        return [one.key for one in Studio(Settings(device="cpu")).finish(job).notes]

    assert "stands_on_white" in notes(bottle())
    assert "stands_on_white" not in notes(bottle(), keep_background=True)
    assert "stands_on_white" not in notes(bottle("#405060"))
    assert "stands_on_white" not in notes(bottle(), method="colour")
