"""The models panel: what is in memory and can be unloaded, what is on disk and what can be fetched."""

import html
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import gradio as gr

from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS, Model
from styleshot_demo.studio import Studio
from styleshot_demo.ui import problems, widgets, words
from styleshot_demo.ui.controls import INSTANT, QUIET
from styleshot_demo.ui.words import mark, say

_ASK = """
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-name]");
  if (button) trigger(button.dataset.act === "unload" ? "unload" : "fetch", { name: button.dataset.name });
});"""


def build(studio: Studio, language: gr.Radio) -> list[tuple[Any, list[Any], list[Any]]]:
    """Lays the panel out, where it is called; returns what has to run to bring it up to date: (fn, inputs, outputs)."""
    with gr.Column(elem_classes="models"):
        gr.HTML(f'<p class="lead-text" {widgets.texts("models_about")}></p>', apply_default_css=False)
        status = gr.HTML(elem_id="models-status", elem_classes="status", apply_default_css=False)
        stop = gr.Button(mark("stop"), variant="stop", size="sm", visible=False, elem_id="fetch-stop")
        memory = gr.HTML(elem_id="models-memory", js_on_load=_ASK, apply_default_css=False)
        disk = gr.HTML(elem_id="models-disk", js_on_load=_ASK, apply_default_css=False)

    def refresh(chosen: str) -> tuple[str, str]:
        spoken = words.known(chosen)
        return _memory(studio, spoken), _disk(studio, spoken)

    def unload(chosen: str, event: gr.EventData) -> tuple[str, str, str]:
        spoken, name = words.known(chosen), str(getattr(event, "name", ""))
        gone = studio.cache.unload(name)
        text = say(spoken, "unloaded" if gone else "unload_later", model=_title(spoken, name))
        return problems.note(text), *refresh(spoken)

    @problems.guarded(lambda message: {status: message, stop: gr.update(visible=False)})
    def fetching(spoken: str, name: str) -> Iterator[dict[Any, Any]]:
        yield {status: widgets.progress(0, say(spoken, "checking")), stop: gr.update(visible=True)}
        with closing(hub.fetching(name, studio.settings)) as steps:
            for step in steps:
                text = say(
                    spoken,
                    "fetching",
                    file=step.file,
                    done=hub.readable(step.done),
                    size=hub.readable(step.bytes),
                    rate=hub.readable(step.rate),
                )
                yield {status: widgets.progress(step.fraction, text)}
        memory_now, disk_now = refresh(spoken)
        done = problems.note(say(spoken, "fetched", model=_title(spoken, name)))
        yield {status: done, stop: gr.update(visible=False), memory: memory_now, disk: disk_now}

    def fetch(chosen: str, event: gr.EventData) -> Iterator[dict[Any, Any]]:
        yield from fetching(chosen, str(getattr(event, "name", "")))

    def stopped(chosen: str) -> dict[Any, Any]:
        return {status: problems.note(say(words.known(chosen), "fetch_stopped")), stop: gr.update(visible=False)}

    memory.unload(unload, language, [status, memory, disk], **INSTANT)
    run = disk.fetch(fetch, language, [status, stop, memory, disk], concurrency_limit=4, trigger_mode="once", **QUIET)
    stop.click(stopped, language, [status, stop], cancels=run, **INSTANT)
    language.change(refresh, language, [memory, disk], **INSTANT)
    return [(refresh, [language], [memory, disk])]


def _memory(studio: Studio, language: str) -> str:
    loaded = studio.cache.loaded()
    rows = "".join(
        _row(
            _title(language, model.name),
            " · ".join(
                part
                for part in (hub.readable(model.bytes), model.device, model.in_use and say(language, "in_use"))
                if part
            ),
            "",
            _button("unload", model.name, say(language, "unload"), _title(language, model.name)),
        )
        for model in loaded
    )
    if not rows:
        rows = f'<li class="nothing">{html.escape(say(language, "nothing_loaded"))}</li>'
    return f'<h2>{html.escape(say(language, "in_memory"))}</h2><ul class="rows">{rows}</ul>'


def _disk(studio: Studio, language: str) -> str:
    rows = "".join(_disk_row(studio, language, state) for state in hub.overview(studio.settings))
    return f'<h2>{html.escape(say(language, "on_disk"))}</h2><ul class="rows">{rows}</ul>'


def _disk_row(studio: Studio, language: str, state: hub.Found | hub.Missing) -> str:
    model = state.model
    button = ""
    if isinstance(state, hub.Found):
        facts, mark_class = f"{say(language, 'here')} · {hub.readable(state.bytes)}", "here"
    elif state.damaged:
        facts, mark_class = say(language, "damaged"), "damaged"
    else:
        facts, mark_class = say(language, "not_in_version" if model.built_in else "missing"), "missing"
    if isinstance(state, hub.Missing) and not model.built_in:
        cost = sum(part.bytes for part in hub.plan(model, studio.settings))
        text = say(language, "fetch", size=hub.readable(cost))
        button = _button("fetch", model.name, text, _title(language, model.name))
    licence = words.LICENCES_ZH.get(model.licence, model.licence) if language == "zh" else model.licence
    about = f"{_about(language, model)} {say(language, 'licence', licence=licence)}"
    return _row(_title(language, model.name), facts, about, button, mark_class)


def _row(title: str, facts: str, about: str, button: str, state: str = "here") -> str:
    title, facts, about = (html.escape(text) for text in (title, facts, about))
    return (
        f'<li class="{state}"><div><strong>{title}</strong><span class="facts">{facts}</span>'
        f"<p>{about}</p></div>{button}</li>"
    )


def _button(act: str, name: str, text: str, title: str) -> str:
    name, text, title = (html.escape(part, quote=True) for part in (name, text, title))
    return f'<button type="button" data-act="{act}" data-name="{name}" aria-label="{text}: {title}">{text}</button>'


def _title(language: str, name: str) -> str:
    if language == "zh" and name in words.MODELS_ZH:
        return words.MODELS_ZH[name][0]
    return MODELS[name].title if name in MODELS else name


def _about(language: str, model: Model) -> str:
    return words.MODELS_ZH[model.name][1] if language == "zh" and model.name in words.MODELS_ZH else model.about
