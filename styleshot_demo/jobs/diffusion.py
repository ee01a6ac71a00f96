"""Pictures from words, and along a photo's lines: what can be asked for."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic.dataclasses import dataclass

from styleshot_demo.jobs import moved
from styleshot_demo.jobs.inputs import Content, Styles, open_named, open_styles
from styleshot_demo.jobs.palette import PaletteText, without_no_palette
from styleshot_demo.jobs.regions import (
    REGION_FIELDS,
    Feather,
    Mask,
    Outside,
    Region,
    Rest,
    divided,
    open_mask,
    without_idle,
)
from styleshot_demo.jobs.schema import CONFIG, Choice, Multiple, Number, Switch, Text, documented, fields
from styleshot_demo.jobs.seeds import MAX_SEED, seed_of

TEXT_MODELS = ("auto", "styleshot", "composer", "small")
IMAGE_MODELS = ("auto", "styleshot", "painter", "small")
PREPROCESSORS = ("contour", "lineart", "both")
PAINTED_BY = ("fast", "optimise")  # the classical methods that can paint a sketch
SCHEDULERS = ("dpm++", "pndm", "unipc", "euler-a", "ddim")
MAX_IMAGES = 8
IMAGE_SIZES = (128, 1024)  # pixels of a side of a diffusion model's picture, or of its short side
SIZE_MULTIPLE = 8  # one number of the latents stands for 8 x 8 pixels

# Those settings that mean something to the composer, and those that do to nobody else.
COMPOSER_FIELDS = (
    "prompt", "model", "style_strength", "count", "size", "seed", "painted_by", "tile", "moved", "palette",
)  # fmt: skip
COMPOSER_ONLY = ("painted_by", "tile", "moved")
# Those that mean something to the painter.
PAINTER_FIELDS = ("model", "style_strength", "content_strength", "size", "seed", "palette", *REGION_FIELDS)

_OWN = "the model's own"
Prompt = Annotated[str, Text("What to paint, up to 1000 characters; may be empty")]
StyleStrength = Annotated[
    float,
    Number(
        "0 is the prompt alone, 1 the style as published; beyond 1 the composer paints things as boldly as what is "
        "behind, by optimise the style pulls harder, and the painter's brush grows",
        0, 2, step=0.05,
    ),
]  # fmt: skip
Steps = Annotated[int, Number("Denoising steps", 1, 150, whole=True, step=1, place="numbers")]
Guidance = Annotated[
    float | None,
    Number(
        "How closely to follow the prompt; 1 or less: no guidance and no negative prompt",
        0, 30, step=0.5, place="numbers", unset=_OWN,
    ),
]  # fmt: skip
Count = Annotated[int, Number("How many images; image n has seed + n", 1, MAX_IMAGES, whole=True, step=1)]
Seed = Annotated[int, Number("Same seed, same picture", 0, MAX_SEED, whole=True)]
Negative = Annotated[str | None, Text("What to avoid", unset=_OWN, place="finer")]
Scheduler = Annotated[
    str,
    Choice(
        "How noise is taken away: DPM-Solver++ 2M with Karras' sigmas, PNDM as in the paper, UniPC, Euler ancestral, "
        "DDIM",
        SCHEDULERS,
        place="finer",
    ),
]


class Places(Text):
    """Where things were moved to; see `styleshot_demo.jobs.moved`."""

    def checked(self, name: str, value: Any) -> str:
        return moved.check(name, value)


def _size(which: str) -> Multiple:
    return Multiple(which, *IMAGE_SIZES, of=SIZE_MULTIPLE, whole=True, unit="pixels", step=SIZE_MULTIPLE, unset=_OWN)


@documented
@dataclass(frozen=True, config=CONFIG)
class TextJob:
    """What the prompt says, in the style of the pictures: by StyleShot, or composed of drawings and painted.

    styles  pictures, or (picture, weight) pairs; at most 4, weights in any unit, 0 to 100

    To the composer, whose sketch is its picture, follow_sketch, steps, guidance_scale, negative_prompt and scheduler
    mean nothing; its pictures have 256 to 1024 pixels a side. Where None stands for the model's own default, only the
    plan knows it.
    """

    styles: Styles
    prompt: Prompt
    model: Annotated[
        str,
        Choice(
            "styleshot: the published weights; composer: draws what the prompt names, in English or Chinese, and "
            "paints that; small: a tiny StyleShot; auto: the published StyleShot where its files are on disk, else the "
            "composer",
            TEXT_MODELS,
        ),
    ] = "auto"
    style_strength: StyleStrength = 1.0
    steps: Steps = 20
    guidance_scale: Guidance = None
    count: Count = 1
    size: Annotated[int | None, _size("Side of the square result, rounded to a multiple of 8")] = None
    seed: Seed = 0
    negative_prompt: Negative = None
    scheduler: Scheduler = "dpm++"
    follow_sketch: Annotated[
        bool,
        Switch(
            "StyleShot also follows the contours of the sketch that the composer draws of the prompt, each image those "
            "of its own seed, as an image job of that sketch does at its defaults"
        ),
    ] = False
    painted_by: Annotated[
        str,
        Choice(
            "What paints the composer's sketch: fast, in a moment; optimise, Gatys' method, from there step by step, "
            "in minutes, and no tile",
            PAINTED_BY,
        ),
    ] = "fast"
    tile: Annotated[
        bool,
        Switch(
            "A pattern that repeats without a seam, for fabric, wallpaper or textures; the composer alone can make "
            "one, on a ground in the colours of the place that the prompt names, if any"
        ),
    ] = False
    moved: Annotated[
        Any,
        Places(
            "Where things stand in the composer's sketch instead of where it would put them, as JSON: the name of a "
            "drawing with (x, y) of the middle of its foot in shares of the picture's sides from the upper left, or a "
            'list of that for each of several, such as {"castle": [0.3, 0.7]}; kept as JSON text. A tile has no such '
            "places"
        ),
    ] = ""
    palette: PaletteText = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "styles", open_styles(self.styles))

    @property
    def total(self) -> int:
        """How many images the result has."""
        return self.count

    def single(self, n: int) -> "TextJob":
        """The job that makes image `n` of this one, 0 to `total - 1`, and nothing else."""
        return replace(self, seed=seed_of(self.seed, n), count=1)

    def settings(self) -> dict[str, Any]:
        """The settings that shaped the result (no pictures), JSON-ready."""
        names = COMPOSER_FIELDS if self.model == "composer" else fields(TextJob)
        own = {name: getattr(self, name) for name in names}
        if self.model != "composer":  # what others do not read is in no record of theirs
            usual = {name: getattr(TextJob, name) for name in COMPOSER_ONLY}
            own = {name: value for name, value in own.items() if name not in usual or value != usual[name]}
        return {"job": "text", **without_no_palette(own), "style_weights": [weight for _, weight in self.styles]}


@documented
@dataclass(frozen=True, config=CONFIG)
class ImageJob:
    """A content picture's lines, painted in the style of the other pictures by StyleShot; or the picture, repainted.

    content  the picture whose lines to follow: PIL image or path
    styles   as in `TextJob`
    mask     as in `ClassicalJob`

    With the preprocessor "both" every image is made once with each, those with contours first, so that there are
    `2 * count`. The painter makes one picture; only both strengths, size, seed and where to paint mean something to it.
    """

    content: Content
    styles: Styles
    prompt: Prompt = ""
    preprocessor: Annotated[str, Choice("What is kept of the content", PREPROCESSORS)] = "contour"
    content_strength: Annotated[
        float,
        Number(
            "0 does not look at the content's lines, 1 as published; by the painter details of the picture give way to "
            "brushwork below 1 and come back beyond it",
            0, 2, step=0.05,
        ),
    ] = 1.0  # fmt: skip
    threshold: Annotated[
        int,
        Number("contour: how strong an edge has to be; more means fewer lines", 0, 255, whole=True, step=1),
    ] = 200
    model: Annotated[
        str,
        Choice(
            "styleshot: the published weights; painter: the fast network, which repaints the picture itself; small: a "
            "tiny StyleShot; auto: the published StyleShot where its files are on disk, else the painter",
            IMAGE_MODELS,
        ),
    ] = "auto"
    style_strength: StyleStrength = 1.0
    steps: Steps = 20
    guidance_scale: Guidance = None
    count: Count = 1
    size: Annotated[
        int | None, _size("Short side of the result, which has the content's aspect ratio; multiples of 8")
    ] = None
    seed: Seed = 0
    negative_prompt: Negative = None
    scheduler: Scheduler = "dpm++"
    palette: PaletteText = ""
    region: Region = "everywhere"
    outside: Outside = False
    feather: Feather = 3
    rest: Rest = "photo"
    mask: Mask = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", open_named(self.content))
        mask = open_mask(self.mask, self.content.size, self.outside) if self.region == "mask" else None
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "styles", open_styles(self.styles))

    @property
    def preprocessors(self) -> tuple[str, ...]:
        """ "contour", "lineart" or both."""
        return ("contour", "lineart") if self.preprocessor == "both" else (self.preprocessor,)

    @property
    def total(self) -> int:
        """How many images the result has."""
        return self.count * len(self.preprocessors)

    def single(self, n: int) -> "ImageJob":
        """The job that makes image `n` of this one, 0 to `total - 1`, and nothing else."""
        preprocessor = self.preprocessors[n // self.count]
        return replace(self, preprocessor=preprocessor, seed=seed_of(self.seed, n % self.count), count=1)

    def settings(self) -> dict[str, Any]:
        """The settings that shaped the result (no pictures), JSON-ready."""
        names = PAINTER_FIELDS if self.model == "painter" else fields(ImageJob)
        several = divided(self.region, self.rest, self.styles)[1] is not None
        own = without_idle({name: getattr(self, name) for name in names}, several)
        return {"job": "image", **without_no_palette(own), "style_weights": [weight for _, weight in self.styles]}
