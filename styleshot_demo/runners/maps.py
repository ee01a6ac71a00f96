"""The lines of content pictures: contour or line drawing, quick enough to follow a slider."""

from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from PIL import Image, ImageFilter

from styleshot_demo import pictures
from styleshot_demo.images.ops import on_white
from styleshot_demo.models import hub
from styleshot_demo.runners.weights import DETECTOR, TITLES, broken_as_problem
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    from torch import nn

KEPT = 4
FILES = {"contour": "ControlNetHED.pth", "lineart": "sk_model.pth"}


class Maps:
    """Draws maps and remembers the last few edges, so that another threshold costs no pass through the network."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self._settings = settings
        self._cache = cache

    def draw(self, picture: Image.Image, preprocessor: str, threshold: int, device: str) -> Image.Image:
        """White lines on black, RGB, in the size of `picture` (RGB); `preprocessor` is "contour" or "lineart".

        Raises `Problem` weights_missing or weights_broken where the detector cannot be had.
        """
        key = ("edges", preprocessor, pictures.digest(picture))
        lines = self._cache.recall(key)
        if lines is None:
            lines = self._detect(picture, preprocessor, device)
            self._cache.remember(key, lines, TITLES["edges"], KEPT, size=lambda image: image.width * image.height)
        if preprocessor == "contour":
            # As `content.contour`: what is stronger than the threshold, grown by one pixel.
            strong = lines.point([255 * (level > threshold) for level in range(256)])
            lines = strong.filter(ImageFilter.MaxFilter(3))
        return lines.convert("RGB")

    def hold(self, held: ExitStack, preprocessor: str, device: str) -> None:
        """Loads a detector for as long as `held` lasts."""
        held.enter_context(self._network(preprocessor, device))

    def _detect(self, picture: Image.Image, preprocessor: str, device: str) -> Image.Image:
        from styleshot_demo.styleshot import content

        with self._network(preprocessor, device) as network:
            if preprocessor == "lineart":
                return content.lineart(picture, network).convert("L")
            levels = content.edges(picture, network) * 255
            return Image.fromarray(levels.clip(0, 255).astype("uint8"))

    def _network(self, preprocessor: str, device: str) -> "AbstractContextManager[nn.Module]":
        from styleshot_demo.styleshot import content

        name = DETECTOR[preprocessor]
        file = hub.require(name, self._settings).files[FILES[preprocessor]]

        def load() -> "nn.Module":
            with broken_as_problem(preprocessor):
                # Single precision also on a GPU: the networks are small, and a threshold shows every difference.
                return {"contour": content.load_hed, "lineart": content.load_lineart}[preprocessor](file, device)

        key = ("detector", str(file), device)
        return self._cache.acquire(key, load, name=TITLES[preprocessor], device=device)


def prepare(picture: Image.Image, size: int, multiple: int = 8) -> Image.Image:
    """A content picture as StyleShot wants it: RGB, short side `size`, both sides multiples of `multiple`."""
    from styleshot_demo.styleshot import content

    return content.resize_to(on_white(picture), size, multiple)
