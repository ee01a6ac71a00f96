"""What a visitor's Classical tab is doing: a run, and what of it can be shown and saved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from styleshot_demo import provenance
from styleshot_demo.events import Step
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.runtime import zerogpu
from styleshot_demo.ui.asked import Asked


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
    value    of the element that shows it, once it is saved
    told     what is said with it
    """

    job: ClassicalJob
    stem: str
    before: Path
    asked: Asked
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

    def progressed(self, step: Step) -> None:
        """Keeps a preview that can be saved, with how far it is."""
        self.preview, self.made_by = step.preview, step.made_by
        self.step, self.total = (int(step.message.values.get(name, 0)) for name in ("step", "total"))


@dataclass
class ClassicalDesk:
    """What one visitor's page is doing. Never an output: its handlers change it as they go."""

    run: ClassicalRun | None = None
    busy: bool = False  # with a run that a button has started
    turn: int = 0  # counts the runs
    painted_at: float | None = None  # the strength at which `optimise` painted its last finished picture
