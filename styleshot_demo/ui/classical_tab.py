"""The Classical tab: three methods that need no download."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import jobs, names, pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.events import Finished, Result
from styleshot_demo.jobs import CLASSICAL_CHECKS, ClassicalJob
from styleshot_demo.studio import Studio
from styleshot_demo.ui import controls, memory, problems, restore, results, widgets, words
from styleshot_demo.ui.controls import INSTANT, PAINTING, Inputs, Seed, View, stops
from styleshot_demo.ui.stored import Stored
from styleshot_demo.ui.words import mark, say

# What a page starts with; the job's own defaults but for the size, which a laptop should paint in a moment.
DEFAULTS: dict[str, Any] = {name: ClassicalJob.__dataclass_fields__[name].default for name in CLASSICAL_CHECKS}
KEPT_SECONDS = 1800  # how long the server keeps a result's pictures, so that its strength can still be moved


def build(studio: Studio) -> "ClassicalTab":
    """Lays the tab out, where it is called; `wire` of what it returns makes it work."""
    with gr.Row(elem_classes="bench", equal_height=False):
        with gr.Column(scale=5, min_width=320, elem_classes="inputs"):
            inputs = controls.picture_inputs()
            fields, parts, seed, fit, about = _settings()
        with gr.Column(scale=6, min_width=320, elem_classes="outcome"):
            view = controls.view("classical", widgets.compare, _download)
    fields["strength"] = view.strength
    return ClassicalTab(studio, inputs, fields, parts, seed, fit, about, view)


def _download() -> gr.DownloadButton:
    return gr.DownloadButton(
        mark("download"), interactive=False, elem_id="classical-download", min_width=140, scale=1, size="lg"
    )


def _settings() -> tuple[dict[str, Any], dict[str, tuple[str, ...]], Seed, gr.HTML, gr.HTML]:
    """(controls by the name of the job's field, which methods each part is for, seed, memory line, method line)."""
    fields: dict[str, Any] = {}
    with gr.Column(elem_classes="settings"):
        fields["method"] = gr.Radio(
            controls.choices("method", jobs.METHODS), value=DEFAULTS["method"], label=mark("method"),
            elem_id="method", elem_classes="segments",
        )  # fmt: skip
        about = gr.HTML(_about(), elem_id="about-method", apply_default_css=False)
        fields["size"] = gr.Slider(
            256, 2048, DEFAULTS["size"], step=1, label=mark("size"), buttons=[], elem_id="size", elem_classes="slim"
        )
        fit = gr.HTML(elem_id="fits", apply_default_css=False)
        fields["keep_colours"] = gr.Checkbox(False, label=mark("keep_colours"), elem_id="keep-colours")
        with gr.Accordion(mark("finer"), open=False, elem_id="finer", elem_classes="drawer"):
            fields["transform"] = _radio("transform", jobs.TRANSFORMS, True)
            fields["colour_method"] = _radio("colour_method", jobs.COLOUR_METHODS, False, "colour")
            fields["start"] = _radio("start", jobs.STARTS, False)
            fields["optimiser"] = _radio("optimiser", jobs.OPTIMISERS, False)
            with gr.Row(elem_classes="numbers"):
                for name in ("steps", "content_weight", "style_weight", "tv_weight"):
                    fields[name] = gr.Number(
                        DEFAULTS[name], label=mark(name), precision=0 if name == "steps" else None, min_width=100,
                        step=1 if name == "steps" else 0.1, visible=False, elem_id=name.replace("_", "-"),
                    )  # fmt: skip
            seed = controls.seed("seed", visible=DEFAULTS["method"] == "optimise")
            fields["seed"] = seed.number
    optimise = ("optimise",)
    parts = {
        "keep_colours": ("fast", "optimise"),
        "transform": ("fast",),
        "colour_method": ("colour",),
        **dict.fromkeys(("start", "optimiser", "steps", "content_weight", "style_weight", "tv_weight"), optimise),
    }
    return fields, parts, seed, fit, about


def _radio(name: str, options: tuple[str, ...], visible: bool, prefix: str | None = None) -> gr.Radio:
    return gr.Radio(
        controls.choices(prefix or name, options),
        value=DEFAULTS[name],
        label=mark(name),
        visible=visible,
        elem_id=name.replace("_", "-"),
    )


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
        parts: dict[str, tuple[str, ...]],
        seed: Seed,
        fit: gr.HTML,
        about: gr.HTML,
        view: View,
    ) -> None:
        self.studio, self.inputs, self.view = studio, inputs, view
        self.fields, self.parts, self.seed, self.fit, self.about = fields, parts, seed, fit, about
        self.shape = gr.State(None)  # width and height of the content picture
        # The job of the picture on show, with its opened pictures, so that its strength alone can be moved.
        self.shown = gr.State(None, time_to_live=KEPT_SECONDS)

    def wire(self, page: gr.Blocks) -> restore.Target:
        """Connects every event; to be called outside of the tabs. Returns what a picture made here can fill."""
        view, inputs, fields = self.view, self.inputs, self.fields
        everything = [*inputs.components(), *fields.values()]
        run = view.run.click(
            problems.guarded(view.ended)(self.paint),
            everything,
            [*view.outputs(), self.shown],
            trigger_mode="once",
            **PAINTING,
        )
        stops(view.stop, run, self.stopped, view.outputs())
        view.strength.input(
            problems.guarded(lambda text: {view.status: text})(self.move),
            [view.strength, self.shown],
            [view.shown, view.status, view.beside],
            trigger_mode="always_last",
            **PAINTING,
        )
        sized = [fields["method"], fields["size"], self.shape]
        inputs.content.change(self.measure, inputs.content, self.shape, **INSTANT).then(
            self.fits, sized, self.fit, **INSTANT
        )
        for control in (fields["size"], fields["method"]):
            control.change(self.fits, sized, self.fit, trigger_mode="always_last", **INSTANT)
        run.then(self.fits, sized, self.fit, **INSTANT)
        fields["method"].change(self.relevant, fields["method"], self.method_outputs(), **INSTANT)
        stored = Stored("classical", fields, CLASSICAL_CHECKS)
        self.seed.randomise.click(jobs.new_seed, None, self.seed.number, **INSTANT).then(**stored.save)
        stored.wire(page, self.setting_updates, self.setting_outputs()).then(self.fits, sized, self.fit, **INSTANT)
        return restore.Target("classical", [*inputs.slot_outputs(), *self.setting_outputs()], self.fill, stored.save)

    # Painting ---------------------------------------------------------------------------------------------------

    def paint(self, *values: Any) -> Iterator[dict[Any, Any]]:
        """Runs a job and shows how it comes along."""
        view = self.view
        yield {**view.started(widgets.progress(0, say("starting"))), self.shown: None}
        count = len(self.inputs.components())
        content, styles = self.inputs.read(values[:count])
        job, stem = self.job(content, styles, dict(zip(self.fields, values[count:], strict=True)))
        folder = Path(view.shown.GRADIO_CACHE)
        before = results.save_plain(job.content, "before", folder)
        view.shown.temp_files.add(str(before))  # so that Gradio deletes it when it is old
        with closing(self.studio.run(job)) as events:
            for event in events:
                if isinstance(event, Finished):
                    yield self.finished(event.result, (job, stem, before), folder)
                    continue
                step: dict[Any, Any] = {view.status: widgets.progress(event.fraction, words.remark(event.message))}
                if event.preview is not None:
                    step[view.shown] = widgets.pair(before, event.preview)
                yield step

    def job(self, content: str | None, styles: list[tuple[str, float]], settings: dict[str, Any]) -> tuple[Any, str]:
        """(job, stem of the file to save). Its pictures are brought to size here: what is kept for later is small,
        and resizing what has the size already changes nothing, so the result is that of the pictures themselves."""
        if content is None:
            raise Problem("content_needed")
        size = CLASSICAL_CHECKS["size"]("size", settings["size"])
        opened = pictures.fit_longest(pictures.open_picture(content), size)
        brought = [(pictures.fit_longest(pictures.open_picture(path), size), weight) for path, weight in styles]
        return ClassicalJob(opened, brought, **settings), names.stem_of(content)

    def finished(self, result: Result, kept: tuple[ClassicalJob, str, Path], folder: Path) -> Any:
        """Updates that show a finished picture and offer its file."""
        job, stem, before = kept
        name = results.file_name(stem, job.method, result.seed)
        path = results.save(
            result.images[0], result.settings, result.models, folder, name, self.studio.settings.provenance
        )
        view = self.view
        return {
            **view.ended(results.summary(result)),
            view.shown: widgets.pair(before, path),
            view.beside: gr.update(value=str(path), interactive=True),
            self.shown: kept,
        }

    def stopped(self) -> dict[Any, Any]:
        """Updates after the stop button: the computation itself ends because its generator is closed."""
        return self.view.ended(problems.note(say("stopped")))

    def move(self, strength: float, kept: tuple[ClassicalJob, str, Path] | None) -> Iterator[Any]:
        """The picture on show at another strength: only decoded anew where the method can do that."""
        view = self.view
        if kept is None:
            return
        job, stem, before = kept
        if job.method == "optimise":
            yield {view.status: problems.note(say("strength_later"))}
            return
        job = replace(job, strength=strength, styles=list(job.styles))
        began = time.perf_counter()
        with closing(self.studio.run(job)) as events:
            for event in events:
                if isinstance(event, Finished):
                    shown = self.finished(event.result, (job, stem, before), Path(view.shown.GRADIO_CACHE))
                    yield {part: shown[part] for part in (view.shown, view.status, view.beside)}
                elif event.message.key == "waiting_place" and time.perf_counter() - began > 1:
                    yield {view.status: widgets.progress(0, words.remark(event.message))}

    # Settings ---------------------------------------------------------------------------------------------------

    def measure(self, content: str | None) -> tuple[int, int] | None:
        """Width and height of the content picture, None where there is none that can be read."""
        try:
            return pictures.open_picture(content).size if content else None
        except Problem:
            return None

    def fits(self, method: str, size: float, shape: tuple[int, int] | None) -> str:
        """The line under the size slider."""
        return memory.line(method, int(size or DEFAULTS["size"]), [shape], self.studio)

    def method_outputs(self) -> list[Any]:
        """What `relevant` changes."""
        return [*(self.fields[name] for name in self.parts), self.seed.row]

    def relevant(self, method: str) -> list[Any]:
        """Shows the settings that this method knows, and only those."""
        shown = [gr.update(visible=method in methods) for methods in self.parts.values()]
        return [*shown, gr.update(visible=method == "optimise")]

    def setting_outputs(self) -> list[Any]:
        """What `setting_updates` changes."""
        return [*self.fields.values(), self.seed.row]

    def setting_updates(self, settings: dict[str, Any]) -> dict[Any, Any]:
        """Updates for every field: the value given or else the default, and visible where its method knows it."""
        settings = {**DEFAULTS, **settings}
        relevant = dict(zip(self.method_outputs(), self.relevant(settings["method"]), strict=True))
        values = {self.fields[name]: gr.update(value=settings[name], **relevant.get(self.fields[name], {}))
                  for name in self.fields}  # fmt: skip
        return {**relevant, **values}

    def fill(self, found: provenance.Restored) -> dict[Any, Any]:
        """Updates that bring back how a picture was made."""
        return {**self.setting_updates(found.settings), **self.inputs.weigh(found.style_weights)}
