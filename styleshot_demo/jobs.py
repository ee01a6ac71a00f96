"""What can be asked for. A job that exists is valid: its pictures are open and its numbers lie in their ranges."""

import math
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import IOBase
from pathlib import Path
from typing import Any

from PIL import Image

from styleshot_demo import moved, pictures
from styleshot_demo.errors import Problem

Picture = Image.Image | str | Path
MAX_STYLES = 4
MAX_SEED = 2**31 - 1
METHODS = ("fast", "patches", "optimise", "colour")
WHOLE_METHODS = ("fast", "colour")  # that can paint a picture at its own size, whatever that is
CLASSICAL_SIZES = (256, 2048)
WHOLE_STYLES_AT = 1024  # pixels of the longest side at which styles are seen for a large photo, unless said otherwise
TRANSFORMS = ("wct", "adain")
COLOUR_METHODS = ("monge-kantorovich", "reinhard")
STARTS = ("content", "fast", "noise")
OPTIMISERS = ("adam", "lbfgs")
IMAGE_MODELS = ("auto", "styleshot", "painter", "small")
TEXT_MODELS = ("auto", "styleshot", "composer", "small")
PREPROCESSORS = ("contour", "lineart", "both")
SCHEDULERS = ("dpm++", "pndm", "unipc", "euler-a", "ddim")
FACTORS = (2, 4)
ENLARGERS = ("auto", "animevideov3", "x4plus")
MAX_ENLARGED = 100_000_000  # pixels of an enlarged picture
MAX_IMAGES = 8
MAX_PROMPT = 1000  # characters; the text encoder reads them in chunks of 77 tokens, about 350 characters of English
IMAGE_SIZES = (128, 1024)  # pixels of a side of a diffusion model's picture, or of its short side
SIZE_MULTIPLE = 8  # one number of the latents stands for 8 x 8 pixels
KEPT_INFO = ("file_name", "pixels_sha256", "deep")  # what a picture that was opened before carries along
MAX_FILE_NAME = 120  # characters of a picture's file name that are kept


def new_seed() -> int:
    """A random seed, 0 to 2**31 - 1."""
    return secrets.randbelow(MAX_SEED + 1)


def number(name: str, value: Any, low: float, high: float, whole: bool = False) -> Any:
    """`value` as a number between `low` and `high`, both included; `Problem` otherwise."""
    low_text, high_text = f"{low:.10g}", f"{high:.10g}"
    try:
        result = float(value)
    except OverflowError:  # a whole number of more than 308 digits
        raise Problem("out_of_range", name=name, value="too large", low=low_text, high=high_text) from None
    except (TypeError, ValueError):
        raise Problem("not_a_number", name=name, low=low_text, high=high_text) from None
    if isinstance(value, bool) or math.isnan(result):
        raise Problem("not_a_number", name=name, low=low_text, high=high_text)
    if not low <= result <= high:
        raise Problem("out_of_range", name=name, value=f"{result:.10g}", low=low_text, high=high_text)
    if whole and result != int(result):
        raise Problem("not_whole", name=name, value=f"{result:.10g}")
    return int(result) if whole else result


def choice(name: str, value: Any, choices: Sequence[str]) -> str:
    """`value` if it is one of `choices`; `Problem` otherwise."""
    if not isinstance(value, str) or value not in choices:
        raise Problem("unknown_choice", name=name, value=str(value)[:40], choices=", ".join(choices))
    return value


def switch(name: str, value: Any) -> bool:
    """`value` if it is True or False; `Problem` otherwise, so that the text "false" never counts as true."""
    if not isinstance(value, bool):
        raise Problem("unknown_choice", name=name, value=str(value)[:40], choices="true, false")
    return value


def text(name: str, value: Any) -> str:
    """`value` as one line of text without control characters; None is empty. `Problem` if it is too long or no text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Problem("not_text", name=name)
    if len(value) > MAX_PROMPT:
        raise Problem("text_too_long", name=name, count=len(value), limit=MAX_PROMPT)
    # Lone surrogates too: neither a tokenizer nor a file can take them.
    signs = (" " if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") else sign for sign in value)
    return "".join(signs).strip()


def side(name: str, value: Any) -> int:
    """A side of a diffusion model's picture: 128 to 1024 pixels, rounded to a multiple of 8."""
    return round(number(name, value, *IMAGE_SIZES, whole=True) / SIZE_MULTIPLE) * SIZE_MULTIPLE


Check = Callable[[str, Any], Any]


def optional(check: Check) -> Check:
    """The same check, which None passes too: it stands for the model's own default, which only the plan knows."""
    return lambda name, value: None if value is None else check(name, value)


def between(low: float, high: float, whole: bool = False) -> Check:
    """A check of a field that is a number between `low` and `high`."""
    return lambda name, value: number(name, value, low, high, whole)


def one_of(choices: Sequence[str]) -> Check:
    """A check of a field that is one of `choices`."""
    return lambda name, value: choice(name, value, choices)


def put_checked(job: Any, checks: Mapping[str, Check]) -> None:
    """Checks the fields of a frozen job while it is made, and stores what the checks return."""
    for name, check in checks.items():
        object.__setattr__(job, name, check(name, getattr(job, name)))


def open_styles(styles: Any) -> tuple[tuple[Image.Image, float], ...]:
    """One picture, several, or (picture, weight) pairs as opened pictures with their weights.

    Weights stay as they were given, in any unit (a lone picture has 1): `shares` makes them sum to 1. Pictures of
    weight 0 are left out, so they cost nothing and cannot change the result.
    """
    if styles is None:
        raise Problem("style_needed")
    if isinstance(styles, Mapping):  # picture -> weight
        styles = list(styles.items())
    alone = not isinstance(styles, Iterable) or isinstance(styles, Image.Image | str | Path | bytes | IOBase)
    if alone or (isinstance(styles, tuple) and len(styles) == 2 and isinstance(styles[1], int | float)):
        styles = [styles]
    pairs = [item if isinstance(item, tuple) else (item, 1.0) for item in styles if item is not None]
    if not pairs:
        raise Problem("style_needed")
    if len(pairs) > MAX_STYLES:
        raise Problem("too_many_styles", count=len(pairs), limit=MAX_STYLES)
    if any(len(pair) != 2 or pair[0] is None for pair in pairs):
        raise Problem("style_needed")
    weights = [number("style weight", weight, 0, 100) for _, weight in pairs]
    if sum(weights) <= 0:
        raise Problem("weights_all_zero")
    seen = [(picture, weight) for (picture, _), weight in zip(pairs, weights, strict=True) if weight > 0]
    if len(seen) == 1:
        return ((open_named(seen[0][0]), 1.0),)
    return tuple((open_named(picture), weight) for picture, weight in seen)


def open_named(source: Picture, deep: bool = False) -> Image.Image:
    """`pictures.open_picture`, with the name of the file (without its folder) kept in `info["file_name"]`.

    deep  keep the 16 bits a channel of a file that has them too, in `info["deep"]`: [H, W, 3] uint16
    """
    if isinstance(source, Image.Image):
        picture = pictures.open_picture(source)
        known = {name: source.info[name] for name in KEPT_INFO if name in source.info}
    else:
        picture, pixels = pictures.open_deep(source) if deep else (pictures.open_picture(source), None)
        known = {"file_name": name} if (name := named(source)) else {}
        if pixels is not None:
            known["deep"] = pixels
    picture.info.update(known)
    return picture


def named(source: Any) -> str | None:
    """The name of a file without its folder, whichever system wrote the path, in printable characters; None for what
    is no path."""
    if not isinstance(source, str | Path):
        return None
    name = re.split(r"[/\\]", str(source))[-1]
    return "".join(sign if sign.isprintable() else " " for sign in name)[:MAX_FILE_NAME] or None


def shares(styles: Sequence[tuple[Image.Image, float]]) -> list[float]:
    """The weights of a job's styles, made to sum to 1."""
    total = sum(weight for _, weight in styles)
    return [weight / total for _, weight in styles]


def seen_at(longest: int, whole: bool, brush_size: int | None) -> int:
    """The longest side at which a classical job sees its styles, if that of its result is `longest` pixels."""
    if brush_size is not None:
        return brush_size
    # Larger than that few styles have anything to show, and large pictures would come out smooth.
    return min(max(longest, CLASSICAL_SIZES[0]), WHOLE_STYLES_AT) if whole else longest


# What each field of a `ClassicalJob` but its pictures may be; provenance checks a stored record by the same table.
CLASSICAL_CHECKS: Mapping[str, Check] = {
    "method": one_of(METHODS),
    "strength": between(0, 1),
    "size": between(*CLASSICAL_SIZES, whole=True),
    "whole": switch,
    "seed": between(0, MAX_SEED, whole=True),
    "keep_colours": switch,
    "transform": one_of(TRANSFORMS),
    "colour_method": one_of(COLOUR_METHODS),
    "steps": between(1, 5000, whole=True),
    "content_weight": between(0, 100),
    "style_weight": between(0, 100),
    "tv_weight": between(0, 100),
    "start": one_of(STARTS),
    "optimiser": one_of(OPTIMISERS),
    "grain": between(0, 1),
    "keep_background": switch,
    "keep_faces": switch,
    "brush_size": optional(between(*CLASSICAL_SIZES, whole=True)),
}


@dataclass(frozen=True)
class ClassicalJob:
    """Classical neural style transfer, or colour transfer, of one content picture.

    content        the picture to repaint: PIL image or path
    styles         pictures, or (picture, weight) pairs; at most 4, weights in any unit, 0 to 100
    method         "fast" (one feed-forward pass), "patches" (pieces of the styles themselves), "optimise" (Gatys),
                   "colour" (colours only)
    strength       0 (content unchanged) to 1 (full style)
    size           longest side of the result, pixels, 256 to 2048; the aspect ratio is the content's
    whole          paint the content at its own size, up to 40 megapixels, whatever `size` says ("fast", "colour")
    seed           0 to 2**31 - 1
    keep_colours   keep the colours of the content, take only texture and brushwork
    grain          0 to 1: brushwork in flat areas, such as the white of a drawing; beyond 0.5 more and more in
                   photographs too; the seed shuffles it
    keep_background  leave what is behind the subject exactly as it is: a plain background, such as that of a product on
                   white, to the pixel; any other as far as a small network tells the subject from it
    keep_faces     leave faces their features and skin its hues (all but "colour")
    brush_size     the longest side at which the styles are seen, pixels, 256 to 2048: the larger, the larger are their
                   strokes in the result. None: the longest side of the result, with `whole` 1024 at most

    fast:      transform "wct" (optimal-transport whitening-colouring) or "adain"
    colour:    colour_method "monge-kantorovich" or "reinhard"; of a 16-bit PNG or TIFF the 16 bits are kept
    optimise:  steps (iterations over all scales), content_weight, style_weight, tv_weight, start, optimiser
    """

    content: Picture
    styles: Any
    method: str = "fast"
    strength: float = 1.0
    size: int = 512
    seed: int = 0
    keep_colours: bool = False
    transform: str = "wct"
    colour_method: str = "monge-kantorovich"
    steps: int = 100
    content_weight: float = 1.0
    style_weight: float = 1.0
    tv_weight: float = 1.0
    start: str = "fast"
    optimiser: str = "adam"
    grain: float = 0.5
    keep_background: bool = False
    keep_faces: bool = True
    whole: bool = False
    brush_size: int | None = None

    def __post_init__(self) -> None:
        if self.content is None:
            raise Problem("content_needed")
        put_checked(self, CLASSICAL_CHECKS)
        object.__setattr__(self, "content", open_named(self.content, self.method == "colour"))
        object.__setattr__(self, "styles", open_styles(self.styles))

    # The settings that change the result, for each method: what provenance stores and what the page restores.
    _OWN = {
        "fast": (
            "strength",
            "size",
            "whole",
            "seed",
            "keep_colours",
            "transform",
            "grain",
            "keep_background",
            "keep_faces",
            "brush_size",
        ),
        "patches": ("strength", "size", "seed", "keep_colours", "keep_background", "keep_faces", "brush_size"),
        "optimise": (
            "strength",
            "size",
            "seed",
            "keep_colours",
            "steps",
            "content_weight",
            "style_weight",
            "tv_weight",
            "start",
            "optimiser",
            "grain",
            "keep_background",
            "keep_faces",
            "brush_size",
        ),
        "colour": ("strength", "size", "whole", "seed", "colour_method", "keep_background"),
    }

    @property
    def at_own_size(self) -> bool:
        """Whether the result is as large as the content: `whole`, by a method that can."""
        return self.whole and self.method in WHOLE_METHODS

    @property
    def longest(self) -> int:
        """The longest side of the result, pixels."""
        return max(self.content.size) if self.at_own_size else self.size

    @property
    def styles_at(self) -> int:
        """The longest side at which the styles are seen, pixels."""
        if self.method == "colour":  # it has no strokes
            return seen_at(self.longest, self.at_own_size, None)
        return seen_at(self.longest, self.at_own_size, self.brush_size)

    def settings(self) -> dict[str, Any]:
        """The settings that shaped the result (no pictures), JSON-ready."""
        own = {name: getattr(self, name) for name in self._OWN[self.method]}
        # What follows from others is not among them, lest it stay behind when somebody changes those.
        own = {name: value for name, value in own.items() if value is not None}
        if self.at_own_size:
            del own["size"]
        return {"method": self.method, **own, "style_weights": [weight for _, weight in self.styles]}


def _factor(name: str, value: Any) -> int:
    """How many times as large: 2 or 4."""
    checked = number(name, value, min(FACTORS), max(FACTORS), whole=True)
    if checked not in FACTORS:
        raise Problem("unknown_choice", name=name, value=str(checked), choices=", ".join(map(str, FACTORS)))
    return checked


# What each field of an `EnlargeJob` but its picture may be.
ENLARGE_CHECKS: Mapping[str, Check] = {"factor": _factor, "model": one_of(ENLARGERS)}


@dataclass(frozen=True)
class EnlargeJob:
    """A picture with more pixels and crisp edges; made for what is painted or drawn.

    content  the picture to enlarge: PIL image or path
    factor   2 or 4 times as many pixels along each side; the result has 100 megapixels at most
    made_by  the `provenance.Record` of how the content was made, or None: the result's record says that too
    model    Real-ESRGAN's "animevideov3" (small and quick, comes along), its "x4plus" (finer textures, far slower; has
             to be fetched), or "auto": x4plus where it is on this machine and has a GPU to run on, else animevideov3.
             Nothing is fetched by itself, and nothing becomes slow unless that is asked for
    """

    content: Picture
    factor: int = 4
    made_by: Any = None
    model: str = "animevideov3"

    # As of other jobs: nothing here is left to chance, and there is no style.
    seed = 0
    styles = ()

    def __post_init__(self) -> None:
        if self.content is None:
            raise Problem("content_needed")
        put_checked(self, ENLARGE_CHECKS)
        object.__setattr__(self, "content", open_named(self.content))
        width, height = self.content.size
        if width * height * self.factor**2 > MAX_ENLARGED:
            megapixels = math.ceil(width * height * self.factor**2 / 1e6)
            raise Problem("enlarged_too_large", megapixels=megapixels, limit=MAX_ENLARGED // 1_000_000)

    def settings(self) -> dict[str, Any]:
        """The settings that shaped the result (no pictures), JSON-ready."""
        return {"job": "enlarge", "factor": self.factor, "model": self.model, "seed": self.seed}


# What each field that both kinds of StyleShot's jobs have may be.
_DIFFUSION_CHECKS: Mapping[str, Check] = {
    "prompt": text,
    "model": one_of(TEXT_MODELS),
    "style_strength": between(0, 2),
    "steps": between(1, 150, whole=True),
    "guidance_scale": optional(between(0, 30)),
    "count": between(1, MAX_IMAGES, whole=True),
    "size": optional(side),
    "seed": between(0, MAX_SEED, whole=True),
    "negative_prompt": optional(text),
    "scheduler": one_of(SCHEDULERS),
}

# What each field of a `TextJob` but its pictures may be.
TEXT_CHECKS: Mapping[str, Check] = {
    **_DIFFUSION_CHECKS,
    "follow_sketch": switch,
    "tile": switch,
    "moved": moved.check,
}

# Those of them that mean something to the composer, and those that do to nobody else.
COMPOSER_FIELDS = ("prompt", "model", "style_strength", "count", "size", "seed", "tile", "moved")
COMPOSER_ONLY = ("tile", "moved")

# What each field of an `ImageJob` but its pictures may be.
IMAGE_CHECKS: Mapping[str, Check] = {
    **_DIFFUSION_CHECKS,
    "model": one_of(IMAGE_MODELS),
    "preprocessor": one_of(PREPROCESSORS),
    "content_strength": between(0, 2),
    "threshold": between(0, 255, whole=True),
}

# Those of them that mean something to the painter.
PAINTER_FIELDS = ("model", "style_strength", "content_strength", "size", "seed")


def seed_of(seed: int, n: int) -> int:
    """The seed of image `n` of a job with this seed: `seed + n`, from 0 again after the largest."""
    return (seed + n) % (MAX_SEED + 1)


@dataclass(frozen=True)
class TextJob:
    """What the prompt says, in the style of the pictures: by StyleShot, or composed of drawings and painted.

    styles           pictures, or (picture, weight) pairs; at most 4, weights in any unit, 0 to 100
    prompt           what to paint, up to 1000 characters; may be empty
    model            "styleshot" (the published weights), "composer" (draws what the prompt names, in English or
                     Chinese, and paints that), "small" (a tiny StyleShot), "auto": the first of these that is here
    style_strength   0 (the prompt alone) to 2; of the composer, beyond 1 things are painted as boldly as what is behind
    steps            1 to 150
    guidance_scale   how closely to follow the prompt, 0 to 30; 1 or less means no guidance and no negative prompt.
                     None: the model's own default
    count            how many images, 1 to 8; image n has the seed `seed + n` and is what it would be alone
    size             side of the square result, pixels, 128 to 1024, rounded to a multiple of 8. None: the model's own
    seed             0 to 2**31 - 1; it sets the noise and the order of the style's patches
    negative_prompt  what to avoid. None: the model's own default
    scheduler        "dpm++" (DPM-Solver++ 2M, Karras sigmas), "pndm" (the paper's), "unipc", "euler-a", "ddim"
    follow_sketch    StyleShot also follows the contours of the sketch that the composer draws of the prompt, each
                     image those of its own seed: as an `ImageJob` of that sketch does, at that job's defaults
    tile             whether the picture repeats without a seam, for fabric, wallpaper or textures: the composer then
                     makes a pattern of the things, which goes on at the opposite border, on a ground in the colours
                     of the place that the prompt names, if any. StyleShot cannot: it paints as without
    moved            where things stand in the composer's sketch instead of where it would put them: the name of a
                     drawing -> (x, y) of the middle of its foot, in shares of the picture's sides, 0 to 1 from the
                     upper left, or a list of that for each of several; {"castle": (0.3, 0.7)}. It is kept as JSON
                     text. A tile has no such places

    To the composer, whose sketch is its picture, follow_sketch, steps, guidance_scale, negative_prompt and scheduler
    mean nothing; its pictures have 256 to 1024 pixels a side.
    """

    styles: Any
    prompt: str
    model: str = "auto"
    style_strength: float = 1.0
    steps: int = 20
    guidance_scale: float | None = None
    count: int = 1
    size: int | None = None
    seed: int = 0
    negative_prompt: str | None = None
    scheduler: str = "dpm++"
    follow_sketch: bool = False
    tile: bool = False
    moved: Any = ""

    def __post_init__(self) -> None:
        put_checked(self, TEXT_CHECKS)
        object.__setattr__(self, "styles", open_styles(self.styles))

    @property
    def total(self) -> int:
        """How many images the result has."""
        return self.count

    def alone(self, n: int) -> "TextJob":
        """The job that makes image `n` of this one, 0 to `total - 1`, and nothing else."""
        return replace(self, seed=seed_of(self.seed, n), count=1)

    def settings(self) -> dict[str, Any]:
        """The settings that shaped the result (no pictures), JSON-ready."""
        names = COMPOSER_FIELDS if self.model == "composer" else TEXT_CHECKS
        own = {name: getattr(self, name) for name in names}
        if self.model != "composer":  # what others do not read is in no record of theirs
            own = {name: value for name, value in own.items() if value or name not in COMPOSER_ONLY}
        return {"job": "text", **own, "style_weights": [weight for _, weight in self.styles]}


@dataclass(frozen=True)
class ImageJob:
    """A content picture's lines, painted in the style of the other pictures by StyleShot; or the picture, repainted.

    content           the picture whose lines to follow: PIL image or path
    styles            as in `TextJob`
    prompt            as in `TextJob`; may be empty
    model             "styleshot" (the published weights), "painter" (the fast network, which repaints the picture
                      itself), "small" (a tiny StyleShot), "auto": the first of these that is here
    preprocessor      what is kept of the content: "contour", "lineart", or "both": every image once with each, the
                      images with contours first, so that there are `2 * count`
    content_strength  0 (the lines are not looked at) to 2; of the painter, below 1 details of the picture give way to
                      brushwork, beyond 1 they come back
    threshold         0 to 255: how strong an edge has to be to become a contour; more means fewer lines
    size              short side of the result, pixels, 128 to 1024; the aspect ratio is the content's, both sides are
                      rounded to multiples of 8. None: the model's own

    All else is as in `TextJob`. The painter makes one picture; only both strengths, size and seed mean something to it,
    and beyond a style strength of 1 its brush grows.
    """

    content: Picture
    styles: Any
    prompt: str = ""
    preprocessor: str = "contour"
    content_strength: float = 1.0
    threshold: int = 200
    model: str = "auto"
    style_strength: float = 1.0
    steps: int = 20
    guidance_scale: float | None = None
    count: int = 1
    size: int | None = None
    seed: int = 0
    negative_prompt: str | None = None
    scheduler: str = "dpm++"

    def __post_init__(self) -> None:
        if self.content is None:
            raise Problem("content_needed")
        put_checked(self, IMAGE_CHECKS)
        object.__setattr__(self, "content", open_named(self.content))
        object.__setattr__(self, "styles", open_styles(self.styles))

    @property
    def preprocessors(self) -> tuple[str, ...]:
        """ "contour", "lineart" or both."""
        return ("contour", "lineart") if self.preprocessor == "both" else (self.preprocessor,)

    @property
    def total(self) -> int:
        """How many images the result has."""
        return self.count * len(self.preprocessors)

    def alone(self, n: int) -> "ImageJob":
        """The job that makes image `n` of this one, 0 to `total - 1`, and nothing else."""
        preprocessor = self.preprocessors[n // self.count]
        return replace(self, preprocessor=preprocessor, seed=seed_of(self.seed, n % self.count), count=1)

    def settings(self) -> dict[str, Any]:
        """The settings that shaped the result (no pictures), JSON-ready."""
        names = PAINTER_FIELDS if self.model == "painter" else IMAGE_CHECKS
        own = {name: getattr(self, name) for name in names}
        return {"job": "image", **own, "style_weights": [weight for _, weight in self.styles]}
