"""The strength at which `optimise` has painted, for as long as the page asks for a blend of that very painting.

A hidden control of the Classical tab holds it together with what was painted. So nothing has to clear it: it counts
while the other controls say what they said then, and a lower strength is a blend; as soon as they say anything else, a
picture is painted at the strength asked for. `paintedStrength` in desk.js judges in the same way.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from styleshot_demo.errors import Problem
from styleshot_demo.jobs import checks
from styleshot_demo.ui.controls_snapshot import ControlsSnapshot

NAME = "painted_strength"  # of the job's field, and of the control
_FREE = ("strength", NAME)  # what may be another


@dataclass(frozen=True)
class PaintedStrength:
    """
    strength  of the descent, 0 to 1
    settings  what the controls held, by name, as `ControlsSnapshot.plain` has it; without the strength
    content   path of the photo
    styles    [path, weight] of each style; None: it counts for any pictures. So it is with the settings of a record, a
              preset or a link, which come without theirs, and are there to be used with others
    """

    strength: float
    settings: Mapping[str, Any]
    content: str | None = None
    styles: Sequence[Any] | None = None

    @classmethod
    def of(cls, strength: float, asked: ControlsSnapshot) -> "PaintedStrength":
        """That of a finished picture: it counts with these pictures alone."""
        plain = asked.plain()
        return cls(strength, _without_free(plain["settings"]), plain["content"], plain["styles"])

    @classmethod
    def of_settings(cls, strength: float, settings: Mapping[str, Any]) -> "PaintedStrength":
        """That of settings that come without their pictures."""
        return cls(strength, _without_free(ControlsSnapshot(None, (), dict(settings)).plain()["settings"]))

    @classmethod
    def read(cls, text: Any) -> "PaintedStrength | None":
        """From what the control holds; None where that is nothing, or not of its making: browsers send anything."""
        try:
            value = json.loads(text)
            strength = checks.number(NAME, value["strength"], 0, 1)
            found = cls(strength, value["settings"], value.get("content"), value.get("styles"))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, Problem):
            return None
        return found if isinstance(found.settings, dict) else None

    def text(self) -> str:
        """What the control holds."""
        pictures = {} if self.styles is None else {"content": self.content, "styles": self.styles}
        return json.dumps({"strength": self.strength, "settings": self.settings, **pictures})

    def counts(self, content: Any, styles: Sequence[tuple[str, Any]], settings: Mapping[str, Any]) -> bool:
        """Whether what is asked for is this painting, or a blend of it. A `content` that is no path stands for many."""
        asked, wanted = ControlsSnapshot(None, styles, dict(settings)).plain(), settings.get("strength")
        if not isinstance(wanted, int | float) or wanted > self.strength:
            return False
        other_photo = isinstance(content, str) and content != self.content
        if self.styles is not None and (other_photo or asked["styles"] != self.styles):
            return False
        return all(asked["settings"].get(name) == value for name, value in self.settings.items())


def counted(text: Any, content: Any, styles: Sequence[tuple[str, Any]], settings: Mapping[str, Any]) -> float:
    """`ClassicalJob.painted_strength` of what stands in the controls, of which this one holds `text`."""
    held = PaintedStrength.read(text)
    return held.strength if held is not None and held.counts(content, styles, settings) else 0.0


def checked(name: str, text: Any) -> str:
    """What the control may hold when it comes back to the page; nothing in the place of anything else."""
    held = PaintedStrength.read(text)
    return "" if held is None else held.text()


def _without_free(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in _FREE}
