"""A batch one picture after another, as ordinary jobs of a studio that others use too: each waits for its turn.

`pool.py` paints a folder with all that a machine has; this is for the page.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from styleshot_demo import provenance
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.outcome import KEPT, PAINTED, Outcome, as_problem, failed
from styleshot_demo.destinations import NOT_WRITTEN, not_written
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result
from styleshot_demo.jobs import ClassicalJob, ImageJob, file_name_of, open_named
from styleshot_demo.messages import Remark
from styleshot_demo.studio import Studio

# Not the picture's fault, and the next one would meet the same: a disk that is full, a GPU that is lent no longer.
_ENDS_ALL = (*NOT_WRITTEN, "gpu_quota", "gpu_quota_until", "gpu_pending", "gpu_sign_in_again")


@dataclass(frozen=True)
class PictureStep:
    """How far a batch is: `fraction` 0 to 1 of all of it; picture `number` of `total`, from 1; what is being done."""

    fraction: float
    number: int
    total: int
    message: Remark


@dataclass(frozen=True)
class PictureDone:
    """A picture that is painted, was painted before ("kept"), or cannot be ("failed"); `problem` says why then."""

    item: Item
    outcome: Outcome
    problem: Problem | None = None


def paint_in_turn(
    studio: Studio,
    job: ClassicalJob | ImageJob,
    items: Sequence[Item],
    folder: Path,
    record: bool = True,
    finished: Mapping[Item, Outcome] | None = None,
) -> Generator[PictureStep | PictureDone, None, None]:
    """Yields a `PictureDone` for each item, in their order, and `PictureStep`s between them.

    job       how each is painted, with any content; it makes one picture
    folder    where results are written, by `Item.target`; each is there whole before it is told
    record    whether a result says how it was made
    finished  what lies in `folder` already, painted in this same way, and is not painted again

    No more than one picture is in memory at any time. A broken one stops no other; what every one would meet, such as a
    disk that is full, is raised after the picture that has met it. Closing stops the computation; what was yielded
    stays. Raises the `Problem` of a job that cannot run at all before anything is painted.
    """
    studio.plan(job).check()
    known = finished or {}
    for number, item in enumerate(items):
        before = known.get(item)
        if before is not None and (folder / item.target).is_file():
            yield PictureDone(item, replace(before, status=KEPT))
            continue
        try:
            outcome = yield from _paint(studio, job, item, folder, record, _Position(number, len(items)).step)
        except Exception as error:
            problem = as_problem(error)
            yield PictureDone(item, failed(item, problem), problem)
            if problem.key in _ENDS_ALL:
                raise problem from error
        else:
            yield PictureDone(item, outcome)


@dataclass(frozen=True)
class _Position:
    """A picture's place among all, from 0."""

    number: int
    total: int

    def step(self, fraction: float, message: Remark) -> PictureStep:
        return PictureStep((self.number + fraction) / self.total, self.number + 1, self.total, message)


def _paint(
    studio: Studio,
    job: ClassicalJob | ImageJob,
    item: Item,
    folder: Path,
    record: bool,
    step: Callable[[float, Remark], PictureStep],
) -> Generator[PictureStep, None, Outcome]:
    content = open_named(item.path, deep=isinstance(job, ClassicalJob) and job.method == "colour")
    content.info["file_name"] = file_name_of(item.name)  # what it was called before it was uploaded
    own = replace(job, content=content)
    del content
    with closing(studio.run(own)) as events:
        for event in events:
            if isinstance(event, Finished):
                size = _write(event.result, folder / item.target, record)
                return Outcome(
                    item.name, item.target, PAINTED, round(event.result.seconds, 3), event.result.seed, size=size
                )
            yield step(event.fraction, event.message)
    raise RuntimeError("a run ended without a result")


def _write(result: Result, file: Path, record: bool) -> int:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        provenance.write(result.images[0], file, result.plan.record(0, result.models) if record else None, result.deep)
        return file.stat().st_size
    except OSError as error:
        raise not_written(error) from error
