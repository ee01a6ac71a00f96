"""What became of one picture."""

import logging
import secrets
from dataclasses import dataclass

from styleshot_demo.batch.listing import Item
from styleshot_demo.errors import Problem

log = logging.getLogger(__name__)

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


def as_problem(error: Exception) -> Problem:
    """A `Problem` as it is; anything else is logged in full, and told by a reference alone."""
    if isinstance(error, Problem):
        # It is kept with the list of pictures; the frames of its traceback would keep the pixels that were being read.
        error.__traceback__ = error.__cause__ = error.__context__ = None
        return error
    reference = secrets.token_hex(4)
    log.error("reference %s", reference, exc_info=error)
    return Problem("unexpected", reference=reference)


def failed(item: Item, problem: Problem) -> Outcome:
    """The outcome of a picture that could not be painted."""
    return Outcome(item.name, item.target, FAILED, problem=str(problem), key=problem.key)
