"""What the Text-driven and the Image-driven tab do: paint, stop, remember, restore."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import gradio as gr
from PIL import Image

from styleshot_demo import jobs
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result, Step
from styleshot_demo.plan import Plan
from styleshot_demo.provenance import Record, Restored
from styleshot_demo.runtime import zerogpu
from styleshot_demo.studio import Studio
from styleshot_demo.ui import (
    diffusion,
    drop,
    enlarge,
    moving,
    problems,
    prompt_chips,
    regions,
    restore,
    results,
    sketch,
    tab_state,
    widgets,
    words,
)  # fmt: skip
from styleshot_demo.ui.controls import EACH, INSTANT, PAINTING, Inputs, Seed, View
from styleshot_demo.ui.controls_snapshot import ControlsSnapshot
from styleshot_demo.ui.diffusion_run import DiffusionRun, DiffusionTabState, Job
from styleshot_demo.ui.grid import GridSource
from styleshot_demo.ui.lines import Lines
from styleshot_demo.ui.opening import Opening
from styleshot_demo.ui.palette import PalettePart
from styleshot_demo.ui.picture_cache import PictureCache
from styleshot_demo.ui.result_events import ResultEvent
from styleshot_demo.ui.sketch import Drawn
from styleshot_demo.ui.stopping import stops
from styleshot_demo.ui.stored import Stored
from styleshot_demo.ui.weights import Weights

Updates = Generator[dict[Any, Any], None, None]


class DiffusionTab:
    """A tab's behaviour. Handlers are generators: closing one (stop button, closed page) stops its computation."""

    def __init__(
        self,
        kind: str,
        studio: Studio,
        inputs: Inputs,
        fields: dict[str, Any],
        seed: Seed,
        prompts: gr.HTML,
        weights: Weights,
        view: View,
        panel: gr.HTML,
        colours: PalettePart,
        lines: Lines | None = None,
        sketch: gr.HTML | None = None,
        many: gr.HTML | None = None,
        where: regions.RegionPart | None = None,
    ) -> None:
        """kind: "text" or "image"; fields: controls by the name of the job's field; lines: of the content picture;
        sketch: what the composer has drawn and understood; many: many photos; where: where on the photo is painted."""
        self.kind, self.studio, self.inputs, self.seed, self.prompts = kind, studio, inputs, seed, prompts
        self.weights, self.view, self.lines, self.sketch, self.many = weights, view, lines, sketch, many
        self.where, self.colours = where, colours
        self.fields = {**fields, **(lines.fields if lines else {}), **(where.fields if where else {})}
        self.fields["style_strength"] = view.strength
        self.grid = GridSource(kind, diffusion.JOBS[kind], inputs, self.fields, self.job, panel)
        self.tab_state = gr.State(DiffusionTabState())  # each visitor gets one

    def wire(self, opening: Opening, tab: gr.Tab) -> restore.Target:
        """Connects every event; to be called outside of the tabs. Returns what a picture made here can fill."""
        view, fields = self.view, self.fields
        stored = Stored(self.kind, fields, diffusion.CHECKS[self.kind])
        everything = [self.tab_state, *self.inputs.components(), *fields.values()]
        drawn = [self.sketch, fields["prompt"], fields["moved"]] if self.sketch else []
        outputs = [*view.outputs(), *drawn]
        once: dict[str, Any] = {**PAINTING, "trigger_mode": "once"}
        runs = [view.run.click(problems.guarded(self.view.ended)(self.paint), everything, outputs, **once)]
        if self.sketch:
            for listen, handler in ((self.sketch.reword, self.reword), (self.sketch.move, self.move)):
                runs.append(listen(problems.guarded(self.view.ended)(handler), everything, outputs, **once))
                runs[-1].then(**stored.save)
        halted = stops(view.stop, runs, self.stopped, outputs, [self.tab_state], [view.run])
        followed = view.shown.follow(
            problems.guarded(lambda text: {view.status: text})(self.follow), everything,
            [view.shown, view.status, *drawn], trigger_mode="always_last", **PAINTING,
        )  # fmt: skip
        result_events = [ResultEvent(one, view.shown, draft=one is followed) for one in (*runs, halted, followed)]
        result_events.append(ResultEvent(enlarge.wire(view.enlarge, self.studio), view.enlarge))
        self.seed.randomise.click(jobs.new_seed, None, self.seed.number, **INSTANT).then(**stored.save)
        for changes in self.colours.wire(self.inputs, PictureCache()):
            changes.then(**stored.save)
        self.prompts.pick(self.pick_prompt, fields["model"], fields["prompt"], **EACH).then(**stored.save)
        asked = [fields["model"], fields["follow_sketch" if self.kind == "text" else "preprocessor"]]
        own = [fields[name] for name in diffusion.MODEL_FIELDS]
        fields["model"].input(self.suit, [*own, *asked], own, trigger_mode="always_last", **INSTANT).then(**stored.save)
        self.weights.wire(opening, tab, view, asked, fields["size"])
        if self.lines and self.where and self.inputs.content:
            self.where.wire(self.inputs.content, PictureCache())
            self.lines.wire(self.studio, self.inputs.content, fields["size"], fields["model"])
        shown = [*fields.values(), *([self.where.drawer] if self.where else [])]
        stored.wire(opening, self.setting_updates, shown)
        tab_state.wire(self.kind, opening, self.inputs, fields, view.shown)
        if self.sketch:
            opening.then(fn=self.give_back, inputs=[self.tab_state, view.shown], outputs=self.sketch, **INSTANT)
        filled = [*self.inputs.slot_outputs(), *shown, *drawn[:1]]
        return restore.Target(self.kind, filled, self.fill, stored.save, self.inputs, result_events)

    def hand_on(self, targets: Sequence[restore.Target], drops: gr.HTML) -> None:
        """Lets sketches become the photo of those other tabs that have one. To be called outside of the tabs.

        drops  the element that can say something at the foot of the window
        """
        inputs = [target.inputs for target in targets if target.inputs.content]

        folder = Path(self.view.shown.GRADIO_CACHE)

        def use(event: gr.EventData) -> dict[Any, Any]:
            path = tab_state.known(tab_state.path_at(getattr(event, "source", None)), folder)
            if path is None:
                return {drops: gr.skip()}
            updates = {part.content: path for part in inputs}
            return {**updates, **{part.message: "" for part in inputs}, drops: drop.tell(words.tr("sketch_used"))}

        outputs = [drops, *(part for each in inputs for part in (each.content, each.message))]
        assert self.sketch is not None  # only a tab with sketches hands them on
        self.sketch.photo(use, None, outputs, **EACH)

    # Painting ---------------------------------------------------------------------------------------------------

    def reword(self, event: gr.EventData, tab_state: DiffusionTabState, *values: Any) -> Updates:
        """Changes the prompt as a chip says, and paints anew."""
        prompt, places = self._set(values, "prompt"), self._set(values, "moved")
        part, name = str(getattr(event, "part", "")), str(getattr(event, "name", "") or "")
        changed = prompt_chips.reworded(prompt, part, name)
        if changed != prompt and not name:
            places = moving.without(prompt, places, part)
        yield from self._changed(tab_state, values, prompt=changed, moved=places)

    def move(self, event: gr.EventData, tab_state: DiffusionTabState, *values: Any) -> Updates:
        """Puts a thing where it was dragged to on the sketch, or all of them back, and paints anew."""
        thing, x, y = (getattr(event, name, None) for name in ("thing", "x", "y"))
        places = moving.put(self._set(values, "prompt"), self._set(values, "moved"), thing, x, y)
        yield from self._changed(tab_state, values, moved=places)

    def _set(self, values: tuple[Any, ...], name: str) -> str:
        """What a text field holds."""
        return str(values[len(self.inputs.components()) + list(self.fields).index(name)] or "")

    def _changed(self, tab_state: DiffusionTabState, values: tuple[Any, ...], **changes: str) -> Updates:
        """A run after those fields were changed; nothing where they hold that already."""
        new = {name: text for name, text in changes.items() if text != self._set(values, name)}
        if not new:
            yield {self.view.status: gr.skip()}
            return
        yield {self.fields[name]: text for name, text in new.items()}
        first = len(self.inputs.components())
        settings = dict(zip(self.fields, values[first:], strict=True)) | new
        yield from self.paint(tab_state, *values[:first], *settings.values())

    def paint(self, tab_state: DiffusionTabState, *values: Any) -> Updates:
        """Runs a job and shows how it comes along."""
        view = self.view
        yield view.started()
        try:
            run = tab_state.run = self.begin(values)
        except Problem as problem:
            yield {**self.view.ended(problems.as_html(problem)), **self.refused(problem, values)}
            return
        if sketched := self.drawn(run.drawn(), usable=False):  # Gradio takes no update of nothing
            yield sketched | self.pruned(run, values)
        tab_state.busy, tab_state.turn = True, tab_state.turn + 1
        try:
            with closing(self.studio.run(run.job)) as events:
                for event in events:
                    if isinstance(event, Finished):
                        self.finish(run, event.result)
                        tab_state.ready = run.drawn()
                        yield {**self.view.ended(run.told), view.shown: run.value, **self.drawn(tab_state.ready)}
                        continue
                    step: dict[Any, Any] = {view.status: widgets.progress(event.fraction, words.remark(event.message))}
                    if event.preview is not None:
                        if event.message.key == "made":
                            run.made.append(self.made_alone(run, event))
                            run.begun = None
                        elif event.made_by is not None:
                            run.begun = event
                        elif self.keep_sketch(run, event):
                            step |= self.drawn(run.drawn(), usable=False)
                        step[view.shown] = widgets.painting(event.preview, run.made)
                    yield step
        except Exception as error:
            yield {**self.view.ended(problems.as_html(error)), **self.left(tab_state, run)}
        finally:
            tab_state.busy = False

    def follow(self, tab_state: DiffusionTabState, *values: Any) -> Updates:
        """Paints anew at another strength, where that takes but a moment."""
        view = self.view
        try:
            run = self.begin(values)
        except Problem:
            return
        if tab_state.busy or not run.quick:
            return
        tab_state.turn += 1
        turn = tab_state.turn
        with closing(self.studio.run(run.job)) as events:
            for event in events:
                if tab_state.turn != turn:
                    return
                if isinstance(event, Finished):
                    self.finish(run, event.result)
                    tab_state.run, tab_state.ready = run, run.drawn()
                    yield {view.shown: run.value, view.status: run.told, **self.drawn(tab_state.ready)}
                elif event.preview is not None and event.message.key != "made":
                    self.keep_sketch(run, event)

    def begin(self, values: tuple[Any, ...]) -> DiffusionRun:
        """What is asked for."""
        count = len(self.inputs.components())
        content, styles = self.inputs.read(values[:count])
        settings = dict(zip(self.fields, values[count:], strict=True))
        job, stem = self.job(values)
        counting = {name: value for name, value in settings.items() if name != "mask" or getattr(job, name, None)}
        plan = self.studio.plan(job)
        if plan.scene is not None and not plan.scene.wraps:
            counting["moved"] = plan.job.moved  # without what is not in the picture
        return DiffusionRun(job, stem, ControlsSnapshot(content, styles, counting), len(plan.shots), plan)

    def pruned(self, run: DiffusionRun, values: tuple[Any, ...]) -> dict[Any, Any]:
        """Updates that forget where things were that are not in the picture any more."""
        places = run.asked.settings["moved"]
        return {} if places == self._set(values, "moved") else {self.fields["moved"]: places}

    def finish(self, run: DiffusionRun, result: Result) -> None:
        """Saves the results."""
        run.made = self.save_results(result, run.stem)
        run.value = widgets.gallery_value(run.made, run.asked, run.sketches, run.quick)
        run.told = results.summary(result)

    def keep_sketch(self, run: DiffusionRun, step: Step) -> bool:
        """Saves the picture of a step where it is the composer's sketch; whether it is."""
        drawn = run.drawn()
        if drawn is None or step.message.key not in ("painting", "sketched"):
            return False
        if len(run.sketches) == len(drawn.seeds):  # it was begun anew, with less memory
            run.sketches.clear()
        assert step.preview is not None  # those steps have one
        path = results.save_plain(step.preview, f"{run.stem}-sketch", Path(self.view.shown.GRADIO_CACHE))
        self.view.shown.temp_files.add(str(path))
        run.sketches.append(path)
        return True

    def drawn(self, drawn: Drawn | None, usable: bool = True) -> dict[Any, Any]:
        """Updates that show what was drawn and understood."""
        return {self.sketch: sketch.box(drawn, usable)} if self.sketch else {}

    def refused(self, problem: Problem, values: tuple[Any, ...]) -> dict[Any, Any]:
        """Updates that say beside the prompt what is wrong with it, where it is the prompt."""
        if not self.sketch or problem.key not in sketch.REFUSED:
            return {}
        settings = dict(zip(self.fields, values[len(self.inputs.components()) :], strict=True))
        return {self.sketch: sketch.refused(problem, jobs.text("prompt", settings["prompt"]))}

    def left(self, tab_state: DiffusionTabState, run: DiffusionRun) -> dict[Any, Any]:
        """Updates that show what a run that did not end has painted, saved; else what was there before it."""
        if run.value is None and (run.made or run.begun):
            begun = run.begun  # which the run itself may still exchange, until it hears that it is stopped
            alone = begun is not None and run.total == 1
            told = [] if alone else [words.tr("stopped_after", count=len(run.made), total=run.total)]
            if begun is not None:
                try:
                    run.made.append(self.made_alone(run, begun))
                except Problem as problem:  # such as a disk that is full
                    return {self.view.shown: widgets.back(), self.view.status: problems.as_html(problem)}
                # What was begun is remembered of one picture alone, and not by a process that has gone with its GPU.
                goes_on = alone and not zerogpu.loses_cache(begun.made_by.computed["device"])
                told.append(words.tr("stopped_painting" if goes_on else "stopped_there", **begun.message.values))
            run.sketches = run.sketches[: len(run.made)]
            tab_state.ready = run.drawn()
            run.value = widgets.gallery_value(run.made, run.asked, run.sketches)
            run.told = problems.note(words.join(told, " "))
        return {self.view.shown: run.value or widgets.back(), **self.drawn(tab_state.ready)}

    def give_back(self, tab_state: DiffusionTabState, result: Any) -> Any:
        """What was drawn for the result that is there again after a reload, for the sketch's element."""
        drawn = sketch.lay_there(result, Path(self.view.shown.GRADIO_CACHE))
        if drawn is None:
            return gr.skip()
        tab_state.ready = drawn
        return sketch.box(drawn)

    def stopped(self, tab_state: DiffusionTabState) -> dict[Any, Any]:
        """Updates after Stop."""
        run = tab_state.run
        if run is None:
            return self.view.ended(problems.note(words.tr("stopped")))
        shown = self.left(tab_state, run)
        return {**self.view.ended(run.told or problems.note(words.tr("stopped"))), **shown}

    def job(self, values: tuple[Any, ...]) -> tuple[Job, str]:
        """(job, stem of the files to save: the content's name, or else the prompt)."""
        count = len(self.inputs.components())
        content, styles = cast(tuple[Any, Any], self.inputs.read(values[:count]))  # paths, which jobs open
        settings = dict(zip(self.fields, values[count:], strict=True))
        if self.where:
            settings["mask"] = self.where.brushed(settings)
        return diffusion.job_of(self.kind, content, styles, settings)

    def save_results(self, result: Result, stem: str) -> list[widgets.Made]:
        """Saves the pictures of a result, each with the settings that make it alone."""
        plan, models = result.plan, result.models
        return [
            self._saved(image, number, plan, stem, plan.record(number, models))
            for number, image in enumerate(result.images)
        ]

    def made_alone(self, run: DiffusionRun, step: Step) -> widgets.Made:
        """Saves a picture of a run that has not ended, finished or as far as it is."""
        assert step.preview is not None  # the picture itself
        number, record = step.message.values.get("picture", 1) - 1, step.made_by
        del run.made[number:]  # a run that was begun anew, with less memory or without a GPU, makes them all again
        if step.message.key == "made":
            return self._saved(step.preview, number, run.plan, run.stem, record)
        at = int(step.message.values["step"])
        record = replace(record, settings={**record.settings, "stopped_at": at})
        return self._saved(step.preview, number, run.plan, run.stem, record, f"step{at}")

    def _saved(
        self, image: Image.Image, number: int, plan: Plan, stem: str, record: Record, stopped: str = ""
    ) -> widgets.Made:
        """Saves image `number` of a result with the record that makes it alone, or where that was `stopped`."""
        settings = plan.settings_per_image()[number]
        tag, caption = "", words.tr("seed_caption", seed=settings["seed"])
        if plan.job.total > plan.job.count:
            tag = settings["preprocessor"]
            caption = words.join([words.tr(f"preprocessor_{tag}"), caption])
        painter = "optimise" if plan.optimises else ""
        method, strength = "-".join(filter(None, (plan.model, painter, tag, stopped))), settings["style_strength"]
        name = results.file_name(stem, method, plan.job.styles, strength, settings["seed"])
        path = results.keep(self.view.shown, image, record, self.studio.settings, name)
        return widgets.Made(path, caption, bool(settings.get("tile")))

    # Settings ---------------------------------------------------------------------------------------------------

    def pick_prompt(self, model: str, event: gr.EventData) -> Any:
        """The example prompt that was clicked: as the page shows it for the composer, else in English."""
        composed = self.studio.ready(self.kind, model=model).model == "composer"
        return diffusion.picked(self.kind, event, in_chinese=composed)

    def suit(self, *values: Any) -> list[Any]:
        """What the fields whose defaults depend on the model become after another one was chosen."""
        count = len(diffusion.MODEL_FIELDS)
        set_now: dict[str, Any] = dict(zip(diffusion.MODEL_FIELDS, values[:count], strict=True))
        model = self.weights.choice(*values[count:]).model
        adapted = diffusion.adapt_fields(self.kind, model, set_now)
        size = {"size": gr.update(value=adapted["size"], **self.weights.size_range(model))}
        return list((adapted | size).values())

    def setting_updates(self, settings: dict[str, Any]) -> dict[Any, Any]:
        """Updates for every field: the value given, or else the default."""
        settings = {**diffusion.defaults(self.kind, self.studio), **settings}
        choices = [choice for _, choice in self.fields["model"].choices]
        if settings["model"] not in choices:
            settings["model"] = "auto"  # the record of a picture names the model that was used
        sizes = self.weights.size_range(self.weights.choice(settings["model"]).model)
        settings["size"] = diffusion.at_least(settings["size"], sizes["minimum"])
        updates = {field: gr.update(value=settings[name]) for name, field in self.fields.items() if name in settings}
        where = self.where.updates(settings) if self.where else {}
        return updates | where | {self.fields["size"]: gr.update(value=settings["size"], **sizes)}

    def fill(self, found: Restored) -> dict[Any, Any]:
        """Updates that bring back how a picture was made, and what was drawn for it."""
        updates = {**self.setting_updates(found.settings), **self.inputs.weigh(found.style_weights)}
        if found.scene is None:
            return updates
        drawn = sketch.recorded(found, Path(self.view.shown.GRADIO_CACHE))
        self.view.shown.temp_files |= {str(path) for path in (drawn.sketches if drawn else ())}
        return updates | self.drawn(drawn)
