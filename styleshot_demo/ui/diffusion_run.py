"""What a visitor's Text-driven or Image-driven tab is doing: a run, and what of it is finished."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from styleshot_demo import jobs
from styleshot_demo.events import Step
from styleshot_demo.plan import Plan
from styleshot_demo.ui import widgets
from styleshot_demo.ui.controls_snapshot import ControlsSnapshot
from styleshot_demo.ui.sketch import Drawn

Job = jobs.TextJob | jobs.ImageJob


@dataclass
class DiffusionRun:
    """Pictures that are being made, or were stopped.

    job, stem  what is painted, and the name of its files
    asked      what stood in the controls
    total      how many pictures there will be
    plan       what the job really becomes
    made       those that are finished
    value      of the element that shows them all, once they are
    told       what is said with it
    begun      the last preview that can be saved of a picture that is not finished
    sketches   files of what was drawn before it was painted, one for each seed
    """

    job: Job
    stem: str
    asked: ControlsSnapshot
    total: int
    plan: Plan
    made: list[widgets.Made] = field(default_factory=list)
    value: dict[str, Any] | None = None
    told: str = ""
    sketches: list[Path] = field(default_factory=list)
    begun: Step | None = None

    @property
    def quick(self) -> bool:
        """Whether it takes but a moment: one picture, by the fast network."""
        return self.plan.model in ("composer", "painter") and self.total == 1 and not self.plan.optimises

    def drawn(self) -> Drawn | None:
        """What the composer makes of the prompt; None where it draws nothing."""
        if self.plan.scene is None:
            return None
        seeds = tuple(dict.fromkeys(shot.seed for shot in self.plan.shots))
        return Drawn(self.plan.job.prompt, self.plan.scene, tuple(self.sketches), seeds)


@dataclass
class DiffusionTabState:
    """What one visitor's page is doing. Never an output: its handlers change it as they go.

    run    the last one
    ready  what was drawn for the result that is there when a run leaves none
    """

    run: DiffusionRun | None = None
    ready: Drawn | None = None
    busy: bool = False  # with a run that a button has started
    turn: int = 0  # counts the runs
