"""Many pictures on the page, painted alike: what the fold of a tab (many_panel.py, many.js) asks for is done here."""

import json
import math
import secrets
import time
from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import gradio as gr
from PIL import Image

from styleshot_demo import grid as grids
from styleshot_demo import names
from styleshot_demo.batch import report
from styleshot_demo.batch.in_turn import PictureDone, PictureStep, paint_in_turn
from styleshot_demo.batch.listing import Item
from styleshot_demo.batch.order import fingerprint
from styleshot_demo.batch.outcome import KEPT, Outcome, failed
from styleshot_demo.batch.uploads import uploaded
from styleshot_demo.destinations import not_written
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import ClassicalJob, ImageJob
from styleshot_demo.studio import Studio
from styleshot_demo.ui import problems, widgets, words
from styleshot_demo.ui import tab_state as desks
from styleshot_demo.ui.controls import EACH, PAINTING, text_in
from styleshot_demo.ui.grid import GridSource
from styleshot_demo.ui.many_panel import FORMATS
from styleshot_demo.ui.opening import Opening
from styleshot_demo.ui.stopping import halts
from styleshot_demo.ui.token_store import TokenStore
from styleshot_demo.ui.words import LocalizedText, tr

Values = tuple[Any, ...]
# Apart from other painting: one of these lasts for long, and would keep a place from those who wait for one picture.
MANY: dict[str, Any] = {**PAINTING, "concurrency_id": "many", "concurrency_limit": 4}
THUMBNAIL = 320  # pixels of a small picture's longest side
_REPORT = "report.csv"
_LONGEST = 1000  # characters of a name that a browser tells


@dataclass
class ManyBatch:
    """Pictures that are painted alike, and what became of them. The pictures themselves lie on disk.

    key       tells whether others are painted in the same way
    styles    names of the style pictures
    folder    of the results, by `Item.target`; its address cannot be guessed
    small     of the small pictures, in another such folder
    items     what is to be painted
    done      what is painted
    small_of  name of the small picture, width and height of each result
    problems  why others are not
    token     by which a page that was loaded anew asks for it: nobody can guess it
    """

    key: str
    styles: tuple[str, ...]
    folder: Path
    small: Path
    items: list[Item] = field(default_factory=list)
    done: dict[Item, Outcome] = field(default_factory=dict)
    small_of: dict[Item, tuple[str, int, int]] = field(default_factory=dict)
    problems: dict[Item, Problem] = field(default_factory=dict)
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def there(self, items: list[Item]) -> dict[Item, Outcome]:
        """What became of those of `items` that are painted; Gradio deletes what is old."""
        done = dict(self.done)  # a picture may be finished meanwhile
        return {item: done[item] for item in items if item in done and (self.folder / item.target).is_file()}

    def shown(self) -> dict[str, Any]:
        """What the script shows of it."""
        done, problems = dict(self.done), dict(self.problems)  # a run may still be going
        made = [[item.target, *self.small_of[item]] for item in self.items if item in done]
        said = [(item.name, words.problem(why)[0]) for item, why in problems.items()]
        return {
            "token": self.token,
            "total": len(self.items),
            "folder": widgets.address(self.folder),
            "small": widgets.address(self.small),
            "made": made,
            "failed": [{"name": name, "en": what.en, "zh": what.zh} for name, what in said],
        }


@dataclass
class ManyState:
    """The last batch of one visitor's page. Never an output: its handlers change it as they go."""

    batch: ManyBatch | None = None
    packed: Path | None = None


def wire(source: GridSource, panel: gr.HTML, studio: Studio, opening: Opening) -> None:
    """Makes the fold of a tab work. To be called outside of the tabs.

    source  the tab, as its grid sees it
    panel   from `many_panel.build`
    """
    ManyPictures(source, panel, studio).wire(opening)


class ManyPictures:
    """What can be done in the fold. Handlers are generators or return the panel's value."""

    def __init__(self, source: GridSource, panel: gr.HTML, studio: Studio) -> None:
        self.source, self.panel, self.studio = source, panel, studio
        self.cache = Path(panel.GRADIO_CACHE)
        self.tab_state = gr.State(ManyState())  # each visitor gets one
        self.known = TokenStore[ManyBatch]()

    def wire(self, opening: Opening) -> None:
        """Connects the events."""
        panel, source = self.panel, self.source
        everything = [self.tab_state, *source.inputs.components(), *source.fields.values()]
        run = panel.paint(self.paint, everything, panel, trigger_mode="multiple", **MANY)
        halts(panel, run)
        panel.pack(self.pack, self.tab_state, panel, **EACH)
        lay = f"() => [window.styleshot.manyLay({json.dumps(source.kind)}), null]"
        opening.add(self.back, [gr.Textbox(visible=False), self.tab_state], [panel], js=lay)

    def back(self, _: gr.Request, token: str, tab_state: ManyState) -> dict[Any, Any]:
        """After a reload: what was painted before, where that is still known."""
        batch = self.known.find(token)
        done = batch.there(batch.items) if batch is not None else {}
        if batch is None or not done:
            return {}
        # Copies: the run that was going at the reload may still change its own.
        own = {"small_of": dict(batch.small_of), "problems": dict(batch.problems)}
        tab_state.batch = batch = replace(batch, done=done, **own)
        count, total = len(done), len(batch.items)
        ended = count + len(batch.problems) == total
        told = _summary(batch) if ended else tr("many_stopped", count=count, total=total)
        return {self.panel: {**batch.shown(), "told": problems.note(told), "back": True}}

    # Painting ---------------------------------------------------------------------------------------------------

    def paint(self, event: gr.EventData, tab_state: ManyState, *values: Any) -> Generator[dict[str, Any], None, None]:
        """Paints all: values of the panel. Closing it (stop, closed page) stops the computation."""
        turn = text_in(event, "turn")[:40]
        yield {"turn": turn, "told": widgets.progress(0, tr("starting")), "working": True}
        try:
            ending = _ending(event)
            job = self.job(values)
            tab_state.batch = batch = self.begin(job, ending, self.files(event), tab_state.batch)
            self.known.add(batch.token, batch)
            yield {"turn": turn, **batch.shown(), "told": widgets.progress(0, tr("starting")), "working": True}
            for told in self.work(job, batch):
                yield {"turn": turn, **batch.shown(), "told": told, "working": True}
            yield {"turn": turn, **batch.shown(), "told": problems.note(_summary(batch))}
        except Exception as error:
            shown = tab_state.batch.shown() if tab_state.batch is not None else {}
            yield {"turn": turn, **shown, "told": problems.as_html(error)}

    def job(self, values: Values) -> ClassicalJob | ImageJob:
        """What is done with each picture, with a picture in its place that says nothing."""
        shape = len(self.source.inputs.components())
        if dict(zip(self.source.fields, values[shape:], strict=True)).get("region") == "mask":
            raise Problem("many_brushed")
        job, _ = self.source.make((Image.new("RGB", (256, 256)), *values[1:]))
        return job.single(0) if isinstance(job, ImageJob) else job

    def files(self, event: Any) -> list[tuple[Path, str]]:
        """(place, name) of each picture that was chosen. Anybody may send anything here."""
        given = getattr(event, "files", None)
        given = [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []
        limit = self.studio.settings.max_pictures
        if not given:
            raise Problem("many_none")
        if len(given) > limit:
            raise Problem("many_too_many", count=len(given), limit=limit)
        gone = self.cache / "gone"  # what is not there is told by its name, as any other that cannot be read
        return [(Path(desks.known(one.get("path"), self.cache) or gone), _name(one)) for one in given]

    def begin(
        self, job: ClassicalJob | ImageJob, ending: str, files: list[tuple[Path, str]], last: ManyBatch | None
    ) -> ManyBatch:
        """The batch that is asked for; it has what the last one has made in the same way."""
        key = fingerprint(job, ending, self.studio.settings.provenance, self.studio)
        items = uploaded(files, ending)
        if last is not None and last.key == key:
            return replace(last, items=items, done=last.there(items), small_of=dict(last.small_of), problems={})
        styles = tuple(names.stem_of(picture.info.get("file_name")) for picture, _ in job.styles)
        folder, small = (self.cache / secrets.token_hex(16) for _ in range(2))
        return ManyBatch(key, styles, folder, small, items)

    def work(self, job: ClassicalJob | ImageJob, batch: ManyBatch) -> Generator[str, None, None]:
        """Paints what is not painted yet; what to say meanwhile."""
        began, painted = time.monotonic(), 0
        record = self.studio.settings.provenance
        finished = dict(batch.done)
        with closing(paint_in_turn(self.studio, job, batch.items, batch.folder, record, finished)) as events:
            for one in events:
                if isinstance(one, PictureStep):
                    left = _left(time.monotonic() - began, painted, one)
                    told = [tr("grid_number", number=one.number, total=one.total), words.remark(one.message), *left]
                    yield widgets.progress(one.fraction, words.join(told))
                    continue
                painted += one.problem is None and one.item not in finished
                self.keep(batch, one)
                known = len(batch.done) + len(batch.problems)
                number = tr("grid_number", number=known, total=len(batch.items))
                yield widgets.progress(known / len(batch.items), number)

    def keep(self, batch: ManyBatch, one: PictureDone) -> None:
        """Remembers what became of a picture; of one that is painted there is a small one to be shown."""
        if one.problem is not None:
            batch.problems[one.item] = one.problem
            batch.done.pop(one.item, None)
            return
        if one.outcome.status != KEPT:
            file = batch.folder / one.item.target
            small = batch.small / f"{secrets.token_hex(4)}.jpg"
            # So that Gradio deletes them when they are old.
            self.panel.temp_files.update((str(file), str(small)))
            batch.small_of[one.item] = (small.name, *_put_small(file, small))
        batch.done[one.item] = one.outcome

    # The whole --------------------------------------------------------------------------------------------------

    def pack(self, event: gr.EventData, tab_state: ManyState) -> dict[str, Any]:
        """All that is painted in one file, with a report, to be saved."""
        once = secrets.token_hex(4)
        try:
            if tab_state.batch is None or not tab_state.batch.done:
                raise Problem("result_gone")
            if tab_state.packed is not None:
                with suppress(OSError):  # it may still be on its way to the browser
                    tab_state.packed.unlink()
            name = names.made_of("pictures", *tab_state.batch.styles[:2], suffix=".zip")
            place = self.cache / secrets.token_hex(16) / name
            self.panel.temp_files.add(str(place))
            pack(tab_state.batch, place, zh=text_in(event, "language").startswith("zh"))
            tab_state.packed = place
            return {"packed": widgets.file(place), "once": once}
        except Exception as error:
            return {"told": problems.as_html(error), "once": once}


def _put_small(file: Path, small: Path) -> tuple[int, int]:
    """Makes a small picture of a file; width and height of the file's."""
    try:
        small.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as picture:
            size = picture.size
            picture.draft("RGB", (THUMBNAIL, THUMBNAIL))
            grids.fitted(picture, THUMBNAIL, THUMBNAIL).save(small, format="JPEG", quality=85)
    except OSError as error:
        raise not_written(error) from error
    return size


def pack(batch: ManyBatch, place: Path, zh: bool = False) -> None:
    """Writes the results, as they are, and report.csv into one ZIP file; `Problem` cannot_write, and result_gone where
    no result is left. Problems are told in Chinese if `zh`."""
    rows, there = [], 0
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with ZipFile(place, "w", ZIP_STORED) as packed:  # pictures are compressed already
            for outcome in report.of_all(batch.items, _outcomes(batch, zh)):
                file = batch.folder / outcome.target
                if file.is_file():
                    packed.write(file, outcome.target)
                    there += 1
                rows.append(report.row_of(outcome))
            packed.writestr(_REPORT, report.as_csv(rows))
    except OSError as error:
        with suppress(OSError):
            place.unlink(missing_ok=True)
        raise not_written(error) from error
    if not there:
        place.unlink()
        raise Problem("result_gone")


def _outcomes(batch: ManyBatch, zh: bool) -> list[Outcome]:
    """What is known, with problems in the page's language; a result that is no longer there is none."""
    gone = Problem("result_gone")
    there = batch.there(batch.items)
    why = dict(batch.problems) | {item: gone for item in dict(batch.done) if item not in there}
    said = {item: "".join(part.zh for part in words.problem(problem)) if zh else str(problem)
            for item, problem in why.items()}  # fmt: skip
    told = [replace(failed(item, problem), problem=said[item]) for item, problem in why.items()]
    return [*there.values(), *told]


def _summary(batch: ManyBatch) -> LocalizedText:
    if batch.problems:
        return tr("many_done_but", count=len(batch.done), total=len(batch.items))
    return tr("grid_done", count=len(batch.done))


def _left(seconds: float, painted: int, step: PictureStep) -> list[LocalizedText]:
    """How long the rest takes, about, once a picture has been painted."""
    if not painted:
        return []
    part = step.fraction * step.total - (step.number - 1)  # of the one that is being painted, 0 to 1
    left = seconds / (painted + part) * (step.total - step.number + 1 - part)
    if left < 90:
        return [tr("many_left_seconds", count=max(1, round(left)))]
    return [tr("many_left_minutes", count=math.ceil(left / 60))]


def _ending(event: Any) -> str:
    ending = text_in(event, "format")
    return f".{ending if ending in FORMATS else 'png'}"


def _name(given: Mapping[str, Any]) -> str:
    name = given.get("name")
    return name[-_LONGEST:] if isinstance(name, str) else ""
