"""What a picture was made from, as the page's script can compare it with what the page asks for now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ControlsSnapshot:
    """What stood in the controls when a run began.

    content   path of the content picture, None where there is none
    styles    (path, weight) of each style picture
    settings  what the controls held, by the names of those that make a difference to the picture
    """

    content: str | None
    styles: Sequence[tuple[str, Any]]
    settings: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """The same as JSON; the script reads the controls into the same form (`normal` in desk.js)."""
        return {
            "content": self.content,
            "styles": [list(style) for style in self.styles],
            "settings": {name: "" if value is None else value for name, value in self.settings.items()},
        }
