"""Which model a job gets, by what is on this machine. Looks at names and headers only."""

from dataclasses import dataclass

from styleshot_demo.errors import Problem
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS
from styleshot_demo.runners.weights.catalogue import BASE, BUILT_IN, CHECKPOINT, DETECTOR, ENLARGERS, PAINTER, SMALL
from styleshot_demo.settings import Settings


@dataclass(frozen=True)
class ModelChoice:
    """Which model a job gets, or why it gets none.

    model    "styleshot", "composer", "painter", "small", or None where none of them is on this machine
    why      one sentence, or None where there is no model
    missing  what would have to be fetched for the published weights; empty where they are here
    damaged  title of a model whose files are there but unusable, or None
    """

    model: str | None
    why: Remark | None
    missing: tuple[hub.Missing, ...] = ()
    damaged: str | None = None

    @property
    def bytes(self) -> int:
        """How much that download is."""
        return sum(state.bytes for state in self.missing)

    def problem(self) -> Problem:
        """Why there is no model, and what to do about it."""
        if self.damaged:
            return Problem("weights_broken", model=self.damaged)
        if not self.missing:
            return Problem("weights_missing", model=MODELS[SMALL].title)
        names = ", ".join(state.model.title for state in self.missing)
        return Problem("styleshot_missing", model="StyleShot", missing=names, size=hub.readable(self.bytes))


def needs(kind: str, preprocessor: str = "contour", follow_sketch: bool = False) -> tuple[str, ...]:
    """Names of the catalogue's models that the published StyleShot needs for a "text" or an "image" job."""
    if kind == "text" and not follow_sketch:
        return (BASE, CHECKPOINT["contour"])
    wanted = ("contour", "lineart") if preprocessor == "both" else (preprocessor,)
    return (BASE, *(model for one in wanted for model in (CHECKPOINT[one], DETECTOR[one])))


def choose(
    settings: Settings,
    kind: str,
    preprocessor: str = "contour",
    model: str = "auto",
    follow_sketch: bool = False,
) -> ModelChoice:
    """Which model a job of this kind ("text" or "image") would get now. Looks at the disk only.

    Where StyleShot is here and only what it follows a sketch with is not, no other model takes its place.
    """
    own = BUILT_IN[kind]
    if model == own:
        return ModelChoice(own, remark(f"model_{own}"))
    if model in BUILT_IN.values():
        return ModelChoice(None, None)
    if model == "small":
        small = hub.find(SMALL, settings)
        return ModelChoice("small", remark("model_small")) if small.here else ModelChoice(None, None)
    states = [hub.find(name, settings) for name in needs(kind, preprocessor, follow_sketch)]
    if kind == "text" and not follow_sketch and not states[1].here and hub.find(CHECKPOINT["lineart"], settings).here:
        states.pop(1)  # the style half of both checkpoints serves
    missing = tuple(state for state in states if isinstance(state, hub.Missing))
    if not missing:
        return ModelChoice("styleshot", remark("model_styleshot"))
    if follow_sketch and choose(settings, kind, model="styleshot").model is not None:
        model = "styleshot"
    if model == "auto" and all(hub.find(name, settings).here for name in PAINTER):
        return ModelChoice(own, remark(f"model_{own}"), missing)
    if model == "auto" and hub.find(SMALL, settings).here:
        return ModelChoice("small", remark("model_small"), missing)
    return ModelChoice(None, None, missing, next((state.model.title for state in missing if state.damaged), None))


def enlarger(settings: Settings, model: str, device: str) -> str:
    """Which network enlarges where a job asks for `model`: "animevideov3" or "x4plus". Looks at the disk only.

    `Problem` enlarger_missing or weights_broken where x4plus is asked for by its name and cannot be had.
    """
    if model == "animevideov3" or (model == "auto" and device == "cpu"):
        return "animevideov3"
    found = hub.find(ENLARGERS["x4plus"], settings)
    if isinstance(found, hub.FoundModel):
        return "x4plus"
    if model == "auto":
        return "animevideov3"
    if found.damaged:
        raise Problem("weights_broken", model=found.model.title)
    size = hub.readable(found.bytes)
    raise Problem("enlarger_missing", model=found.model.title, name=found.model.name, size=size)
