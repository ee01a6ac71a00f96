"""What the Text-driven and the Image-driven tab do: paint, sweep, stop, remember, restore."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import jobs, names
from styleshot_demo.events import Finished, Result
from styleshot_demo.provenance import Restored
from styleshot_demo.studio import Studio
from styleshot_demo.ui import diffusion, problems, restore, results, widgets, words
from styleshot_demo.ui.controls import INSTANT, PAINTING, Inputs, Seed, View, stops
from styleshot_demo.ui.lines import Lines
from styleshot_demo.ui.stored import Stored
from styleshot_demo.ui.weights import Weights
from styleshot_demo.ui.words import say

Job = jobs.TextJob | jobs.ImageJob


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
        lines: Lines | None = None,
    ) -> None:
        """kind: "text" or "image"; fields: controls by the name of the job's field; lines: of the content picture."""
        self.kind, self.studio, self.inputs, self.seed, self.prompts = kind, studio, inputs, seed, prompts
        self.weights, self.view, self.lines = weights, view, lines
        self.fields = {**fields, **(lines.fields if lines else {}), "style_strength": view.strength}

    def wire(self, page: gr.Blocks, tab: gr.Tab) -> restore.Target:
        """Connects every event; to be called outside of the tabs. Returns what a picture made here can fill."""
        view, fields = self.view, self.fields
        stored = Stored(self.kind, fields, diffusion.CHECKS[self.kind])
        everything = [*self.inputs.components(), *fields.values()]
        runs = [
            button.click(
                problems.guarded(self.ended)(handler), everything, view.outputs(), trigger_mode="once", **PAINTING
            )
            for button, handler in ((view.run, self.paint), (view.beside, self.sweep))
        ]
        stops(view.stop, runs, self.stopped, view.outputs())
        self.seed.randomise.click(jobs.new_seed, None, self.seed.number, **INSTANT).then(**stored.save)
        self.prompts.pick(self.pick_prompt, None, fields["prompt"], **INSTANT).then(**stored.save)
        preprocessor = fields.get("preprocessor")
        asked = [fields["model"], *([preprocessor] if preprocessor else [])]
        own = [fields[name] for name in diffusion.MODEL_FIELDS]
        fields["model"].input(self.suit, [*own, *asked], own, **INSTANT).then(**stored.save)
        self.weights.wire(page, tab, view, asked)
        if self.lines and self.inputs.content:
            self.lines.wire(self.studio, self.inputs.content, fields["size"], fields["model"])
        stored.wire(page, self.setting_updates, list(fields.values()))
        return restore.Target(self.kind, [*self.inputs.slot_outputs(), *fields.values()], self.fill, stored.save)

    # Painting ---------------------------------------------------------------------------------------------------

    def paint(self, *values: Any) -> Iterator[dict[Any, Any]]:
        """Runs a job and shows how it comes along."""
        yield from self._run(values, sweep=False)

    def sweep(self, *values: Any) -> Iterator[dict[Any, Any]]:
        """The same with one picture for each of several style strengths."""
        yield from self._run(values, sweep=True)

    def _run(self, values: tuple[Any, ...], sweep: bool) -> Iterator[dict[Any, Any]]:
        view = self.view
        yield view.started(widgets.progress(0, say("starting")))
        job, stem = self.job(values)
        with closing(self.studio.sweep(job) if sweep else self.studio.run(job)) as events:
            for event in events:
                if isinstance(event, Finished):
                    made = self.hang(event.result, job, stem, sweep)
                    yield {**self.ended(results.summary(event.result)), view.shown: widgets.hung(made)}
                    continue
                step: dict[Any, Any] = {view.status: widgets.progress(event.fraction, words.remark(event.message))}
                if event.preview is not None:
                    step[view.shown] = widgets.painting(event.preview)
                yield step

    def ended(self, text: str) -> dict[Any, Any]:
        """Updates at the end of a run, however it ended."""
        return {**self.view.ended(text), self.view.beside: gr.update(interactive=True)}

    def stopped(self) -> dict[Any, Any]:
        """Updates after Stop."""
        return self.ended(problems.note(say("stopped")))

    def job(self, values: tuple[Any, ...]) -> tuple[Job, str]:
        """(job, stem of the files to save: the content's name, or else the prompt)."""
        count = len(self.inputs.components())
        content, styles = self.inputs.read(values[:count])
        settings = dict(zip(self.fields, values[count:], strict=True))
        if self.kind == "text":
            job: Job = jobs.TextJob(styles, **settings)
            return job, job.prompt or "styleshot"
        return jobs.ImageJob(content, styles, **settings), names.stem_of(content)

    def hang(self, result: Result, job: Job, stem: str, sweep: bool) -> list[widgets.Made]:
        """Saves the pictures of a result, each with the settings that make it alone."""
        view, model = self.view, result.settings["model"]
        folder, keep = Path(view.shown.GRADIO_CACHE), self.studio.settings.provenance
        made = []
        for number, image in enumerate(result.images):
            if sweep and number == 0:
                settings, tag, caption = result.settings, "sweep", say("sweep_caption")
            elif sweep:
                strength = result.settings["sweep"][number - 1]
                settings = {**replace(job.alone(0), style_strength=strength).settings(), "model": model}
                tag, caption = f"strength{strength:g}", say("strength_caption", strength=f"{strength:g}")
            else:
                settings = {**job.alone(number).settings(), "model": model}
                tag, caption = "", say("seed_caption", seed=settings["seed"])
                if job.total > job.count:
                    tag = settings["preprocessor"]
                    caption = words.join([say(f"preprocessor_{tag}"), caption])
            name = results.file_name(stem, "-".join(filter(None, (model, tag))), settings["seed"])
            path = results.save(image, settings, result.models, folder, name, keep)
            view.shown.temp_files.add(str(path))  # so that Gradio deletes it when it is old
            made.append(widgets.Made(path, caption))
        return made

    # Settings ---------------------------------------------------------------------------------------------------

    def pick_prompt(self, event: gr.EventData) -> Any:
        """The example prompt that was clicked."""
        name = getattr(event, "name", None)
        return name if name in diffusion.PROMPTS else gr.skip()

    def suit(self, *values: Any) -> list[Any]:
        """What the fields whose defaults depend on the model become after another one was chosen."""
        count = len(diffusion.MODEL_FIELDS)
        set_now = dict(zip(diffusion.MODEL_FIELDS, values[:count], strict=True))
        return list(diffusion.suited(self.kind, self.weights.choice(*values[count:]).model, set_now).values())

    def setting_updates(self, settings: dict[str, Any]) -> dict[Any, Any]:
        """Updates for every field: the value given, or else the default."""
        settings = {**diffusion.defaults(self.kind, self.studio), **settings}
        choices = [choice for _, choice in self.fields["model"].choices]
        if settings["model"] not in choices:
            settings["model"] = "auto"  # the record of a picture names the model that was used
        return {field: gr.update(value=settings[name]) for name, field in self.fields.items()}

    def fill(self, found: Restored) -> dict[Any, Any]:
        """Updates that bring back how a picture was made."""
        return {**self.setting_updates(found.settings), **self.inputs.weigh(found.style_weights)}
