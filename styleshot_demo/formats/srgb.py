"""From decoded pixels of any mode to an upright picture in sRGB with 8 bits a channel."""

import io
from typing import Any

from PIL import Image, ImageCms

from styleshot_demo.formats import colours
from styleshot_demo.formats.clean import MAX_PROFILE, Clean

_STRIP = 2**20  # pixels of 16- or 32-bit grey that are worked on at once
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def to_srgb(image: Image.Image, clean: Clean) -> Image.Image:
    """A decoded image of any mode, stored and lying as `clean` says, as upright sRGB: RGB or RGBA.

    Raises whatever a decoder may raise on damaged files.
    """
    result, alpha = _colours_and_alpha(image)
    if clean.space is not None and result.mode in ("L", "RGB"):
        result = colours.to_srgb(result, clean.space).convert("RGB")
    else:
        result = _apply_profile(result, clean.profile)
    if alpha is not None and alpha.getextrema() != (255, 255):
        result.putalpha(alpha)
    if clean.canvas is not None:
        width, height, left, top = clean.canvas
        frame, result = result, Image.new("RGBA", (width, height))
        result.paste(frame, (left, top))
    if clean.orientation in _TURNS:
        result = result.transpose(_TURNS[clean.orientation])
    result.info = {}
    return result


def _colours_and_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(L, RGB, CMYK or LAB image that shares nothing with `image`, L image of the opacity or None)."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return _grey8(image)
    if mode == "La":
        image = image.convert("LA")
    elif mode == "RGBa":
        image = image.convert("RGBA")
    elif image.has_transparency_data and mode not in ("LA", "RGBA"):
        image = _with_transparency(image)
    if image.mode in ("LA", "RGBA"):
        return image.convert(image.mode[:-1]), image.getchannel("A")
    if image.mode == "1":
        return image.convert("L"), None
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image.copy(), None
    return image.convert("RGB"), None


def _with_transparency(image: Image.Image) -> Image.Image:
    """A picture with a transparent colour (`info["transparency"]`, in 8 bits) or palette entries as RGBA."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA")
    key = image.info["transparency"]
    mode = "L" if image.mode in ("1", "L") else "RGB"
    image = image.copy()
    image.info = {}
    image = image.convert(mode)
    values = key if isinstance(key, tuple) else (key,)
    if len(values) == len(mode) and all(isinstance(value, int) and 0 <= value <= 255 for value in values):
        image.info = {"transparency": key}
        return image.convert("RGBA")
    return image


def _grey8(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """A 16- or 32-bit grey picture scaled to 8 bits, and the opacity if it has a transparent shade.

    I;16 is scaled from its full range. I and F say nothing about their range: white is the first of 1 (F only), 255
    and 65535 that no pixel exceeds, else the brightest pixel; black is 0, or the darkest pixel if that is negative.
    """
    import numpy as np

    rows = max(1, _STRIP // image.width)
    strips = [(top, min(top + rows, image.height)) for top in range(0, image.height, rows)]

    def strip(top: int, bottom: int) -> Any:
        return np.asarray(image.crop((0, top, image.width, bottom)))

    tags = getattr(image, "tag_v2", None) or {}
    low, high = 0.0, 65535.0
    if image.mode.startswith("I;16"):
        if tags.get(258) == (12,):
            high = 4095.0
    else:
        ranges = [(values.min(), values.max()) for values in map(_finite, (strip(*rows) for rows in strips))]
        low = min(0.0, float(min(least for least, _ in ranges)))
        top = float(max(most for _, most in ranges))
        known = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        high = next((limit for limit in known if top <= limit), top)
    result = np.empty((image.height, image.width), np.uint8)
    for top, bottom in strips:
        values = (_finite(strip(top, bottom)) - low) * (255.0 / (high - low))
        result[top:bottom] = np.clip(np.rint(values), 0, 255)
    if tags.get(262) == 0 and image.mode != "I":  # white is zero; Pillow leaves these two as they are
        np.subtract(255, result, out=result)
    alpha = None
    shade = image.info.get("transparency")
    if isinstance(shade, int):
        opaque = np.empty_like(result)
        for top, bottom in strips:
            opaque[top:bottom] = np.where(strip(top, bottom) == shade, 0, 255)
        alpha = Image.fromarray(opaque)
    return Image.fromarray(result), alpha


def _finite(values: Any) -> Any:
    """As float64, with 0 in place of what is no number."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        values = values.astype(np.float64)
    values[~np.isfinite(values)] = 0.0
    return values


_PROFILE_MODES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}


def _apply_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An L, RGB, CMYK or LAB image as sRGB; a profile that is broken or of other colours is ignored."""
    if image.mode == "LAB":
        source: Any = ImageCms.createProfile("LAB")
    elif isinstance(profile, bytes) and 128 < len(profile) <= MAX_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            mode = _PROFILE_MODES.get(source.profile.xcolor_space)
        except (OSError, ValueError, TypeError):
            return image.convert("RGB")
        if mode == "RGB" and image.mode == "L":  # grey pictures often carry the profile of the screen
            image = image.convert("RGB")
        if mode != image.mode:
            return image.convert("RGB")
    else:
        return image.convert("RGB")
    try:
        converted = ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        assert converted is not None  # nothing is converted in place
        return converted
    except (ImageCms.PyCMSError, OSError, ValueError):
        if image.mode == "LAB":
            raise
        return image.convert("RGB")
