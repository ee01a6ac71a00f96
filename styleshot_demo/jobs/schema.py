"""What one setting of a job may be, written once.

The type of a job's field carries it, `grain: Annotated[float, Number("Brushwork", 0, 1)] = 0.5`. From that come the
check as a job is made (by pydantic), the option of the command line, the control of the page, the check of what a
stored record or a browser gives back, and the paragraph about the field in the job's documentation.
"""

import dataclasses
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from pydantic import BeforeValidator, ConfigDict, GetCoreSchemaHandler, ValidationInfo

from styleshot_demo.errors import Problem
from styleshot_demo.jobs import checks

T = TypeVar("T")
CONFIG = ConfigDict(arbitrary_types_allowed=True)  # of the dataclasses: pictures are Pillow's


@dataclasses.dataclass(frozen=True)
class Setting:
    """One setting; a subclass for each kind of value.

    help     what it does, one sentence or more without the last full stop, as command line and documentation say it
    unset    what None stands for, of a setting that may be None
    methods  the methods of a `ClassicalJob` that read it; empty: all of them
    place    where the page shows it: "switches", or in the drawer of settings that few people need, "finer" one below
             the other, "numbers" beside each other; None: the tab puts it somewhere itself
    """

    help: str
    unset: str | None = dataclasses.field(default=None, kw_only=True)
    methods: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)
    place: str | None = dataclasses.field(default=None, kw_only=True)

    def check(self, name: str, value: Any) -> Any:
        """`value` as the job keeps it; `Problem` where the setting `name` may not be that."""
        return None if value is None and self.unset is not None else self.checked(name, value)

    def checked(self, name: str, value: Any) -> Any:
        """`check` of what is not None."""
        raise NotImplementedError

    @property
    def allowed(self) -> str:
        """What it may be, such as "0 to 1"; empty where the kind of value says that."""
        return ""

    @property
    def sentence(self) -> str:
        """What it does and may be, with its full stop."""
        return f"{self.help} ({self.allowed})." if self.allowed else f"{self.help}."

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        # Ours come first: they say in a sentence, in both languages, what pydantic says in English to a programmer.
        def check(value: Any, info: ValidationInfo) -> Any:
            return self.check(str(info.field_name), value)

        return BeforeValidator(check).__get_pydantic_core_schema__(source, handler)


@dataclasses.dataclass(frozen=True)
class Number(Setting):
    """A number, or a whole one, from `low` to `high`.

    unit   such as "pixels"
    step   of the page's control
    typed  whether it is typed there, and not slid
    """

    low: float
    high: float
    whole: bool = dataclasses.field(default=False, kw_only=True)
    unit: str = dataclasses.field(default="", kw_only=True)
    step: float | None = dataclasses.field(default=None, kw_only=True)
    typed: bool = dataclasses.field(default=False, kw_only=True)

    def checked(self, name: str, value: Any) -> Any:
        return checks.number(name, value, self.low, self.high, self.whole)

    @property
    def allowed(self) -> str:
        return f"{self.low:.10g} to {self.high:.10g} {self.unit}".strip()


@dataclasses.dataclass(frozen=True)
class Multiple(Number):
    """A whole number that is rounded to a multiple of `of`."""

    of: int = dataclasses.field(default=1, kw_only=True)

    def checked(self, name: str, value: Any) -> int:
        return round(checks.number(name, value, self.low, self.high, whole=True) / self.of) * self.of


@dataclasses.dataclass(frozen=True)
class Choice(Setting):
    """One of several words."""

    options: tuple[str, ...]

    def checked(self, name: str, value: Any) -> str:
        return checks.choice(name, value, self.options)


@dataclasses.dataclass(frozen=True)
class Factor(Setting):
    """One of several whole numbers."""

    options: tuple[int, ...]

    def checked(self, name: str, value: Any) -> int:
        number = checks.number(name, value, min(self.options), max(self.options), whole=True)
        return int(checks.choice(name, str(number), [str(option) for option in self.options]))


@dataclasses.dataclass(frozen=True)
class Switch(Setting):
    """True or False. `off`: the word of the option that turns it off, of one that is on by default."""

    off: str | None = dataclasses.field(default=None, kw_only=True)

    def checked(self, name: str, value: Any) -> bool:
        return checks.switch(name, value)


@dataclasses.dataclass(frozen=True)
class Text(Setting):
    """One line of text."""

    def checked(self, name: str, value: Any) -> str:
        return checks.text(name, value)


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a job that is a setting: its name, its type without what it may be, its default and its schema."""

    name: str
    type: Any
    default: Any
    setting: Setting


@cache
def fields(job: type) -> Mapping[str, Field]:
    """The settings of a kind of job by name, in their order; its pictures are not among them."""
    hints, found = get_type_hints(job, include_extras=True), {}
    for field in dataclasses.fields(job):
        hint = hints[field.name]
        if get_origin(hint) is Annotated:
            kind, *extras = get_args(hint)
            for setting in extras:
                if isinstance(setting, Setting):
                    found[field.name] = Field(field.name, kind, getattr(job, field.name, None), setting)
    return found


def check_each(job: type) -> dict[str, Callable[[str, Any], Any]]:
    """The check of each setting of a kind of job by name: check(name, value)."""
    return {name: field.setting.check for name, field in fields(job).items()}


def defaults(job: type) -> dict[str, Any]:
    """The default of each setting of a kind of job by name; None of one that has to be given."""
    return {name: field.default for name, field in fields(job).items()}


def documented(job: type[T]) -> type[T]:
    """The same class, whose docstring tells of its settings too, and which refuses what is none of its fields."""
    width = max(map(len, fields(job))) + 2
    lines = [f"    {name:{width}}{field.setting.sentence}" for name, field in fields(job).items()]
    job.__doc__ = "\n".join([*(job.__doc__ or "").rstrip().splitlines(), "", *lines, "    "])
    _refuse_others(job)
    return job


def _refuse_others(job: type) -> None:
    """Pydantic's own check comes after all others, in its words, and with the values that were given."""
    init, names = job.__init__, {field.name for field in dataclasses.fields(job)}

    @wraps(init)
    def checked(*args: Any, **given: Any) -> None:
        for name in given:
            if name not in names:
                raise Problem("unknown_setting", name=name[:40])
        init(*args, **given)

    job.__init__ = checked
