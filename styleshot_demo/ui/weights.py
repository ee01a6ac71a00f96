"""Which model a tab will use and why, and where its files are missing: what, how much, and a button that fetches it."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import gradio as gr

from styleshot_demo import job_defaults, jobs
from styleshot_demo.errors import Problem
from styleshot_demo.jobs.schema import Number
from styleshot_demo.models import hub
from styleshot_demo.runners.small import SIZE as SMALL_SIZE
from styleshot_demo.runners.weights import BUILT_IN, ModelChoice
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio
from styleshot_demo.ui import fetching, problems, words
from styleshot_demo.ui.controls import INSTANT, QUIET, View, Visible
from styleshot_demo.ui.opening import Opening
from styleshot_demo.ui.stopping import stops
from styleshot_demo.ui.words import LocalizedText, join, tr

_ASK = """
element.addEventListener("click", (event) => {
  if (!event.target.closest("button[data-act=fetch]")) return;
  window.styleshot.afterStop("KIND-fetch-stop", () => trigger("fetch_model", {}));
});"""


@dataclass(frozen=True)
class Offer:
    """A download that would bring what is missing.

    names   models to fetch, which bring those along that they need
    states  everything that comes, each model once
    """

    names: tuple[str, ...]
    states: tuple[hub.Missing, ...]

    @property
    def size(self) -> str:
        """How much that is, for people."""
        return hub.readable(sum(state.bytes for state in self.states))


def offer(choice: ModelChoice, settings: Settings) -> Offer:
    """What fetching would bring; the names are those that no other of the missing models brings along."""
    brought = {need for state in choice.missing for need in state.model.needs}
    names = tuple(state.model.name for state in choice.missing if state.model.name not in brought)
    states = {state.model.name: state for name in names for state in hub.plan(name, settings)}
    return Offer(names, tuple(states.values()))


def line(choice: ModelChoice, model: str, settings: Settings, kind: str = "") -> str:
    """What stands in the tab, as HTML: which model paints and why, or what is missing and what it would cost.

    model  what was asked for: "auto", "styleshot", "composer", "painter" or "small"
    kind   "text" or "image", the tab
    """
    wordless = _wordless(kind, choice.model or "")
    if choice.model == "styleshot":
        return f'<p class="hint">{tr("uses_styleshot").html()}{wordless}</p>'
    if choice.model and choice.model == model:
        return f'<p class="hint">{tr(f"uses_{model}").html()}{wordless}</p>'
    wanted = offer(choice, settings)
    rows = f"<ul>{''.join(_row(state) for state in wanted.states)}</ul>"
    if choice.model:
        text = f"<p>{tr(f'uses_{choice.model}_instead').html()}{wordless}</p>"
        if not fetching.allowed(settings):
            return f'<div class="hint">{text}</div>'
        what = f"<details><summary>{tr('what_comes').html()}</summary>{rows}</details>"
        return f'<div class="hint instead"><div>{text}{what}</div>{_button(wanted, settings)}</div>'
    what, todo = words.problem(Problem("weights_broken", model=choice.damaged)) if choice.damaged else _missing()
    return (
        f'<div class="needs"><h2>{what.html()}</h2><p>{todo.html()}</p>{rows}'
        f"{_button(wanted, settings)}<p>{tr('until_then').html()}</p></div>"
    )


def _missing() -> tuple[LocalizedText, LocalizedText]:
    return tr("needs_files"), tr("needs_files_about")


def _row(state: hub.Missing) -> str:
    licence = LocalizedText(state.model.licence, words.LICENCES_ZH.get(state.model.licence, state.model.licence))
    size = hub.readable(state.bytes)
    facts = join([LocalizedText(size, size), tr("licence", licence=licence)])
    title = words.model_title(state.model).html()
    return f'<li><strong>{title}</strong> <span class="facts">{facts.html()}</span></li>'


def _button(wanted: Offer, settings: Settings) -> str:
    """The button, or why there is none."""
    if not fetching.allowed(settings):
        return f"<p>{join(words.problem(Problem('downloads_off')), ' ').html()}</p>"
    text = tr("fetch", size=wanted.size)
    return f'<button type="button" data-act="fetch">{text.html()}</button>'


class Weights:
    """The line in a tab, laid out where this is made."""

    def __init__(
        self,
        kind: str,
        studio: Studio,
        styleshot_only: Sequence[Any],
        composer_only: Sequence[Any] = (),
        small_told: Sequence[Any] = (),
    ) -> None:
        """`kind` is "text" or "image"; the others are parts of the page that mean nothing to other models; `small_told`
        say what the small model cannot do."""
        self.kind, self.studio = kind, studio
        self.styleshot_only, self.composer_only = styleshot_only, composer_only
        self.small_told = small_told
        self.size: Any = None
        self.preprocessor: Any = None
        with gr.Column(elem_classes="weights"):
            self.line = gr.HTML(elem_id=f"{kind}-model", js_on_load=_ASK.replace("KIND", kind), apply_default_css=False)
            self.status = gr.HTML(elem_id=f"{kind}-fetch-status", elem_classes="status", apply_default_css=False)
            self.stop = gr.Button(
                words.i18n("stop"), variant="stop", size="sm", visible=False, elem_id=f"{kind}-fetch-stop"
            )

    def wire(self, opening: Opening, tab: gr.Tab, view: View, asked: Sequence[Any], size: Any) -> None:
        """Keeps the line right: as the page opens, as the tab is chosen, and as what is asked for changes.

        asked  the controls whose values `choice` takes
        size   the slider, which begins where the model's pictures do
        """
        self.size = size
        self.preprocessor = asked[1] if self.kind == "image" else None
        own = [*self.small_told, *([self.preprocessor] if self.preprocessor else [])]
        outputs = [self.line, view.run, view.grid, size, *self.styleshot_only, *self.composer_only, *own]

        def refresh(*values: Any) -> dict[Any, Any]:
            return self.refreshed(view, *values)

        opening.add(lambda _, *values: refresh(*values), asked, outputs)
        changes = [tab.select, *(control.change for control in asked)]
        gr.on(changes, refresh, list(asked), outputs, trigger_mode="always_last", **INSTANT)

        @problems.guarded(lambda told: {self.status: told, self.stop: gr.update(visible=False)})
        def fetch(*values: Any) -> Generator[dict[Any, Any], None, None]:
            yield {self.status: "", self.stop: gr.update(visible=True)}
            names = offer(self.choice(*values), self.studio.settings).names
            with closing(fetching.shown(names, self.studio.settings)) as progress:
                for text in progress:
                    yield {self.status: text}
            yield {self.status: "", self.stop: gr.update(visible=False), **self.refreshed(view, *values)}

        def stopped() -> dict[Any, Any]:
            return {self.status: problems.note(tr("fetch_stopped")), self.stop: gr.update(visible=False)}

        run = self.line.fetch_model(
            fetch, list(asked), [self.status, self.stop, *outputs], concurrency_limit=4, trigger_mode="once", **QUIET
        )
        stops(self.stop, run, stopped, [self.status, self.stop])

    def choice(self, model: str, content: Any = "contour") -> ModelChoice:
        """Which model would be used now; `content`: the preprocessor, or whether a prompt's sketch is followed."""
        if self.kind == "text":
            return self.studio.ready("text", model=model, follow_sketch=content is True)
        return self.studio.ready(self.kind, content, model)

    def refreshed(self, view: View, *asked: Any) -> dict[Any, Any]:
        """Updates of the line, of the buttons that need a model, and of what only some models look at."""
        choice = self.choice(*asked)
        usable = gr.update(interactive=choice.model is not None)
        return {
            self.line: line(choice, asked[0], self.studio.settings, self.kind),
            view.run: usable,
            view.grid: usable,
            **self._held(choice.model),
            **{part: gr.update(visible=finer_seen(choice)) for part in self.styleshot_only},
            **{part: gr.update(visible=composer_seen(choice)) for part in self.composer_only},
        }

    def size_range(self, model: str | None) -> dict[str, Any]:
        """The least and the most size that a model paints, as updates take them. Always both: events pass each other,
        and Gradio refuses an end that does not go with the other one of the model before."""
        job = jobs.TextJob if self.kind == "text" else jobs.ImageJob
        setting = jobs.fields(job)["size"].setting
        assert isinstance(setting, Number)
        most = SMALL_SIZE if model == "small" else setting.high
        return {"minimum": job_defaults.smallest(model), "maximum": most}

    def _held(self, model: str | None) -> dict[Any, Any]:
        """Updates that hold controls to what the model can do, and say why."""
        small = model == "small"
        updates = {told: gr.update(visible=small) for told in self.small_told}
        if self.size is not None:
            updates[self.size] = gr.update(**self.size_range(model))
        if self.preprocessor is not None:
            updates[self.preprocessor] = gr.update(interactive=not small)
        return updates


def _wordless(kind: str, model: str) -> str:
    """What becomes of a picture from words where there are none, for models that paint it all the same."""
    return f" {tr('no_words_needed').html()}" if kind == "text" and model in ("styleshot", "small") else ""


def finer_seen(choice: ModelChoice) -> Visible:
    """How visible settings are that the composer and the painter have no use for: hidden, not taken out of the page, so
    that what is set there stays and can be restored."""
    return "hidden" if choice.model in BUILT_IN.values() else True


def composer_seen(choice: ModelChoice) -> Visible:
    """How visible settings are that mean something to the composer alone; hidden as in `finer_seen`."""
    return True if choice.model == "composer" else "hidden"


def models(kind: str, studio: Studio) -> Sequence[str]:
    """The models to choose from."""
    own = [model for model in (BUILT_IN[kind], "small") if studio.ready(kind, model=model).model is not None]
    return ("auto", "styleshot", *own)
