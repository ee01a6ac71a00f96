"""The page: masthead, tabs, footer. Building it loads no model and asks no network."""

import threading
import time
from typing import Any

import gradio as gr

from styleshot_demo.errors import Problem
from styleshot_demo.process import end_within, leave
from styleshot_demo.runtime.device import why_not_gpu
from styleshot_demo.settings import Settings
from styleshot_demo.studio import Studio
from styleshot_demo.ui import (
    classical_tab,
    cropping,
    drop,
    enlarge,
    environment,
    grid,
    history,
    history_drawer,
    image_tab,
    library,
    many,
    panel,
    presets,
    restore,
    text_tab,
    theme,
    tools,
    visitors,
    words,
)
from styleshot_demo.ui.controls import INSTANT
from styleshot_demo.ui.first_script import FirstScript
from styleshot_demo.ui.opening import Opening
from styleshot_demo.ui.words import i18n, tr, translations

# Seconds between two looks at who waits. Gradio's own millisecond takes a twelfth of a core while nobody asks.
RESTING = 0.03
WAITING = 32  # how many runs may wait; whoever comes after is told that the app is busy
_HOUR = 3600

_MASTHEAD = f"""
<button id="skip" type="button">{tr("skip").html()}</button>
<header class="masthead">
  <svg class="seal" viewBox="0 0 40 40" aria-hidden="true">
    <rect x="1" y="1" width="38" height="38" rx="7"/>
    <path d="M9 27c5-1 6-8 10-12s9-6 12-7c-1 3-3 7-7 11s-9 9-15 8Z"/><path d="M9 32h22"/>
  </svg>
  <div><h1>StyleShot</h1><p>{tr("tagline").html()}</p></div>
</header>"""
_SHADE = f"""
<button id="shade" type="button" {tr("light_dark").attributes()}>
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <circle cx="12" cy="12" r="8.2"/><path d="M12 3.8a8.2 8.2 0 0 1 0 16.4Z"/>
  </svg>
</button>"""


def build(settings: Settings | None = None, studio: Studio | None = None) -> gr.Blocks:
    """The page as Gradio blocks. `studio` runs the jobs; by default one that is made from the settings."""
    studio = studio or Studio(settings)
    # Old uploads and results are deleted; the results that a page still shows are younger than this.
    with gr.Blocks(
        title="StyleShot", analytics_enabled=False, fill_width=True, delete_cache=(_HOUR, 12 * _HOUR)
    ) as page:
        with gr.Row(elem_id="masthead", equal_height=True):
            gr.HTML(_MASTHEAD, apply_default_css=False)
            language = gr.Radio(
                [("English", "en"), ("中文", "zh")],
                value="en",
                show_label=False,
                label=i18n("language"),
                container=False,
                elem_id="language",
                elem_classes="segments",
                scale=0,
                min_width=150,
            )
            if studio.settings.history:
                gr.HTML(history_drawer.BUTTON, apply_default_css=False)
            gr.HTML(_SHADE, apply_default_css=False)
        with gr.Tabs(selected="classical", elem_id="tabs") as tabs:
            with gr.Tab(i18n("tab_text"), id="text") as text:
                text_driven = text_tab.build(studio)
            with gr.Tab(i18n("tab_image"), id="image") as image:
                image_driven = image_tab.build(studio)
            with gr.Tab(i18n("tab_classical"), id="classical"):
                classical = classical_tab.build(studio)
            with gr.Tab(i18n("tab_models"), id="models") as models:
                refresh, panel_outputs = panel.build(studio)
        opening = Opening()
        targets = [classical.wire(opening), text_driven.wire(opening, text), image_driven.wire(opening, image)]
        for tab, target in zip((classical, text_driven, image_driven), targets, strict=True):
            grid.wire(tab.grid, studio, target, opening)
        for tab in (classical, image_driven):
            if tab.many is not None:
                many.wire(tab.grid, tab.many, studio, opening)
        restore.build(targets, tabs)
        drops = drop.build(targets, tabs)
        text_driven.hand_on(targets, drops)
        cropping.build(targets, drops)
        history.build(studio.settings, targets, tabs, drops)
        presets.build(targets, tabs, drops)
        strengths = [tab.view.strength for tab in (classical, text_driven, image_driven)]
        library.build(studio.settings, targets, strengths)
        foot = f'<p>{tr("footer").html()}</p><p class="keys">{tr("keys").html()}</p>'
        gr.HTML(foot, elem_id="foot", apply_default_css=False)
        models.select(refresh, None, panel_outputs, trigger_mode="always_last", **INSTANT)
        # Who comes back from the models may have fetched one.
        for tab in (classical, text_driven, image_driven):
            tools.wire(tab.view.tools)
        lines = [tab.view.enlarge for tab in (classical, text_driven, image_driven)]
        opening.add(lambda _: dict.fromkeys(lines, enlarge.offered(studio)), [], lines)
        tabs.select(lambda: [enlarge.offered(studio)] * len(lines), None, lines, trigger_mode="always_last", **INSTANT)
        opening.wire(page)
        _switch_language(page, language)
    page.queue(max_size=WAITING)
    page._queue.sleep_when_free = page._queue.progress_update_sleep_when_free = RESTING
    return page


def _switch_language(page: gr.Blocks, language: gr.Radio) -> None:
    """The switch: labels change by an update, the rest of the page by its script."""
    marks = words.marked(page)
    page.load(None, None, language, js="() => window.styleshot.language()", **INSTANT)
    language.input(
        lambda chosen: words.relabel(marks, chosen),
        language,
        list(marks),
        js="(chosen) => { window.styleshot.speak(chosen); return chosen; }",
        trigger_mode="always_last",  # whoever changes their mind at once means the later one
        **INSTANT,
    )


def launch_options(settings: Settings) -> dict[str, Any]:
    """What `launch` has to be told, so that the page looks like ours and keeps to itself."""
    every = history.histories(settings)
    middleware: list[Any] = [(FirstScript, (theme.first_script(),), {})]
    if every:
        middleware.append((visitors.Visitors, (every,), {}))
    return {
        "server_name": environment.written(settings.host),
        "server_port": settings.port,
        "share": False,
        "show_error": False,
        "theme": theme.PageTheme(),
        "head": theme.head(),
        "i18n": translations,
        "max_file_size": f"{settings.max_upload_mb}mb",
        "footer_links": [],
        "run_history": False,  # Gradio's own knows neither the handlers of this page nor how to compare
        "app_kwargs": {"middleware": middleware},
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "state_session_capacity": 32,
        "enable_monitoring": False,
        # Whether the page answers within three seconds, which a busy machine may not manage, is not for it to ask.
        "_frontend": False,
    }


def serve(settings: Settings) -> None:
    """Build the page and answer until the process is told to end; `Problem` where it cannot listen."""
    environment.check_folder()
    environment.check_address(settings.host, settings.port)
    studio = Studio(settings)
    studio.prepare()
    page = build(settings, studio)
    try:
        with environment.without_proxy():
            page.launch(prevent_thread_lock=True, quiet=True, **launch_options(settings))
    except OSError as error:
        host = environment.written(settings.host)
        raise Problem("address_taken", host=host, port=settings.port) from error
    try:
        print(f"The page is at {environment.url(settings.host, settings.port)}", flush=True)
        # Importing torch to ask it takes seconds, and only where there is a GPU's driver.
        threading.Thread(target=_tell_of_gpu, args=(settings,), daemon=True).start()
        while page.is_running and page.server.thread.is_alive():
            page.server.thread.join(0.5)
    except (KeyboardInterrupt, SystemExit):
        pass  # this is how a page ends, so it is no failure
    _end(page)


def _tell_of_gpu(settings: Settings) -> None:
    """One sentence where there is a GPU that cannot be used."""
    told = why_not_gpu(settings)
    if told is not None:
        print(f"{told}.", flush=True)


def _end(page: gr.Blocks) -> None:
    """Stops answering and painting, removes uploads and results, and ends the process."""
    end_within(8)
    page.close(verbose=False)
    end = time.monotonic() + 4
    for thread in threading.enumerate():
        if "worker" in thread.name:  # it computes a step, and might save a picture yet
            thread.join(max(0.0, end - time.monotonic()))
    environment.clear()
    leave()
