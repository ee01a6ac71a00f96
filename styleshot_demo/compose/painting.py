"""A sketch painted: the ground in the full style, things with a strength of their own, so that shapes stay readable."""

import cv2
import numpy as np
import torch
from PIL import Image

from styleshot_demo.classical.cached_style import WeightedStyles
from styleshot_demo.classical.decoder import STRIDE
from styleshot_demo.classical.deringing import dering
from styleshot_demo.classical.fast import STRENGTH_SCALE, Encoded, FastTransfer, cropped, match_colours
from styleshot_demo.compose.sketch import Sketch

GROUND, THINGS = 1.0, 0.72  # shares of the wanted strength
CONTRAST = 0.55  # how far a thing's light may fall back towards its ground before it is pulled away again
LIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G and B
FEW = 0.02  # share of the surroundings that is next to nothing
# People stay somebody: the share of their own colours that they keep, and of how light or dark they are drawn.
OWN_COLOURS, OWN_LIGHT = 0.5, 0.8
NIGHT = 0.8  # how far a night becomes as dark as drawn
MOST_LIFT, LIFT_GROWTH = 0.16, 2.0  # how far it is pulled at most, and beside the contrast that is wanted


def painted(
    sketch: Sketch,
    painter: FastTransfer,
    styles: WeightedStyles,
    strength: float = 1.0,
    *,
    grain: float = 0.5,
    seed: int = 0,
    ground: float = GROUND,
    things: float = THINGS,
) -> Image.Image:
    """The sketch in the manner of `styles`, as `FastTransfer.encode` takes them, RGB.

    strength        0 gives the sketch back, 1 the full style
    ground, things  the share of it for the backdrop, and for the things in front

    A sketch that wraps around is painted so that the picture does too; its sides have to be multiples of 8 pixels.
    """
    return Painting(sketch, painter, styles, grain=grain, seed=seed).at(strength, ground=ground, things=things)


class Painting:
    """A sketch and its styles, read once: `at` paints it at any strengths, as fast as a slider is dragged."""

    def __init__(
        self,
        sketch: Sketch,
        painter: FastTransfer,
        styles: WeightedStyles,
        *,
        grain: float = 0.5,
        seed: int = 0,
        encoded: Encoded | None = None,
    ) -> None:
        """`encoded` is that of an earlier painting of the same, where it was kept."""
        self.sketch, self.painter = sketch, painter
        if encoded is not None:
            self.encoded = encoded
            return
        pixels, period = _tensor(sketch.picture, painter), None
        if sketch.wraps:
            period = (sketch.picture.height, sketch.picture.width)
            if any(side % STRIDE for side in period):  # what the network sees on both sides would not be the same
                raise ValueError(f"a picture that wraps around needs sides that are multiples of {STRIDE} pixels")
            pixels = _wrapped(pixels, sketch.scene.margin)
        self.encoded: Encoded = painter.encode(pixels, styles, "wct", grain, seed, period)

    def at(self, strength: float = 1.0, *, ground: float = GROUND, things: float = THINGS) -> Image.Image:
        """The picture, RGB, in the sketch's size; the parameters are those of `painted`."""
        if strength == 0:
            return self.sketch.picture.copy()
        mask, people, margin = _mask(self.sketch), _people(self.sketch), self.sketch.scene.margin
        shares = torch.from_numpy(strength * (ground + (things - ground) * mask))[None, None]
        shares = _wrapped(shares, margin).to(self.encoded.pixels)
        own = None
        if people is not None:
            own = OWN_COLOURS * _wrapped(torch.from_numpy(people)[None, None], margin).to(self.encoded.pixels)
        pixels = _inside(_decoded(self.painter, self.encoded, shares, margin, own), margin)
        made = pixels[0].permute(1, 2, 0).cpu().numpy()
        return _image(_seen(made, self.sketch, mask, people, strength))


def set_off(picture: Image.Image, sketch: Sketch, strength: float = 1.0) -> Image.Image:
    """Another painting of the sketch, RGB in its size, with things as light or as dark against the ground as drawn."""
    return _image(_seen(_values(picture), sketch, _mask(sketch), _people(sketch), strength))


def _mask(sketch: Sketch) -> np.ndarray:
    """[H, W] 0 to 1: the things, with an edge as soft as a stroke is wide."""
    return _soft(sketch.things_mask(), sketch.wraps)


def _people(sketch: Sketch) -> np.ndarray | None:
    """The same of people alone; None where there are none."""
    mask = sketch.people_mask()
    return None if mask is None else _soft(mask, sketch.wraps)


def _soft(mask: Image.Image, wraps: bool) -> np.ndarray:
    return _blurred(np.asarray(mask, np.float32) / 255, 1.2 * min(mask.size) / 512, wraps)


@torch.inference_mode()
def _decoded(
    painter: FastTransfer, encoded: Encoded, shares: torch.Tensor, margin: int, own: torch.Tensor | None
) -> torch.Tensor:
    """`FastTransfer.decode` with a strength [1, 1, H, W] for each pixel: [1, 3, H, W] in [0, 1], in a single pass.

    margin  pixels around that do not count where the whole picture is measured
    own     [1, 1, H, W] the share of its own colours that each pixel keeps, or None

    All that it blends by its strength, features, colours and what the auto-encoder loses, is linear in it.
    """
    given = {}
    for name, maps in encoded.maps.items():
        here = torch.nn.functional.interpolate(shares, maps.shape[2:], mode="bilinear", antialias=True)
        given[name] = maps + here * (encoded.affines[name](maps, STRENGTH_SCALE) - maps)
    style = torch.lerp(*encoded.style_vectors, STRENGTH_SCALE * float(_inside(shares, margin).mean()))
    pixels = cropped(painter.decoder.infer(given, style), encoded.pixels)
    # Tints go nearly as far everywhere: a thing may keep its shape in an ink painting, but not an orange coat.
    tints = (shares + shares.max()) / 2
    if own is not None:
        tints = tints * (1 - own)
    pixels = pixels + tints * (match_colours(pixels, encoded) - pixels)
    if float(shares.min()) < 1:
        pixels = pixels + (1 - shares) * painter.residual(encoded)
    pixels = pixels.clamp(0, 1)
    if encoded.flat is not None:
        pixels = dering(pixels, encoded.pixels, shares * encoded.flat.area).clamp(0, 1)
    return pixels


def _seen(
    painted: np.ndarray, sketch: Sketch, mask: np.ndarray, people: np.ndarray | None, strength: float
) -> np.ndarray:
    """Painted pixels [H, W, 3] in which things are set off from the ground, and people's skin is as dark as drawn.
    White paper, with the shadows on it, stays as drawn."""
    drawn = _values(sketch.picture)
    if sketch.scene.place == "white":
        painted = drawn + mask[..., None] * (painted - drawn)
    if sketch.scene.time == "night":
        painted = _darkened(painted, float((drawn @ LIGHTNESS).mean()), strength)
    made = _set_off(painted, drawn, mask, strength, sketch.wraps)
    if people is None:
        return made
    radius = 0.03 * min(mask.shape)
    missing = _blurred((drawn - made) @ LIGHTNESS * people, radius, sketch.wraps)
    missing /= _blurred(people, radius, sketch.wraps) + 1e-3
    return np.clip(made + (strength * OWN_LIGHT * missing * people)[..., None], 0, 1)


def _darkened(painted: np.ndarray, drawn: float, strength: float) -> np.ndarray:
    """Pixels [H, W, 3] nearly as dark on the whole as they were `drawn`, where the style is a light one: by a power, so
    that the moon stays bright."""
    light = (painted @ LIGHTNESS).clip(1e-3, 1)
    sample = light[::4, ::4]
    wanted = sample.mean() + strength * NIGHT * (drawn - sample.mean())
    low, high = 1.0, 8.0
    if sample.mean() <= wanted:
        return painted
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if (sample**middle).mean() > wanted else (low, middle)
    return painted * (light ** (high - 1))[..., None]


def _set_off(painted: np.ndarray, sketch: np.ndarray, mask: np.ndarray, strength: float, wraps: bool) -> np.ndarray:
    """Things as light or as dark against their surroundings as they were drawn, where the style has levelled that."""
    radius = 0.06 * min(mask.shape)

    def mean(light: np.ndarray, where: np.ndarray) -> np.ndarray:
        # Where there is next to nothing of it around, all of it counts.
        all_of_it = (light * where).sum() / (where.sum() + 1e-6)
        return (_blurred(light * where, radius, wraps) + FEW * all_of_it) / (_blurred(where, radius, wraps) + FEW)

    drawn, made = (part @ LIGHTNESS for part in (sketch, painted))
    wanted = (mean(drawn, mask) - mean(drawn, 1 - mask)) * CONTRAST
    found = mean(made, mask) - mean(made, 1 - mask)
    # Only what is missing is added, on the side on which it was drawn; next to nothing where that side changes, or the
    # border would show in the middle of a face.
    most = np.minimum(MOST_LIFT, LIFT_GROWTH * np.abs(wanted))
    lift = np.sign(wanted) * np.clip(np.abs(wanted) - np.sign(wanted) * found, 0, most)
    return np.clip(painted + (strength * lift * mask)[..., None], 0, 1)


def _blurred(values: np.ndarray, radius: float, wraps: bool) -> np.ndarray:
    if not wraps:
        return cv2.GaussianBlur(values, (0, 0), radius)
    more = int(4 * radius) + 1
    return cv2.GaussianBlur(np.pad(values, more, mode="wrap"), (0, 0), radius)[more:-more, more:-more]


def _wrapped(pixels: torch.Tensor, margin: int) -> torch.Tensor:
    """[1, C, H, W] with a margin around of what comes in from the other side.

    What is painted of it is cut back to the middle, whose borders were painted in sight of a neighbouring tile.
    """
    return torch.nn.functional.pad(pixels, (margin,) * 4, mode="circular")


def _inside(pixels: torch.Tensor, margin: int) -> torch.Tensor:
    return pixels[..., margin : pixels.shape[2] - margin, margin : pixels.shape[3] - margin]


def _values(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB"), np.float32) / 255


def _tensor(picture: Image.Image, painter: FastTransfer) -> torch.Tensor:
    return torch.from_numpy(_values(picture)).permute(2, 0, 1)[None].to(next(painter.parameters()))


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray((pixels.clip(0, 1) * 255).round().astype(np.uint8))
