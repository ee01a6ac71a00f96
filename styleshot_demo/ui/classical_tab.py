"""The Classical tab: four methods that need no download."""

import math
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
    classical_settings,
    controls,
    enlarge,
    grid_panel,
    many_panel,
    memory,
    painted_strength,
    presets_drawer,
    problems,
    regions,
    restore,
    results,
    tab_state,
    widgets,
    words,
)
from styleshot_demo.ui.classical_run import ClassicalRun, ClassicalTabState
from styleshot_demo.ui.classical_settings import CHECKS, DEFAULTS, PARTS, SEEDED, SettingsPart
from styleshot_demo.ui.controls import INSTANT, PAINTING, Inputs, View
from styleshot_demo.ui.controls_snapshot import ControlsSnapshot
from styleshot_demo.ui.grid import GridSource
from styleshot_demo.ui.opening import Opening
from styleshot_demo.ui.painted_strength import PaintedStrength
from styleshot_demo.ui.picture_cache import PictureCache
from styleshot_demo.ui.result_events import ResultEvent
from styleshot_demo.ui.stopping import stops
from styleshot_demo.ui.stored import Stored
from styleshot_demo.ui.words import tr

QUICK = ("fast", "colour")  # methods that take a moment: the page follows every change with them
FOLLOWED = 1024**2  # pixels of the largest picture that is painted anew without being asked for
ANEW = ("encoding", "piecing")  # with which others begin to paint, where what they painted is not remembered


def build(studio: Studio) -> "ClassicalTab":
    """Lays the tab out, where it is called; `wire` of what it returns makes it work."""
    widgets.prose("p", "line_classical", "tab-line")
    with gr.Row(elem_classes="bench", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes="inputs"):
            inputs = controls.picture_inputs()
            where = regions.build()
            part = classical_settings.build()
            presets_drawer.build("classical")
        with gr.Column(scale=6, min_width=320, elem_classes="outcome"):
            view = controls.view(
                "classical", widgets.compare, lambda: widgets.saver("classical-download"), again=True
            )
    fields = {**part.fields, **where.fields, "strength": view.strength}
    panel = grid_panel.build("classical", ClassicalJob)
    many = many_panel.build("classical", studio.settings.max_pictures)
    return ClassicalTab(studio, inputs, fields, part, view, panel, where, many)


class ClassicalTab:
    """The tab's behaviour. Handlers are generators: closing one (stop button, closed page) stops its computation."""

    def __init__(
        self,
        studio: Studio,
        inputs: Inputs,
        fields: dict[str, Any],
        part: SettingsPart,
        view: View,
        panel: gr.HTML,
        where: regions.RegionPart,
        many: gr.HTML,
    ) -> None:
        assert view.again is not None  # a run of this tab can go on
        self.where, self.colours = where, part.colours
        self.studio, self.inputs, self.view, self.again = studio, inputs, view, view.again
        self.fields, self.seed, self.fit, self.about = fields, part.seed, part.fit, part.about
        self.held = fields[painted_strength.NAME]
        self.grid = GridSource("classical", ClassicalJob, inputs, fields, self.job, panel)
        self.many = many
        self.tab_state = gr.State(ClassicalTabState())  # each visitor gets one
        self.opened = PictureCache()

    def wire(self, opening: Opening) -> restore.Target:
        """Connects every event; to be called outside of the tabs. Returns what a picture made here can fill."""
        view, inputs, fields = self.view, self.inputs, self.fields
        assert inputs.content is not None  # this tab repaints one
        everything = [self.tab_state, *inputs.components(), *fields.values()]
        outputs = [*view.outputs(), self.held]
        guard = problems.guarded(self.view.ended)
        runs = [
            view.run.click(guard(self.paint), everything, outputs, trigger_mode="once", **PAINTING),
            self.again.click(guard(self.go_on), self.tab_state, outputs, trigger_mode="once", **PAINTING),
        ]
        halted = stops(view.stop, runs, self.stopped, outputs, [self.tab_state], [view.run, self.again], [self.held])
        followed = view.shown.follow(
            problems.guarded(lambda text: {view.status: text})(self.follow),
            everything,
            [view.shown, view.status, self.again, self.held],
            trigger_mode="always_last",
            **PAINTING,
        )
        assert view.beside is not None  # a result of this tab can be saved at any time
        view.beside.keep(self.keep, self.tab_state, view.beside, **INSTANT)
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
        stored = Stored("classical", fields, {**CHECKS, painted_strength.NAME: painted_strength.checked})
        for painted in (*runs, followed):
            painted.then(**stored.save)  # what the hidden control holds
        self.seed.randomise.click(jobs.new_seed, None, self.seed.number, **INSTANT).then(**stored.save)
        for change in self.colours.wire(inputs, self.opened):
            change.then(**stored.save)
        self.colours.box.blur(**stored.save)
        stored.wire(opening, self.setting_updates, self.setting_outputs())
        tab_state.wire("classical", opening, inputs, fields, view.shown)
        opening.then(**anew)
        filled = [*inputs.slot_outputs(), *self.setting_outputs()]
        return restore.Target("classical", filled, self.fill, stored.save, inputs, result_events)

    # Painting ---------------------------------------------------------------------------------------------------

    def paint(self, tab_state: ClassicalTabState, *values: Any) -> Generator[dict[Any, Any], None, None]:
        """Runs a job and shows how it comes along."""
        yield self.view.started()
        run = self.begin(values)
        if tab_state.shows_blend(run.asked):
            # Nobody presses for the picture that he has. It is blended from a painting at more strength; what can be
            # made anew is a descent at this one, which keeps more of the photo's shapes where the blend keeps pixels.
            run = tab_state.run = self.begin(values, painted_strength=0.0)
            yield {self.held: ""}
        yield from self.work(tab_state, run)

    def go_on(self, tab_state: ClassicalTabState) -> Generator[dict[Any, Any], None, None]:
        """The run that was stopped, whatever is in the controls by now. The runner knows how far it was."""
        yield self.view.started()
        if tab_state.run is None:  # the server has been started anew, or the page loaded
            yield self.view.ended("")
            return
        before = tab_state.run
        yield from self.work(tab_state, ClassicalRun(before.job, before.stem, before.before, before.asked, before.held))

    def begin(self, values: tuple[Any, ...], **instead: Any) -> ClassicalRun:
        """What is asked for, with settings `instead` of those in the controls. Its pictures are brought to size here:
        what is kept is small, and resizing what has the size already changes nothing, so the result is that of the
        pictures themselves."""
        content, styles, asked = self.asked(values)
        asked |= instead
        if content is None:
            raise Problem("content_needed")
        size, brush = (CHECKS[name](name, asked[name]) for name in ("size", "brush_size"))
        own = self.opened.shape(content) if asked["whole"] and asked["method"] in jobs.WHOLE_METHODS else None
        longest = max(own) if own else size
        styles_at = jobs.style_size_for(longest, own is not None, None if asked["method"] == "colour" else brush)
        brought = [(self.opened.bring(path, styles_at), weight) for path, weight in styles]
        job = ClassicalJob(self.opened.bring(content, longest), tuple(brought), **asked)
        before = self.opened.shown(content, min(longest, jobs.CLASSICAL_SIZES[1]), self.folder)
        self.view.shown.temp_files.add(str(before))  # so that Gradio deletes it when it is old
        counting = classical_settings.counting(asked)
        if job.opacity == 1:
            counting[painted_strength.NAME] = 0
        if job.mask is None:
            del counting["mask"]
        asked_for = ControlsSnapshot(content, styles, counting)
        return ClassicalRun(job, names.stem_of(content), before, asked_for, self.held_in(values))

    def job(self, values: tuple[Any, ...]) -> tuple[ClassicalJob, str]:
        """(job, stem of the files to save) of what is asked for, with its pictures as large as they came."""
        content, styles, asked = cast(tuple[Any, Any, Any], self.asked(values))  # paths, which jobs open
        return ClassicalJob(content, styles, **asked), names.stem_of(content)

    def asked(self, values: tuple[Any, ...]) -> tuple[str | None, Sequence[tuple[str, float]], dict[str, Any]]:
        """(path of the content, (path, weight) of each style, what is asked for by the fields)."""
        count = len(self.inputs.components())
        content, styles = self.inputs.read(values[:count])
        asked = dict(zip(self.fields, values[count:], strict=True))
        asked["mask"] = self.where.brushed(asked)
        asked[painted_strength.NAME] = painted_strength.counted(self.held_in(values), content, styles, asked)
        return content, styles, asked

    def held_in(self, values: tuple[Any, ...]) -> Any:
        """What the hidden control holds."""
        return dict(zip(self.fields, values[-len(self.fields) :], strict=True))[painted_strength.NAME]

    def work(self, tab_state: ClassicalTabState, run: ClassicalRun) -> Generator[dict[Any, Any], None, None]:
        """Paints it. However that ends, what was on show last is on show, and can be saved."""
        view = self.view
        tab_state.run, tab_state.busy, tab_state.turn = run, True, tab_state.turn + 1
        try:
            with closing(self.studio.run(run.job)) as events:
                for event in events:
                    if isinstance(event, Finished):
                        self.finish(run, event.result)
                        yield {**self.view.ended(run.told), view.shown: run.value, self.held: run.held_from_now()}
                        continue
                    step: dict[Any, Any] = {view.status: widgets.progress(event.fraction, words.remark(event.message))}
                    if event.preview is not None:
                        if not run.job.at_own_size:  # its preview is smaller: nothing to be saved in its place
                            run.progressed(event)
                        step[view.shown] = widgets.pair(run.before, event.preview, rough=run.job.at_own_size)
                    yield step
        except Exception as error:
            yield {**self.view.ended(problems.as_html(error)), **self.left(run)}
        finally:
            tab_state.busy = False

    def follow(self, tab_state: ClassicalTabState, *values: Any) -> Generator[dict[Any, Any], None, None]:
        """Paints anew after a change, if that takes but a moment. Says nothing of what is still being typed."""
        view = self.view
        try:
            run = self.begin(values)
            plan = self.studio.plan(run.job)
        except Problem:
            return
        slow = run.job.method == "optimise" or math.prod(plan.size) > FOLLOWED
        known = plan.remembered or run.job.strength == 0 or not slow
        if tab_state.busy or run.job.at_own_size or not known:
            return
        tab_state.turn += 1
        turn, began = tab_state.turn, time.perf_counter()
        with closing(self.studio.run(run.job)) as events:
            for event in events:
                if tab_state.turn != turn:
                    return
                if isinstance(event, Finished):
                    self.finish(run, event.result)
                    tab_state.run = run
                    updates = {view.shown: run.value, view.status: run.told, self.held: run.held_from_now()}
                    yield {**updates, self.again: gr.update(visible=False)}
                elif run.job.method not in QUICK and event.message.key in ANEW:
                    return
                elif event.message.key == "waiting_place" and time.perf_counter() - began > 1:
                    yield {view.status: widgets.progress(0, words.remark(event.message))}

    def finish(self, run: ClassicalRun, result: Result) -> None:
        """Saves the result."""
        run.preview, run.step = result.images[0], run.total
        name = self.file_name(run, run.job.method, result.seed)
        run.made_by = result.plan.record(0, result.models)
        path = results.keep(self.view.shown, run.preview, run.made_by, self.studio.settings, name)
        run.value = widgets.pair(run.before, path, run.asked, blends_up_to=run.blends_up_to)
        run.told = results.summary(result)

    def left(self, run: ClassicalRun) -> dict[Any, Any]:
        """Updates that show what a run that did not end has painted, saved; else what was there before it."""
        view = self.view
        if run.preview is None:  # nothing that could be saved, though there may be a small one on show
            return self.back(run)
        if run.value is None:
            try:
                run.value = widgets.pair(run.before, self.save_unfinished(run), run.asked)
            except Problem as problem:  # such as a disk that is full
                return {**self.back(run), view.status: problems.as_html(problem)}
            told = "stopped_at" if self.goes_on(run) else "stopped_there"
            run.told = problems.note(tr(told, step=run.step, total=run.total))
        return {view.shown: run.value}

    def back(self, run: ClassicalRun) -> dict[Any, Any]:
        """Updates that show what was shown before a run, and let what was painted there count as it did."""
        return {self.view.shown: widgets.back(), self.held: run.held}

    def stopped(self, tab_state: ClassicalTabState) -> dict[Any, Any]:
        """Updates after the stop button: the computation itself ends because its generator is closed."""
        run = tab_state.run
        if run is None or run.preview is None:
            back = {self.view.shown: widgets.back()} if run is None else self.back(run)
            return {**self.view.ended(problems.note(tr("stopped"))), **back}
        finished = run.value is not None and run.step == run.total
        shown = self.left(run) | ({self.held: run.held_from_now()} if finished else {})
        text = shown.get(self.view.status, run.told)
        return {**self.view.ended(text), **shown, self.again: gr.update(visible=not finished and self.goes_on(run))}

    @staticmethod
    def goes_on(run: ClassicalRun) -> bool:
        """Whether a stopped run can be gone on with."""
        return run.made_by is None or not zerogpu.loses_cache(run.made_by.computed["device"])

    def keep(self, tab_state: ClassicalTabState) -> Any:
        """A file of the picture that is being painted, as it is now."""
        run = tab_state.run
        return widgets.file(self.save_unfinished(run)) if run is not None and run.preview is not None else gr.skip()

    def save_unfinished(self, run: ClassicalRun) -> Path:
        """Saves the picture so far. Its record says at which of the steps that were asked for it was stopped."""
        assert run.made_by is not None and run.preview is not None  # each preview that is kept comes with that
        record = replace(run.made_by, settings={**run.made_by.settings, "stopped_at": run.step})
        name = self.file_name(run, f"{run.job.method}-step{run.step}", run.job.seed)
        return results.keep(self.view.shown, run.preview, record, self.studio.settings, name)

    @staticmethod
    def file_name(run: ClassicalRun, method: str, seed: int) -> str:
        return results.file_name(run.stem, method, run.job.styles, run.job.strength, seed)

    @property
    def folder(self) -> Path:
        """Gradio's folder, from which pages may show files."""
        return Path(self.view.shown.GRADIO_CACHE)

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
        # An empty box that was hidden comes back as 0. What was typed is not sent back: it may be another now.
        if brush and not brush[0]:
            shown["brush_size"]["value"] = None
        return [*(gr.update(**each) for each in shown.values()), gr.update(visible=method in SEEDED)]

    def setting_outputs(self) -> list[Any]:
        """What `setting_updates` changes."""
        return [*self.fields.values(), self.seed.row, self.where.drawer]

    def setting_updates(self, settings: dict[str, Any]) -> dict[Any, Any]:
        """Updates for every field: the value given or else the default, and visible where its method knows it."""
        settings = {**DEFAULTS, painted_strength.NAME: "", **settings}
        relevant = dict(zip(self.method_outputs(), self.relevant(settings["method"]), strict=True))
        values = {self.fields[name]: gr.update(value=settings.get(name), **relevant.get(self.fields[name], {}))
                  for name in self.fields}  # fmt: skip
        return {**relevant, **values, **self.where.updates(settings)}

    def fill(self, found: provenance.Restored) -> dict[Any, Any]:
        """Updates that bring back how a picture was made. That of a blend says at which strength it was painted, which
        counts for as long as nothing else is changed."""
        settings, held = {**DEFAULTS, **found.settings}, ""
        painted = settings[painted_strength.NAME]
        if settings["method"] == "optimise" and painted > settings["strength"]:
            counting = classical_settings.counting({name: settings[name] for name in self.fields if name in settings})
            held = PaintedStrength.of_settings(painted, counting).text()
        settings[painted_strength.NAME] = held
        return {**self.setting_updates(settings), **self.inputs.weigh(found.style_weights)}
