"""What became of one picture."""

from dataclasses import dataclass

PAINTED, KEPT, FAILED, STOPPED = "painted", "kept", "failed", "stopped"


@dataclass(frozen=True)
class Outcome:
    """What became of one picture.

    name     as in `Item`
    target   of its result, as in `Item`
    status   "painted"; "kept": it was finished before; "failed"; "stopped": not finished, because somebody stopped all
    seconds  that its painting took
    seed     of the picture, None where there is none
    problem  a sentence of what is wrong and one of what to do, or empty
    key      of the problem in `messages.PROBLEMS`, or empty
    size     bytes of the result
    process  the number of the process, 0 where none got to it
    memory   bytes of main memory that the process had then
    """

    name: str
    target: str
    status: str
    seconds: float = 0.0
    seed: int | None = None
    problem: str = ""
    key: str = ""
    size: int = 0
    process: int = 0
    memory: int = 0
