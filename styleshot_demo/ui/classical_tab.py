"""The Classical tab: four methods that need no download."""

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import gradio as gr

from styleshot_demo import jobs, names, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.runtime import zerogpu
from styleshot_demo.studio import Studio
from styleshot_demo.ui import (
    controls,
    desk,
    enlarge,
    grid_panel,
    many_panel,
    memory,
    palette,
    presets_drawer,
    problems,
    regions,
    restore,
    results,
    settings,
    widgets,
    words,
)
from styleshot_demo.ui.asked import Asked
from styleshot_demo.ui.classical_run import ClassicalDesk, ClassicalRun
from styleshot_demo.ui.controls import INSTANT, PAINTING, Inputs, Seed, View, stops
from styleshot_demo.ui.grid import GridSource
from styleshot_demo.ui.opened import Opened
from styleshot_demo.ui.result_events import ResultEvent
from styleshot_demo.ui.stored import Stored
from styleshot_demo.ui.words import mark, say

# What a page starts with; the job's own defaults but for the size, which a laptop should paint in a moment.
DEFAULTS = jobs.defaults(ClassicalJob)
CHECKS = jobs.check_each(ClassicalJob)
# The settings that not all methods read, with those that do.
PARTS = {name: field.setting.methods for name, field in jobs.fields(ClassicalJob).items() if field.setting.methods}
SEEDED = ("fast", "patches", "optimise")  # methods whose result depends on the seed
QUICK = ("fast", "colour")  # methods that take a moment: the page follows every change with them
ANEW = ("encoding", "piecing")  # with which others begin to paint, where what they painted is not remembered


def build(studio: Studio) -> "ClassicalTab":
    """Lays the tab out, where it is called; `wire` of what it returns makes it work."""
    widgets.prose("p", "line_classical", "tab-line")
    with gr.Row(elem_classes="bench", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes="inputs"):
            inputs = controls.picture_inputs()
            where = regions.build()
            fields, seed, fit, about, colours = _settings()
            presets_drawer.build("classical")
        with gr.Column(scale=6, min_width=320, elem_classes="outcome"):
            view = controls.view(
                "classical", widgets.compare, lambda: widgets.saver("classical-download"), again=True
            )
    fields |= {**where.fields, "strength": view.strength}
    panel = grid_panel.build("classical", ClassicalJob)
    many = many_panel.build("classical", studio.settings.max_pictures)
    return ClassicalTab(studio, inputs, fields, seed, fit, about, view, panel, where, colours, many)


def _settings() -> tuple[dict[str, Any], Seed, gr.HTML, gr.HTML, palette.PalettePart]:
    """(controls by the name of the job's field, seed, memory line, method line, palette)."""
    known = jobs.fields(ClassicalJob)

    def seen(name: str) -> dict[str, Any]:
        return {"visible": DEFAULTS["method"] in PARTS[name]} if name in PARTS else {}

    with gr.Column(elem_classes="settings"):
        fields = {"method": settings.control(known["method"], DEFAULTS["method"], elem_classes="segments")}
        about = gr.HTML(_about(), elem_id="about-method", apply_default_css=False)
        fields["size"] = settings.control(known["size"], DEFAULTS["size"])
        fit = gr.HTML(elem_id="fits", apply_default_css=False)
        fields |= settings.lay(ClassicalJob, "switches", DEFAULTS, more=seen)
        with gr.Accordion(mark("finer"), open=False, elem_id="finer", elem_classes="drawer"):
            fields |= settings.lay(ClassicalJob, "finer", DEFAULTS, more=seen)
            colours = palette.build("classical")
            fields["palette"] = colours.box
            fields |= settings.lay(ClassicalJob, "numbers", DEFAULTS, more=seen)
            seed = controls.seed("seed", visible=DEFAULTS["method"] in SEEDED)
            fields["seed"] = seed.number
    return fields, seed, fit, about, colours


def _about() -> str:
    """One line for each method; the style sheet shows that of the method chosen."""
    return "".join(f'<p class="about {name}">{say(f"about_{name}").html()}</p>' for name in jobs.METHODS)


class ClassicalTab:
    """The tab's behaviour. Handlers are generators: closing one (stop button, closed page) stops its computation."""

    def __init__(
        self,
        studio: Studio,
        inputs: Inputs,
        fields: dict[str, Any],
        seed: Seed,
        fit: gr.HTML,
        about: gr.HTML,
        view: View,
        panel: gr.HTML,
        where: regions.RegionPart,
        colours: palette.PalettePart,
        many: gr.HTML,
    ) -> None:
        assert view.again is not None  # a run of this tab can go on
        self.where, self.colours = where, colours
        self.studio, self.inputs, self.view, self.again = studio, inputs, view, view.again
        self.fields, self.seed, self.fit, self.about = fields, seed, fit, about
        self.grid = GridSource("classical", ClassicalJob, inputs, fields, self.job, panel)
        self.many = many
        self.desk = gr.State(ClassicalDesk())  # each visitor gets one
        self.opened = Opened()

    def wire(self, page: gr.Blocks) -> restore.Target:
        """Connects every event; to be called outside of the tabs. Returns what a picture made here can fill."""
        view, inputs, fields = self.view, self.inputs, self.fields
        assert inputs.content is not None  # this tab repaints one
        everything = [self.desk, *inputs.components(), *fields.values()]
        outputs = view.outputs()
        guard = problems.guarded(self.ended)
        runs = [
            view.run.click(guard(self.paint), everything, outputs, trigger_mode="once", **PAINTING),
            self.again.click(guard(self.go_on), self.desk, outputs, trigger_mode="once", **PAINTING),
        ]
        halted = stops(view.stop, runs, self.stopped, outputs, [self.desk], [view.run, self.again])
        followed = view.shown.follow(
            problems.guarded(lambda text: {view.status: text})(self.follow),
            everything,
            [view.shown, view.status, self.again],
            trigger_mode="always_last",
            **PAINTING,
        )
        assert view.beside is not None  # a result of this tab can be saved at any time
        view.beside.keep(self.keep, self.desk, view.beside, **INSTANT)
        result_events = [
            *(ResultEvent(event, view.shown) for event in (*runs, halted)),
            ResultEvent(followed, view.shown, draft=True),
            ResultEvent(enlarge.wire(view.enlarge, self.studio), view.enlarge),
        ]
        growing = [fields[name] for name in ("method", "size", "whole", "brush_size", "keep_background", "region")]
        sized = [*growing, inputs.content, *inputs.styles]
        # One event for all: of several the answer to an earlier one may come last.
        # Memory may be another after a run: that is one more change, which nobody sees.
        turn = gr.Textbox(visible=False)
        changes = [part.change for part in (*sized, turn)]
        gr.on(changes, self.fits, sized, self.fit, trigger_mode="always_last", **INSTANT)
        anew: dict[str, Any] = {"fn": None, "outputs": turn, "js": "() => Math.random().toString(36)", **INSTANT}
        for run in runs:
            run.then(**anew)
        chosen = [fields["method"], fields["brush_size"]]
        fields["method"].change(self.relevant, chosen, self.method_outputs(), **INSTANT)
        self.where.wire(inputs.content, self.opened)
        stored = Stored("classical", fields, CHECKS)
        self.seed.randomise.click(jobs.new_seed, None, self.seed.number, **INSTANT).then(**stored.save)
        for change in self.colours.wire(inputs, self.opened):
            change.then(**stored.save)
        self.colours.box.blur(**stored.save)
        settings_are_back = stored.wire(page, self.setting_updates, self.setting_outputs())
        settings_are_back.then(**anew)
        desk.wire("classical", page, settings_are_back, inputs, fields, view.shown)
        filled = [*inputs.slot_outputs(), *self.setting_outputs()]
        return restore.Target("classical", filled, self.fill, stored.save, inputs, result_events)

    # Painting ---------------------------------------------------------------------------------------------------

    def paint(self, desk: ClassicalDesk, *values: Any) -> Generator[dict[Any, Any], None, None]:
        """Runs a job and shows how it comes along."""
        yield self.started()
        yield from self.work(desk, self.begin(values))

    def go_on(self, desk: ClassicalDesk) -> Generator[dict[Any, Any], None, None]:
        """The run that was stopped, whatever is in the controls by now. The runner knows how far it was."""
        yield self.started()
        if desk.run is None:  # the server has been started anew, or the page loaded
            yield self.ended("")
            return
        before = desk.run
        yield from self.work(desk, ClassicalRun(before.job, before.stem, before.before, before.asked))

    def begin(self, values: tuple[Any, ...], **instead: Any) -> ClassicalRun:
        """What is asked for, with settings `instead` of those in the controls. Its pictures are brought to size here:
        what is kept is small, and resizing what has the size already changes nothing, so the result is that of the
        pictures themselves."""
        content, styles, asked = self.asked(values)
        if content is None:
            raise Problem("content_needed")
        size, brush = (CHECKS[name](name, asked[name]) for name in ("size", "brush_size"))
        own = self.opened.shape(content) if asked["whole"] and asked["method"] in jobs.WHOLE_METHODS else None
        longest = max(own) if own else size
        styles_at = jobs.style_size_for(longest, own is not None, None if asked["method"] == "colour" else brush)
        brought = [(self.opened.bring(path, styles_at), weight) for path, weight in styles]
        job = ClassicalJob(self.opened.bring(content, longest), tuple(brought), **{**asked, **instead})
        before = self.opened.shown(content, min(longest, jobs.CLASSICAL_SIZES[1]), self.folder)
        self.view.shown.temp_files.add(str(before))  # so that Gradio deletes it when it is old
        parts = {**PARTS, "seed": SEEDED}
        counting = {name: value for name, value in asked.items() if job.method in parts.get(name, (job.method,))}
        if job.mask is None:
            del counting["mask"]
        return ClassicalRun(job, names.stem_of(content), before, Asked(content, styles, counting))

    def job(self, values: tuple[Any, ...]) -> tuple[ClassicalJob, str]:
        """(job, stem of the files to save) of what is asked for, with its pictures as large as they came."""
        content, styles, asked = cast(tuple[Any, Any, Any], self.asked(values))  # paths, which jobs open
        return ClassicalJob(content, styles, **asked), names.stem_of(content)

    def asked(self, values: tuple[Any, ...]) -> tuple[str | None, Sequence[tuple[str, float]], dict[str, Any]]:
        """(path of the content, (path, weight) of each style, what stands in the fields)."""
        count = len(self.inputs.components())
        asked = dict(zip(self.fields, values[count:], strict=True))
        asked["mask"] = self.where.brushed(asked)
        return *self.inputs.read(values[:count]), asked

    def work(self, desk: ClassicalDesk, run: ClassicalRun) -> Generator[dict[Any, Any], None, None]:
        """Paints it. However that ends, what was on show last is on show, and can be saved."""
        view = self.view
        desk.run, desk.busy, desk.turn = run, True, desk.turn + 1
        try:
            with closing(self.studio.run(run.job)) as events:
                for event in events:
                    if isinstance(event, Finished):
                        self.finish(run, event.result)
                        desk.painted_at = run.blends_up_to if run.job.method == "optimise" else None
                        yield {**self.ended(run.told), view.shown: run.value}
                        continue
                    step: dict[Any, Any] = {view.status: widgets.progress(event.fraction, words.remark(event.message))}
                    if event.preview is not None:
                        if not run.job.at_own_size:  # its preview is smaller: nothing to be saved in its place
                            run.progressed(event)
                        step[view.shown] = widgets.pair(run.before, event.preview, rough=run.job.at_own_size)
                    yield step
        except Exception as error:
            yield {**self.ended(problems.as_html(error)), **self.left(run)}
        finally:
            desk.busy = False

    def follow(self, desk: ClassicalDesk, *values: Any) -> Generator[dict[Any, Any], None, None]:
        """Paints anew after a change, if that takes but a moment. Says nothing of what is still being typed."""
        view = self.view
        try:
            run = self.begin(values, **({} if desk.painted_at is None else {"painted_strength": desk.painted_at}))
            known = run.job.method != "optimise" or run.job.strength == 0 or self.studio.plan(run.job).remembered
        except Problem:
            return
        if desk.busy or run.job.at_own_size or not known:
            return
        desk.turn += 1
        turn, began = desk.turn, time.perf_counter()
        with closing(self.studio.run(run.job)) as events:
            for event in events:
                if desk.turn != turn:
                    return
                if isinstance(event, Finished):
                    self.finish(run, event.result)
                    desk.run = run
                    yield {view.shown: run.value, view.status: run.told, self.again: gr.update(visible=False)}
                elif run.job.method not in QUICK and event.message.key in ANEW:
                    return
                elif event.message.key == "waiting_place" and time.perf_counter() - began > 1:
                    yield {view.status: widgets.progress(0, words.remark(event.message))}

    def finish(self, run: ClassicalRun, result: Result) -> None:
        """Saves the result."""
        run.preview, run.step = result.images[0], run.total
        name = self.file_name(run, run.job.method, result.seed)
        run.made_by = result.plan.record(0, result.models)
        path = self.save(run.preview, run.made_by, name)
        run.value = widgets.pair(run.before, path, run.asked, blends_up_to=run.blends_up_to)
        run.told = results.summary(result)

    def left(self, run: ClassicalRun) -> dict[Any, Any]:
        """Updates that show what a run that did not end has painted, saved; else what was there before it."""
        view = self.view
        if run.preview is None:  # nothing that could be saved, though there may be a small one on show
            return {view.shown: widgets.back()}
        if run.value is None:
            try:
                run.value = widgets.pair(run.before, self.save_unfinished(run), run.asked)
            except Problem as problem:  # such as a disk that is full
                return {view.shown: widgets.back(), view.status: problems.as_html(problem)}
            told = "stopped_at" if self.goes_on(run) else "stopped_there"
            run.told = problems.note(say(told, step=run.step, total=run.total))
        return {view.shown: run.value}

    def stopped(self, desk: ClassicalDesk) -> dict[Any, Any]:
        """Updates after the stop button: the computation itself ends because its generator is closed."""
        run = desk.run
        if run is None or run.preview is None:
            return {**self.ended(problems.note(say("stopped"))), self.view.shown: widgets.back()}
        finished = run.value is not None and run.step == run.total
        shown = self.left(run)
        text = shown.get(self.view.status, run.told)
        return {**self.ended(text), **shown, self.again: gr.update(visible=not finished and self.goes_on(run))}

    @staticmethod
    def goes_on(run: ClassicalRun) -> bool:
        """Whether a stopped run can be gone on with."""
        return run.made_by is None or not zerogpu.loses_cache(run.made_by.computed["device"])

    def keep(self, desk: ClassicalDesk) -> Any:
        """A file of the picture that is being painted, as it is now."""
        run = desk.run
        return widgets.file(self.save_unfinished(run)) if run is not None and run.preview is not None else gr.skip()

    def save_unfinished(self, run: ClassicalRun) -> Path:
        """Saves the picture so far. Its record says at which of the steps that were asked for it was stopped."""
        assert run.made_by is not None  # it comes with every preview that is kept
        record = replace(run.made_by, settings={**run.made_by.settings, "stopped_at": run.step})
        name = self.file_name(run, f"{run.job.method}-step{run.step}", run.job.seed)
        return self.save(run.preview, record, name)

    @staticmethod
    def file_name(run: ClassicalRun, method: str, seed: int) -> str:
        return results.file_name(run.stem, method, run.job.styles, run.job.strength, seed)

    def save(self, image: Any, record: provenance.Record | None, name: str) -> Path:
        """Saves a picture where the page may show it; `Problem` cannot_write."""
        path = results.save(image, record if self.studio.settings.provenance else None, self.folder, name)
        self.view.shown.temp_files.add(str(path))
        return path

    @property
    def folder(self) -> Path:
        """Gradio's folder, from which pages may show files."""
        return Path(self.view.shown.GRADIO_CACHE)

    def started(self) -> dict[Any, Any]:
        """Updates at the start of a run."""
        return {
            **self.view.started(widgets.progress(0, say("starting"))),
            self.again: gr.update(visible=False),
        }

    def ended(self, text: str) -> dict[Any, Any]:
        """Updates at the end of a run, however it ended."""
        return self.view.ended(text)

    # Settings ---------------------------------------------------------------------------------------------------

    def fits(
        self, method: str, size: Any, whole: bool, brush: Any, background: bool, region: str, *paths: str | None
    ) -> str:
        """The line under the size slider: which sizes there are, or what this one means."""
        try:
            side = CHECKS["size"]("size", size)
            stroked = method in PARTS["brush_size"]
            brush = CHECKS["brush_size"]("brush_size", brush) if stroked else None
        except Problem as problem:
            text = words.join(words.problem(problem), " ")
            return f'<p class="hint warn" role="status">{text.html()}</p>'
        shapes = [self.opened.shape(path) for path in paths]
        return memory.line(
            method,
            side,
            shapes,
            self.studio,
            whole=bool(whole),
            brush_size=brush,
            keep_background=bool(background),
            region=str(region),
        )

    def method_outputs(self) -> list[Any]:
        """What `relevant` changes."""
        return [*(self.fields[name] for name in PARTS), self.seed.row]

    def relevant(self, method: str, *brush: Any) -> list[Any]:
        """Shows the settings that this method knows, and only those; `brush` is what is in the box of that name."""
        shown: dict[str, dict[str, Any]] = {name: {"visible": method in methods} for name, methods in PARTS.items()}
        if brush:  # an empty box of numbers that was hidden comes back as 0
            shown["brush_size"]["value"] = brush[0] or None
        return [*(gr.update(**each) for each in shown.values()), gr.update(visible=method in SEEDED)]

    def setting_outputs(self) -> list[Any]:
        """What `setting_updates` changes."""
        return [*self.fields.values(), self.seed.row, self.where.drawer]

    def setting_updates(self, settings: dict[str, Any]) -> dict[Any, Any]:
        """Updates for every field: the value given or else the default, and visible where its method knows it."""
        settings = {**DEFAULTS, **settings}
        relevant = dict(zip(self.method_outputs(), self.relevant(settings["method"]), strict=True))
        values = {self.fields[name]: gr.update(value=settings.get(name), **relevant.get(self.fields[name], {}))
                  for name in self.fields}  # fmt: skip
        return {**relevant, **values, **self.where.updates(settings)}

    def fill(self, found: provenance.Restored) -> dict[Any, Any]:
        """Updates that bring back how a picture was made."""
        return {**self.setting_updates(found.settings), **self.inputs.weigh(found.style_weights)}
