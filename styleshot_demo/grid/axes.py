"""What can differ along the rows and columns of a grid, and the values it takes there.

Every setting of a job is one, as its field says what it may be; those that are words of a person's own are none. Two
more are the pictures: one style after another, and a mixture that leads from one style to a second.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from styleshot_demo.errors import Problem
from styleshot_demo.jobs import MAX_SEED, checks, fields, seed_of
from styleshot_demo.jobs.schema import Choice, Factor, Field, Number, Switch, Text

STYLE, MIX = "style", "mix"
MOST_VALUES = 64
_FIRST = (
    "strength",
    "style_strength",
    "content_strength",
    STYLE,
    MIX,
    "seed",
    "method",
    "steps",
    "guidance_scale",
    "size",
)
_NEVER = ("count",)  # a cell is one picture
# Choices that are no cells: they stand for others, or need more than a word.
_NO_CELLS = {"preprocessor": ("both",), "model": ("auto",), "region": ("mask",)}
_USUAL = 4  # values of what has no natural number of them
_MIXTURES = 5
_SWITCH = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False}


@dataclass(frozen=True)
class NamedStyle:
    """A style as jobs take it, (picture, weight) pairs, and what it is called."""

    name: str
    styles: tuple[tuple[Image.Image, float], ...]
    name_zh: str = ""


@dataclass(frozen=True)
class Axis:
    """A setting with the values that it takes, in their order.

    name    of a field of the job; `STYLE`, whose values are `NamedStyle`s; or `MIX`, whose values are shares of the
            second of two styles, 0 to 1
    values  as the job keeps them
    """

    name: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise Problem("grid_no_values", name=self.name)
        if len(self.values) > MOST_VALUES:
            raise Problem("grid_too_large", cells=len(self.values), limit=MOST_VALUES)

    def changes(self, place: int, styles: Sequence[tuple[Any, float]]) -> dict[str, Any]:
        """What value `place` sets, by the names of a job's fields; `styles` are those of the job before."""
        value = self.values[place]
        if self.name == STYLE:
            return {"styles": value.styles}
        if self.name == MIX:
            (first, _), (second, _) = styles
            return {"styles": ((first, round(1 - value, 6)), (second, value))}
        return {self.name: value}

    @property
    def labels(self) -> list[str]:
        """Each value as a word or number."""
        return [label(self.name, value) for value in self.values]


def label(name: str, value: Any) -> str:
    """A value of the axis `name` as a word or number."""
    if isinstance(value, NamedStyle):
        return value.name
    if isinstance(value, bool):
        return "on" if value else "off"
    if name == MIX:
        return f"{100 * (1 - value):.3g} : {100 * value:.3g}"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


def axes(job: type) -> tuple[str, ...]:
    """The names of all that can differ in a grid of jobs of this kind, what is asked for most often first."""
    own = [name for name, field in fields(job).items() if _varies(field)] + [STYLE, MIX]
    return (*(name for name in _FIRST if name in own), *(name for name in own if name not in _FIRST))


def choices(field: Field) -> tuple[str, ...]:
    """The words that an axis of this field can have; none where it has no words."""
    if isinstance(field.setting, Choice):
        return tuple(one for one in field.setting.options if one not in _NO_CELLS.get(field.name, ()))
    return ("on", "off") if isinstance(field.setting, Switch) else ()


def usual(job: type, name: str, now: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values that an axis of a setting, or `MIX`, has where nobody names any; `now`: those of the settings now.

    Every choice; quarters of a short range, such as a strength's; seeds next to one another; of other numbers half,
    the same and twice as much.
    """
    if name == MIX:
        return tuple(n / (_MIXTURES - 1) for n in range(_MIXTURES))
    field = _field(job, name)
    setting, value = field.setting, now.get(name, field.default)
    if isinstance(setting, Switch):
        return (False, True)
    if isinstance(setting, Choice):
        return choices(field)
    if isinstance(setting, Factor):
        return setting.options
    assert isinstance(setting, Number)  # `_varies`
    if setting.high == MAX_SEED:
        return tuple(seed_of(int(value or 0), n) for n in range(_USUAL))
    if setting.high - setting.low <= 2:
        quarters = [setting.low + n * (setting.high - setting.low) / 4 for n in range(5)]
        return tuple(quarters[name == "strength" :])  # at 0 it is the photo itself
    if not isinstance(value, int | float) or value <= 0:
        value = 2 * setting.low if setting.low else setting.high / 4
    near = (min(max(setting.low, value * times), setting.high) for times in (0.5, 1, 2))
    return tuple(dict.fromkeys(setting.checked(name, round(one) if setting.whole else one) for one in near))


def read(job: type, name: str, text: str) -> tuple[Any, ...]:
    """The values of an axis of a setting, or of `MIX`, from such as "0.2, 0.5, 0.8", each once.

    One whole number alone is how many steps a mixture has. Raises `Problem`: unknown_axis, grid_no_values, and what
    the setting has to say of a wrong value.
    """
    parts = split(text)
    if not parts:
        raise Problem("grid_no_values", name=name)
    if name == MIX:
        if len(parts) == 1 and re.fullmatch(r"[0-9]{1,4}", parts[0]) and int(parts[0]) > 1:
            steps = checks.number(name, parts[0], 2, MOST_VALUES, whole=True)
            return tuple(round(n / (steps - 1), 4) for n in range(steps))
        return tuple(dict.fromkeys(checks.number(name, part, 0, 1) for part in parts))
    field = _field(job, name)
    for part in parts:
        if part in _NO_CELLS.get(name, ()):
            checks.choice(name, part, choices(field))
    return tuple(dict.fromkeys(value_of(field, part) for part in parts))


def value_of(field: Field, text: str) -> Any:
    """A value of a setting from its text; `Problem` for one that it may not be."""
    is_switch = isinstance(field.setting, Switch)
    return field.setting.check(field.name, _SWITCH.get(text.casefold(), text) if is_switch else text)


def split(text: str) -> list[str]:
    """The parts of a text, with commas between them, or with semicolons where parts have commas of their own."""
    signs = r"[;；]" if re.search(r"[;；]", text) else r"[,，、]"
    return [part.strip() for part in re.split(signs, text) if part.strip()]


def _varies(field: Field) -> bool:
    return not isinstance(field.setting, Text) and field.name not in _NEVER


def _field(job: type, name: str) -> Field:
    field = fields(job).get(name)
    if field is None or not _varies(field):
        raise Problem("unknown_axis", name=str(name)[:40], axes=", ".join(axes(job)))
    return field
