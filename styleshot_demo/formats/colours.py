"""Colours that a file describes by numbers (PNG's gAMA, cHRM and cICP, the nclx of HEIF) brought to sRGB.

As Chromium shows them: relative to white, cut where sRGB ends, and high dynamic range (PQ, HLG) laid into the range of
a usual screen by the curve of SMPTE ST 2094-50 for a peak of 1000 nits over a white of 203.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from PIL import Image

_WHITE_NITS, _PEAK_NITS = 203.0, 1000.0
_EXACT = 2**19  # pixels of a picture that is computed one by one
_NODES = 52  # of the table for larger ones, each 5 levels from the next
_STEPS = 2**14  # of linear light in the table that leads back to sRGB

_D65 = (0.3127, 0.329)
_C = (0.31, 0.316)
_SRGB = (*_D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
_REC2020 = (*_D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046)
# ITU-T H.273, colour primaries: x and y of white, red, green and blue.
_PRIMARIES: dict[int, tuple[float, ...]] = {
    1: _SRGB,
    4: (*_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (*_D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    8: (*_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: _REC2020,
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (*_D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    22: (*_D65, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077),
}
# Transfer characteristics: an exponent or a name. Video is graded on screens with an exponent of 2.4.
_TRANSFERS: dict[int, float | str] = {
    **dict.fromkeys((1, 6, 11, 14, 15), 2.4),
    4: 2.2,
    5: 2.8,
    7: "smpte240",
    8: 1.0,
    13: "srgb",
    16: "pq",
    17: "smpte428",
    18: "hlg",
}


class Space(NamedTuple):
    """x and y of white, red, green and blue; and the curve from stored values to light, an exponent or a name."""

    primaries: tuple[float, ...]
    curve: float | str


SRGB = Space(_SRGB, "srgb")


def from_codes(primaries: int, transfer: int) -> Space | None:
    """The space that two code points of ITU-T H.273 name, None if they name none."""
    if primaries not in _PRIMARIES or transfer not in _TRANSFERS:
        return None
    return Space(_PRIMARIES[primaries], _TRANSFERS[transfer])


def from_gamma(gamma: int, chromaticities: tuple[int, ...] | None) -> Space | None:
    """The space of PNG's gAMA and cHRM, as the integers that stand there; None if they describe none.

    An exponent close to 1/2.2 without chromaticities means sRGB: that is what almost all who wrote it had.
    """
    if gamma <= 0:
        return None
    if chromaticities is None:
        return SRGB if 43182 <= gamma <= 47727 else Space(_SRGB, 100_000 / gamma)
    space = Space(tuple(value / 100_000 for value in chromaticities), 100_000 / gamma)
    return space if _to_xyz(space.primaries) is not None else None


def to_srgb(image: "Image.Image", space: Space) -> "Image.Image":
    """An L or RGB image that is stored in `space`, as sRGB of the same mode."""
    import numpy as np
    from PIL import Image, ImageFilter

    if space == SRGB:
        return image
    if image.mode == "L":
        return image.point(_greys(space))
    if image.width * image.height <= _EXACT:
        pixels = np.asarray(image)
        return Image.fromarray(_convert(pixels.reshape(-1, 3), space).reshape(pixels.shape))
    if space.curve not in ("pq", "hlg"):
        image = image.point(_greys(Space(_SRGB, space.curve)) * 3)
        space = Space(space.primaries, "srgb")
        if space == SRGB:
            return image
    # A table over red, green and blue, between whose points colours lie nearly on a line: a tenth of the time.
    levels = np.rint(np.linspace(0, 255, _NODES)).astype(np.uint8)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    table = _convert(np.stack([red, green, blue], -1).reshape(-1, 3), space)
    return image.filter(ImageFilter.Color3DLUT(_NODES, (table / np.float32(255)).ravel()))


def _greys(space: Space) -> list[int]:
    import numpy as np

    return [int(value) for value in _convert(np.arange(256, dtype=np.uint8)[:, None].repeat(3, 1), space)[:, 1]]


def _convert(pixels: Any, space: Space) -> Any:
    """uint8 (n, 3) in `space` -> uint8 (n, 3) in sRGB."""
    import numpy as np

    light = _light(space.curve)[pixels]
    if space.curve in ("pq", "hlg"):
        if space.curve == "hlg":  # from the light of the scene to that of a screen
            luminance = light @ _to_xyz(space.primaries)[1].astype(np.float32)
            light *= np.power(np.maximum(luminance, 1e-6), np.float32(0.2))[:, None] * (_PEAK_NITS / _WHITE_NITS)
        light = light @ _between(space.primaries, _REC2020)
        light *= _gain(light.max(1))[:, None]
        light = light @ _between(_REC2020, _SRGB)
    else:
        light = light @ _between(space.primaries, _SRGB)
    np.clip(light, 0, 1, out=light)
    # The table is finer near black, where sRGB is steep.
    return _back()[np.rint(np.sqrt(light) * (_STEPS - 1)).astype(np.int32)]


def _light(curve: float | str) -> Any:
    """Linear light, 1 for white, of the 256 stored values; HLG: of the scene."""
    import numpy as np

    value = np.arange(256) / 255
    if curve == "srgb":
        light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    elif curve == "smpte240":
        light = np.where(value < 0.0913, value / 4, ((value + 0.1115) / 1.1115) ** (1 / 0.45))
    elif curve == "smpte428":
        light = value**2.6 * (52.37 / 48)
    elif curve == "pq":
        power = value ** (32 / 2523)
        light = (np.maximum(power - 3424 / 4096, 0) / (2413 / 128 - 2392 / 128 * power)) ** (16384 / 2610)
        light *= 10_000 / _WHITE_NITS
    elif curve == "hlg":
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
    else:
        light = value ** float(curve)
    return light.astype(np.float32)


def _back() -> Any:
    """sRGB values of light that grows with the square of its place in this table."""
    import numpy as np

    light = np.linspace(0, 1, _STEPS) ** 2
    value = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(value * 255).astype(np.uint8)


def _gain(brightest: Any) -> Any:
    """What to multiply pixels by whose brightest part is given, 1 for white: half up to white, then less and less."""
    import numpy as np

    # A curve of Bezier from (1, 0.5) over (1.65, 0.825) to (peak, 1).
    peak, bend = _PEAK_NITS / _WHITE_NITS, 0.65
    square = peak - 1 - 2 * bend
    x = np.clip(brightest, 1, peak)
    at = (np.sqrt(bend**2 + square * (x - 1)) - bend) / square
    shown = 0.5 + bend * at + (0.5 - bend) * at * at
    return np.where(brightest <= 1, 0.5, shown / np.maximum(brightest, 1)).astype(np.float32)


def _to_xyz(primaries: tuple[float, ...]) -> Any:
    """The 3 x 3 matrix from linear RGB to XYZ (columns of colours), None if the chromaticities span no space."""
    import numpy as np

    if any(y <= 0 for y in primaries[1:2]) or any(not -1 <= value <= 2 for value in primaries):
        return None
    x, y = np.array(primaries[2::2]), np.array(primaries[3::2])
    columns = np.stack([x, y, 1 - x - y])
    if abs(np.linalg.det(columns)) < 1e-4:
        return None
    white = np.array([primaries[0] / primaries[1], 1, (1 - primaries[0] - primaries[1]) / primaries[1]])
    return columns * np.linalg.solve(columns, white)


def _between(source: tuple[float, ...], target: tuple[float, ...]) -> Any:
    """float32 (3, 3) for rows of linear colours, with white adapted after Bradford."""
    import numpy as np

    eye = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    ours, theirs = _to_xyz(source), _to_xyz(target)
    scale = (eye @ theirs.sum(1)) / (eye @ ours.sum(1))
    matrix = np.linalg.inv(theirs) @ np.linalg.inv(eye) @ np.diag(scale) @ eye @ ours
    return matrix.T.astype(np.float32)
