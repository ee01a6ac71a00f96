"""What a visitor's Classical tab is doing: a run, and what of it can be shown and saved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.events import Step
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.runtime import zerogpu
from styleshot_demo.ui.controls_snapshot import ControlsSnapshot
from styleshot_demo.ui.painted_strength import PaintedStrength


@dataclass
class ClassicalRun:
    """A picture that is being made, was stopped, or is finished.

    job      what is painted
    stem     of the file to save
    before   the content at the size of the result, as a file
    asked    what stood in the controls
    step     of `total`, of the preview
    preview  the picture so far, as it would be saved now
    made_by  how that was made
    held     what the hidden control of `painted_strength` held
    value    of the element that shows it, once it is saved
    told     what is said with it
    """

    job: ClassicalJob
    stem: str
    before: Path
    asked: ControlsSnapshot
    held: str = ""
    step: int = 0
    total: int = 0
    preview: Image.Image | None = None
    made_by: provenance.Record | None = None
    value: dict[str, Any] | None = None
    told: str = ""

    @property
    def blends_up_to(self) -> float | None:
        """The greatest strength at which the finished picture takes but a moment; None: every one is a run of its own.

        What `optimise` has painted is blended with the photo; `patches` looks for pieces once for all strengths.
        """
        if self.job.method == "patches":
            return 1.0
        return self.job.paintings[0].strength if self.job.method == "optimise" and not zerogpu.lends() else None

    def held_from_now(self) -> str:
        """What the hidden control is to hold once the picture is finished."""
        if self.job.method != "optimise":
            return ""
        painted, before, asked = self.job.paintings[0].strength, PaintedStrength.read(self.held), self.asked
        if before and before.strength == painted and before.counts(asked.content, asked.styles, asked.settings):
            return self.held  # it may count for other pictures too
        return "" if self.blends_up_to is None else PaintedStrength.of(painted, self.asked).text()

    def progressed(self, step: Step) -> None:
        """Keeps a preview that can be saved, with how far it is."""
        self.preview, self.made_by = step.preview, step.made_by
        self.step, self.total = (int(step.message.values.get(name, 0)) for name in ("step", "total"))


@dataclass
class ClassicalTabState:
    """What one visitor's page is doing. Never an output: its handlers change it as they go."""

    run: ClassicalRun | None = None
    busy: bool = False  # with a run that a button has started
    turn: int = 0  # counts the runs

    def shows_blend(self, asked: ControlsSnapshot) -> bool:
        """Whether that is on show: finished, and a blend of what `optimise` has painted at more strength."""
        run = self.run
        if run is None or run.value is None or run.step != run.total or run.asked != asked:
            return False
        return run.job.method == "optimise" and 0 < run.job.opacity < 1
