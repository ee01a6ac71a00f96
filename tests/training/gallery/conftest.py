"""Small galleries on disk: flat drawings in a few styles, a broken picture among them."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

COLOURS = {"ink": (20, 20, 20), "wash": (90, 120, 200), "poster": (220, 60, 40)}


def drawn(style: str, number: int, size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A drawing that its style and number tell apart from every other."""
    picture = Image.new("RGB", size, (240, 235, 220))
    left = 4 + number % 20
    ImageDraw.Draw(picture).rectangle((left, 10, left + 24, 36), fill=COLOURS.get(style, (50, 160, 90)))
    picture.putpixel((0, 0), (number, 0, 0))
    return picture


def fill(folder: Path, counts: dict[str, int], size: tuple[int, int] = (64, 48)) -> Path:
    """Writes so many drawings of each style, as PNG."""
    for style, count in counts.items():
        (folder / style).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            drawn(style, number, size).save(folder / style / f"{number:03d}_red-box.png")
    return folder


def spoil(path: Path) -> Path:
    """Cuts a file off."""
    path.write_bytes(path.read_bytes()[:-40])
    return path


@pytest.fixture
def styles(tmp_path: Path) -> Path:
    """Three styles, 12, 4 and 2 pictures, and one that cannot be read."""
    folder = fill(tmp_path / "styles", {"ink": 12, "wash": 4, "poster": 2})
    spoil(folder / "ink" / "005_red-box.png")
    return folder


@pytest.fixture
def told() -> list[tuple[str, str]]:
    """(name, key of the problem) of what was left out; `told.report` is the callback."""

    class Told(list):
        def report(self, name, problem):
            self.append((name, problem.key))

    return Told()
