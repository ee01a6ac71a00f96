"""The one kind of error a person may see."""

from typing import Any

from styleshot_demo.messages import PROBLEMS


class Problem(Exception):
    """Something a person can act on: one sentence of what is wrong (`what`), one of what to do (`todo`).

    `key` names the pair in `messages.PROBLEMS`; `values` fill it. Anything else that is raised is a defect of the
    program and is shown as `unexpected`, with the details in the log only.
    """

    def __init__(self, key: str, /, **values: Any) -> None:
        what, todo = PROBLEMS[key]
        self.key = key
        self.values = values
        self.what = what.format(**values)
        self.todo = todo.format(**values)
        super().__init__(f"{self.what} {self.todo}")

    def __reduce__(self) -> Any:  # problems cross to other processes, which plain exceptions with keywords cannot
        return _again, (self.key, self.values)


def _again(key: str, values: dict[str, Any]) -> Problem:
    return Problem(key, **values)
