"""Where a photo is painted: everywhere, or a region of it, which a person brushes or a network finds."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from PIL import Image, ImageChops
from pydantic import SkipValidation

from styleshot_demo.errors import Problem
from styleshot_demo.jobs.inputs import open_named
from styleshot_demo.jobs.schema import Choice, Number, Switch

REGIONS = ("everywhere", "subject", "person", "background", "mask", "alpha")
FOUND = ("subject", "person", "background")  # regions that networks find
FEATHER = 200  # pixels at most
RESTS = ("photo", "last")
REGION_FIELDS = ("region", "outside", "feather", "rest")
T = TypeVar("T")
LOPSIDED = 0.02  # share of a side by which the shape of a mask may differ from the photo's: both were rounded

Region = Annotated[
    str,
    Choice(
        "Where to paint; the rest of the picture stays as it is, to the pixel. subject: what stands out from its "
        "background; person: people whose faces can be seen; background: what is behind the subject; mask: where the "
        "mask is white; alpha: what is opaque",
        REGIONS,
        place="region",
    ),
]
Outside = Annotated[bool, Switch("Paint outside of that region instead", place="region")]
Feather = Annotated[
    int,
    Number(
        "Over how many pixels of the result the paint fades in, from the edge of where it is painted inwards",
        0, FEATHER, whole=True, unit="pixels", step=1, place="region",
    ),
]  # fmt: skip
Rest = Annotated[
    str,
    Choice(
        "What the rest of the picture is: photo, as it was; last, painted too, in the last of several styles, which "
        "then paints nothing else",
        RESTS,
        place="region",
    ),
]
# Of a job that is made: mode "L", 255 where it is white. It is opened when all that takes no time has been checked.
Mask = Annotated[Image.Image | None, SkipValidation]


def divided(
    region: str, rest: str, styles: Sequence[tuple[T, float]]
) -> tuple[Sequence[tuple[T, float]], Sequence[tuple[T, float]] | None]:
    """(styles that paint the region, the one that paints the rest), weights as they were; None: nothing does."""
    if region == "everywhere" or rest != "last" or len(styles) < 2:
        return styles, None
    return styles[:-1], styles[-1:]


def without_idle(settings: Mapping[str, Any], several: bool) -> dict[str, Any]:
    """A job's settings without those of regions that mean nothing: all of them where it is painted everywhere, `rest`
    where no style of `several` paints there."""
    idle = REGION_FIELDS if settings.get("region") == "everywhere" else () if several else ("rest",)
    return {name: value for name, value in settings.items() if name not in idle}


def open_mask(source: Any, size: tuple[int, int], outside: bool) -> Image.Image:
    """A mask, through the gate for pictures, as how far each pixel belongs to it: mode "L", of the size that it has.

    source  what is white counts, what is black or transparent does not: PIL image or path
    size    width and height of the photo, whose shape it must have
    outside whether what it does not cover is painted

    Raises `Problem`: mask_needed, mask_shape, mask_empty where nothing would be painted, and those of the gate.
    """
    if source is None:
        raise Problem("mask_needed")
    picture = open_named(source)
    mask = picture.convert("L")
    if picture.mode == "RGBA":
        mask = ImageChops.multiply(mask, picture.getchannel("A"))
    mask.info = dict(picture.info)
    if not _has_shape(mask.size, size):
        width, height = mask.size
        raise Problem("mask_shape", width=width, height=height, wide=size[0], high=size[1])
    least, most = mask.getextrema()
    if (least == 255) if outside else (most == 0):
        raise Problem("mask_empty")
    return mask


def _has_shape(mask: tuple[int, int], photo: tuple[int, int]) -> bool:
    scale = max(photo) / max(mask)
    return all(
        abs(own * scale - side) <= max(1.0, scale, LOPSIDED * side) for own, side in zip(mask, photo, strict=True)
    )
