"""Classical style transfer: what can be asked for."""

import copy
from typing import Annotated, Any

from pydantic.dataclasses import dataclass

from styleshot_demo.jobs.inputs import Content, Styles, open_named, open_styles
from styleshot_demo.jobs.palette import PaletteText
from styleshot_demo.jobs.regions import Feather, Mask, Outside, Region, Rest, divided, open_mask, without_idle
from styleshot_demo.jobs.schema import CONFIG, Choice, Number, Switch, documented, fields
from styleshot_demo.jobs.seeds import MAX_SEED

METHODS = ("fast", "patches", "optimise", "colour")
WHOLE_METHODS = ("fast", "colour")  # that can paint a picture at its own size, whatever that is
STROKED = ("fast", "patches", "optimise")  # that put brushwork on, not colours alone
CLASSICAL_SIZES = (256, 2048)
WHOLE_STYLES_AT = 1024  # pixels of the longest side at which styles are seen for a large photo, unless said otherwise
TRANSFORMS = ("wct", "adain")
COLOUR_METHODS = ("monge-kantorovich", "reinhard")
COLOURS_FROM = ("all", "first", "last")
STARTS = ("content", "fast", "noise")
OPTIMISERS = ("adam", "lbfgs")
_OPTIMISE = ("optimise",)


def style_size_for(longest: int, whole: bool, brush_size: int | None) -> int:
    """The longest side at which a classical job sees its styles, if that of its result is `longest` pixels."""
    if brush_size is not None:
        return brush_size
    # Larger than that few styles have anything to show, and large pictures would come out smooth.
    return min(max(longest, CLASSICAL_SIZES[0]), WHOLE_STYLES_AT) if whole else longest


@documented
@dataclass(frozen=True, config=CONFIG)
class ClassicalJob:
    """Classical neural style transfer, or colour transfer, of one content picture.

    content  the picture to repaint: PIL image or path; of a 16-bit PNG or TIFF `colour` keeps the 16 bits
    styles   pictures, or (picture, weight) pairs; at most 4, weights in any unit, 0 to 100
    mask     where the region "mask" is: PIL image or path of the content's shape and any size, painted where it is
             white; None for other regions
    """

    content: Content
    styles: Styles
    method: Annotated[
        str,
        Choice(
            "fast: one pass; patches: pieces of the style itself, such as tiles, dots, hatching; optimise: Gatys' "
            "method, slow and thorough; colour: colours only",
            METHODS,
        ),
    ] = "fast"
    strength: Annotated[float, Number("0 leaves the content as it is, 1 is the full style", 0, 1)] = 1.0
    size: Annotated[int, Number("Longest side of the result", *CLASSICAL_SIZES, whole=True, unit="pixels", step=1)] = (
        512
    )
    keep_faces: Annotated[
        bool,
        Switch("Keep features of faces and hues of skin", off="--paint-faces", methods=STROKED, place="switches"),
    ] = True
    keep_background: Annotated[
        bool,
        Switch(
            "Leave what is behind the subject as it is: a plain background, such as a product's white, to the pixel, "
            "any other as far as a small network tells the subject from it",
            place="switches",
        ),
    ] = False
    keep_colours: Annotated[
        bool, Switch("Keep the content's colours, take only brushwork", methods=STROKED, place="switches")
    ] = False
    region: Region = "everywhere"
    outside: Outside = False
    feather: Feather = 3  # more leaves a rim of the photo around hair
    rest: Rest = "photo"
    whole: Annotated[
        bool,
        Switch(
            "Paint the content at its own size, up to 40 megapixels, whatever the size says",
            methods=WHOLE_METHODS,
            place="switches",
        ),
    ] = False
    grain: Annotated[
        float,
        Number(
            "Brushwork in flat areas, beyond 0.5 more and more in photographs too; the seed shuffles it",
            0, 1, step=0.05, methods=("fast", "optimise"), place="finer",
        ),
    ] = 0.5  # fmt: skip
    transform: Annotated[
        str,
        Choice("How the style's statistics are put on", TRANSFORMS, methods=("fast",), place="finer"),
    ] = "wct"
    colours_from: Annotated[
        str,
        Choice(
            "Which of several styles gives the colours; another than all gives nothing else, and the others brushwork",
            COLOURS_FROM, methods=("fast",), place="finer",
        ),
    ] = "all"  # fmt: skip
    colour_method: Annotated[
        str, Choice("How colours are mapped", COLOUR_METHODS, methods=("colour",), place="finer")
    ] = "monge-kantorovich"
    start: Annotated[str, Choice("What to begin with", STARTS, methods=_OPTIMISE, place="finer")] = "fast"
    optimiser: Annotated[str, Choice("What minimises the loss", OPTIMISERS, methods=_OPTIMISE, place="finer")] = "adam"
    brush_size: Annotated[
        int | None,
        Number(
            "Longest side at which the style is seen: more means larger strokes",
            *CLASSICAL_SIZES, whole=True, unit="pixels", step=1, typed=True, methods=STROKED, place="finer",
            unset="the result's, with --whole at most 1024",
        ),
    ] = None  # fmt: skip
    steps: Annotated[
        int,
        Number(
            "Iterations over all sizes", 1, 5000, whole=True, step=1, typed=True, methods=_OPTIMISE, place="numbers"
        ),
    ] = 100
    content_weight: Annotated[
        float, Number("Hold on to the content", 0, 100, step=0.1, typed=True, methods=_OPTIMISE, place="numbers")
    ] = 1.0
    style_weight: Annotated[
        float, Number("Pull towards the style", 0, 100, step=0.1, typed=True, methods=_OPTIMISE, place="numbers")
    ] = 1.0
    tv_weight: Annotated[
        float, Number("Smooth the result", 0, 100, step=0.1, typed=True, methods=_OPTIMISE, place="numbers")
    ] = 1.0
    painted_strength: Annotated[
        float,
        Number(
            "Least strength at which it is painted; at a lower `strength` that painting is blended with the content",
            0, 1, step=0.05, methods=_OPTIMISE,
        ),
    ] = 0.0  # fmt: skip
    palette: PaletteText = ""
    seed: Annotated[int, Number("Same seed, same picture", 0, MAX_SEED, whole=True)] = 0
    mask: Mask = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", open_named(self.content, self.method == "colour"))
        mask = open_mask(self.mask, self.content.size, self.outside) if self.region == "mask" else None
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "styles", open_styles(self.styles))

    @property
    def at_own_size(self) -> bool:
        """Whether the result is as large as the content: `whole`, by a method that can."""
        return self.whole and self.method in WHOLE_METHODS

    @property
    def longest(self) -> int:
        """The longest side of the result, pixels."""
        return max(self.content.size) if self.at_own_size else self.size

    @property
    def colour_style(self) -> int | None:
        """Which of the styles gives the colours and nothing else; None: each gives colours and brushwork."""
        if self.method != "fast" or len(self.styles) < 2:
            return None
        return {"first": 0, "last": len(self.styles) - 1}.get(self.colours_from)

    @property
    def style_size(self) -> int:
        """The longest side at which the styles are seen, pixels."""
        brush_size = self.brush_size if self.method in STROKED else None
        return style_size_for(self.longest, self.at_own_size, brush_size)

    @property
    def paintings(self) -> tuple["ClassicalJob", ...]:
        """What is painted, each with the strength at which that is done and the styles that are its own: the job
        itself; where another style paints the rest of the picture, what is laid into the region, and what into the
        rest."""
        inside, rest = divided(self.region, self.rest, self.styles)
        painted = self
        if self.painted_strength:
            painted = self._with(strength=self._strength_painted, painted_strength=0.0)
        if rest is None:
            return (painted,)
        return painted._with(styles=inside, rest="photo"), painted._with(styles=rest, rest="photo")

    @property
    def opacity(self) -> float:
        """How far what is painted is blended over the content, pixel by pixel, 0 to 1."""
        return self.strength / self._strength_painted if self._strength_painted else 1.0

    @property
    def _strength_painted(self) -> float:
        return max(self.strength, self.painted_strength) if self.method in _OPTIMISE else self.strength

    def _with(self, **values: Any) -> "ClassicalJob":
        # No `replace`, which would open and copy all pictures again.
        other = copy.copy(self)
        for name, value in values.items():
            object.__setattr__(other, name, value)
        return other

    def settings(self) -> dict[str, Any]:
        """The settings that shaped the result (no pictures), JSON-ready: those that the method reads."""
        own = {name: getattr(self, name) for name in settings_read_by(self.method)}
        # What follows from others is not among them, lest it stay behind when somebody changes those.
        own = {name: value for name, value in own.items() if value is not None}
        if self.at_own_size:
            del own["size"]
        own = without_idle(own, len(self.paintings) > 1)
        if not self.palette or self.strength == 0:  # at 0 it is the photo itself
            del own["palette"]
        if self.opacity in (0, 1):  # the photo itself, or what is painted
            own.pop("painted_strength", None)
        if self.paintings[0].colour_style is None:
            own.pop("colours_from", None)
        return {**own, "style_weights": [weight for _, weight in self.styles]}


def settings_read_by(method: str) -> tuple[str, ...]:
    """The names of the settings that a method reads, `method` among them."""
    known = fields(ClassicalJob)
    return tuple(name for name, field in known.items() if not field.setting.methods or method in field.setting.methods)
