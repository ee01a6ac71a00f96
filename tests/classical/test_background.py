"""Plain backgrounds, told from what stands on them."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from styleshot_demo.classical.background import subject


def product(ground: tuple[int, int, int] = (255, 255, 255), noise: int = 0) -> Image.Image:
    """A dark bottle with a white label, soft at its edges."""
    mask = Image.new("L", (200, 240), 0)
    ImageDraw.Draw(mask).rounded_rectangle((60, 40, 140, 200), 15, fill=255)
    picture = Image.new("RGB", mask.size, ground)
    thing = Image.new("RGB", mask.size, (20, 90, 60))
    ImageDraw.Draw(thing).rectangle((75, 100, 125, 150), fill=ground)
    picture.paste(thing, mask=mask.filter(ImageFilter.GaussianBlur(0.8)))
    if noise:
        levels = np.asarray(picture).astype(int)
        shaken = levels + np.random.default_rng(0).integers(-noise, noise + 1, levels.shape)
        picture = Image.fromarray(shaken.clip(0, 255).astype(np.uint8))
    return picture


@pytest.mark.parametrize("ground", [(255, 255, 255), (245, 240, 230), (10, 12, 80)])
@pytest.mark.parametrize("noise", [0, 3])
def test_a_product_is_told_from_its_background(ground, noise) -> None:
    mask = np.asarray(subject(product(ground, noise)))
    assert (mask[:35] == 0).all() and (mask[:, :55] == 0).all()  # exactly none of it
    assert (mask[50:190, 66:134] == 255).all()  # all of the thing, its label too
    edge = mask[80, 55:66]
    assert (np.diff(edge.astype(int)) >= 0).all() and ((edge > 0) & (edge < 255)).any()  # softly


def test_a_jpeg_has_a_background_too(tmp_path) -> None:
    product().save(tmp_path / "product.jpg", quality=85)
    mask = np.asarray(subject(Image.open(tmp_path / "product.jpg")))
    assert (mask[:30] == 0).all() and (mask[60:180, 70:130] == 255).all()


def test_no_plain_background() -> None:
    rng = np.random.default_rng(0)
    assert subject(Image.fromarray(rng.integers(0, 255, (90, 120, 3), dtype=np.uint8))) is None
    sky = Image.linear_gradient("L").convert("RGB")
    assert subject(sky) is None
    assert subject(Image.new("RGB", (60, 60), "white")) is None  # nothing stands on it


def test_a_thing_may_reach_the_border() -> None:
    picture = product()
    picture.paste((20, 90, 60), (60, 120, 140, 240))
    mask = np.asarray(subject(picture))
    assert (mask[230:, 70:130] == 255).all() and (mask[:, :50] == 0).all()
