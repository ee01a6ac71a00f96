"""What the gate makes of a picture looks as it does in a browser: the same size, and colours within 2 of 255.

Three kinds differ, and are held to what was encoded instead (tests/test_pictures.py): AVIF with opacity and animated
AVIF, whose planes Chromium 156 takes for those of video (16 to 235) where their item has no colour box of its own;
and WebP with an orientation in its EXIF, which Chromium leaves lying and the gate turns upright, as it does all others.
"""

import base64

import numpy as np
import pytest
import shown

from styleshot_demo.pictures import open_picture

DRAW = """async (source) => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let at = 0; at < data.length; at += 32768) text += String.fromCharCode(...data.subarray(at, at + 32768));
  return [width, height, btoa(text)];
}"""


@pytest.fixture(scope="module")
def in_browser(browser):
    """`in_browser(data)`: the picture in an <img> of a page, uint8 (height, width, 4)."""
    page = browser.new_page()

    def draw(data):
        # The browser, too, looks at what is in the file.
        width, height, pixels = page.evaluate(DRAW, "data:image/png;base64," + base64.b64encode(data).decode())
        return np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(height, width, 4)

    yield draw
    page.close()


def over(pixels, ground):
    """Transparent pixels have no colour that counts; so both are laid on the same ground."""
    opacity = pixels[..., 3:] / 255
    return pixels[..., :3] * opacity + ground * (1 - opacity)


@pytest.mark.parametrize("name", shown.SHOWN)
def test_the_gate_opens_what_a_browser_shows_and_alike(in_browser, name):
    data = shown.SHOWN[name]()
    theirs, ours = in_browser(data), np.asarray(open_picture(data).convert("RGBA"))
    assert ours.shape == theirs.shape
    for ground in (0, 255):
        assert np.abs(over(ours, ground) - over(theirs, ground)).mean() <= 2
