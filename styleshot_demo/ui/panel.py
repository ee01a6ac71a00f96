"""The models panel: what is in memory and can be unloaded, what is on disk and what can be fetched."""

import html
from collections.abc import Generator
from contextlib import closing
from typing import Any

import gradio as gr

from styleshot_demo.models import hub
from styleshot_demo.studio import Studio
from styleshot_demo.ui import fetching, problems, widgets, words
from styleshot_demo.ui.controls import EACH, QUIET
from styleshot_demo.ui.stopping import stops
from styleshot_demo.ui.words import LocalizedText, i18n, join, tr

_ASK = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-name]");
  const { act, name } = button?.dataset ?? {};
  if (act === "unload") trigger("unload_model", { name });
  else if (button) window.styleshot.afterStop("fetch-stop", () => trigger("fetch_model", { name }));
});"""


def build(studio: Studio) -> tuple[Any, list[Any]]:
    """Lays the panel out, where it is called; returns what brings it up to date: (function, its outputs)."""
    with gr.Column(elem_classes="models"):
        widgets.prose("p", "models_about", "lead-text")
        status = gr.HTML(elem_id="models-status", elem_classes="status", apply_default_css=False)
        stop = gr.Button(i18n("stop"), variant="stop", size="sm", visible=False, elem_id="fetch-stop")
        memory = gr.HTML(elem_id="models-memory", js_on_load=_ASK, apply_default_css=False)
        disk = gr.HTML(elem_id="models-disk", js_on_load=_ASK, apply_default_css=False)

    def refresh() -> tuple[str, str]:
        return in_memory(studio), on_disk(studio)

    def unload(event: gr.EventData) -> tuple[str, str, str]:
        name = str(getattr(event, "name", ""))
        gone = studio.cache.unload(name)
        return problems.note(tr("unloaded" if gone else "unload_later", model=words.model_name(name))), *refresh()

    @problems.guarded(lambda message: {status: message, stop: gr.update(visible=False)})
    def fetch(event: gr.EventData) -> Generator[dict[Any, Any], None, None]:
        name = str(getattr(event, "name", ""))
        with closing(fetching.shown([name], studio.settings)) as progress:
            for text in progress:
                yield {status: text, stop: gr.update(visible=True)}
        memory_now, disk_now = refresh()
        done = problems.note(tr("fetched", model=words.model_name(name)))
        yield {status: done, stop: gr.update(visible=False), memory: memory_now, disk: disk_now}

    def stopped() -> dict[Any, Any]:
        return {status: problems.note(tr("fetch_stopped")), stop: gr.update(visible=False)}

    memory.unload_model(unload, None, [status, memory, disk], **EACH)
    run = disk.fetch_model(fetch, None, [status, stop, memory, disk], concurrency_limit=4, trigger_mode="once", **QUIET)
    stops(stop, run, stopped, [status, stop])
    return refresh, [memory, disk]


def in_memory(studio: Studio) -> str:
    """The models in memory, each with a button to unload it, as HTML."""
    rows = []
    for model in studio.cache.loaded():
        facts = [_plain(hub.readable(model.bytes)), *([_plain(model.device)] if model.device else [])]
        if model.in_use:
            facts.append(tr("in_use"))
        title = words.model_name(model.name)
        rows.append(_row(title, join(facts), None, _button("unload", model.name, tr("unload"), title)))
    return _list("in_memory", rows or [f'<li class="nothing">{tr("nothing_loaded").html()}</li>'])


def on_disk(studio: Studio) -> str:
    """Every model of the catalogue: whether its files are here, how big, under which licence, as HTML."""
    return _list("on_disk", [_disk_row(studio, state) for state in hub.overview(studio.settings)])


def _disk_row(studio: Studio, state: hub.FoundModel | hub.Missing) -> str:
    model = state.model
    title, button = words.model_title(model), ""
    if isinstance(state, hub.FoundModel):
        facts, css = join([tr("here"), _plain(hub.readable(state.bytes))]), "here"
    elif state.damaged:
        facts, css = tr("damaged"), "damaged"
    else:
        facts, css = tr("not_in_version" if model.built_in else "missing"), "missing"
    if isinstance(state, hub.Missing) and not model.built_in:
        cost = sum(part.bytes for part in hub.plan(model, studio.settings))
        button = _button("fetch", model.name, tr("fetch", size=hub.readable(cost)), title)
    licence = LocalizedText(model.licence, words.LICENCES_ZH.get(model.licence, model.licence))
    about = LocalizedText(model.about, words.MODELS_ZH[model.name][1] if model.name in words.MODELS_ZH else model.about)
    return _row(title, facts, join([about, tr("licence", licence=licence)], " "), button, css)


def _list(title: str, rows: list[str]) -> str:
    return f'<h2>{tr(title).html()}</h2><ul class="rows">{"".join(rows)}</ul>'


def _row(
    title: LocalizedText, facts: LocalizedText, about: LocalizedText | None, button: str, css: str = "here"
) -> str:
    more = f"<p>{about.html()}</p>" if about else ""
    return (
        f'<li class="{css}"><div><strong>{title.html()}</strong> <span class="facts">{facts.html()}</span>{more}</div>'
        f"{button}</li>"
    )


def _button(act: str, name: str, text: LocalizedText, title: LocalizedText) -> str:
    attributes = f'data-act="{act}" data-name="{html.escape(name, quote=True)}"'
    return f'<button type="button" {attributes} {join([text, title], ": ").attributes()}>{text.html()}</button>'


def _plain(text: str) -> LocalizedText:
    return LocalizedText(text, text)
