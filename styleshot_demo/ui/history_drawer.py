"""The window of the history: its button in the masthead, and what stands in it. The script (history.js) fills it."""

from styleshot_demo.ui import visitors
from styleshot_demo.ui.words import tr

BUTTON = f"""
<button id="history-open" type="button" {tr("history").attributes()}>
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path d="M4.6 8.4A8.2 8.2 0 1 1 3.8 12M4.2 4.2v4.4h4.4M12 7.6V12l3 2"/>
  </svg>
</button>"""


def _button(name: str, more: str = "") -> str:
    return f'<button type="button" class="{name}" {more}>{tr(f"history_{name}").html()}</button>'


_LOOK = f"""
  <section class="look" hidden>
    <figure class="compare" data-state="ready" tabindex="-1" {tr("history_picture").attributes()}>
      <div class="box">
        <img class="before" {tr("made_alt").attributes()}><img class="after" {tr("made_alt").attributes()}>
        <span class="tag first" aria-hidden="true"></span><span class="tag last" aria-hidden="true"></span>
        <span class="line" aria-hidden="true"></span>
        <input type="range" min="0" max="100" step="1" value="50" {tr("history_divider").attributes()}>
      </div>
    </figure>
    <div class="facts">
      <h3></h3>
      <dl></dl>
      <div class="row">{_button("use")}{_button("again")}</div>
      <div class="row">
        {_button("beside", 'aria-pressed="false"')}{_button("star", 'aria-pressed="false"')}
        <a class="save">{tr("history_save").html()}</a>{_button("delete")}
      </div>
    </div>
  </section>"""

DRAWER = f"""
<dialog class="history" aria-labelledby="history-title">
  <header>
    <h2 id="history-title">{tr("history").html()}</h2>
    <button type="button" class="close" {tr("close").attributes()}>×</button>
  </header>
  <p class="hint">{{about}}</p>
  <div class="row bar">
    <label class="search"><input type="search" {tr("history_search").attributes()}></label>
    {_button("stars", 'aria-pressed="false"')}
    <a class="all" href="{visitors.ALL}" download="styleshot-history.zip">{tr("history_all").html()}</a>
    {_button("clear")}
  </div>
  <div class="answer" role="status"></div>{_LOOK}
  <div class="grid" role="group" {tr("history_results").attributes()}></div>
  <p class="hint none" hidden>{tr("history_none").html()}</p>
  <p class="hint nothing" hidden>{tr("history_nothing").html()}</p>
  <template>{_button("undo")}</template>
</dialog>"""


def html(gigabytes: float) -> str:
    """The window; gigabytes: that all histories together may take."""
    return DRAWER.replace("{about}", tr("history_about", size=f"{gigabytes:g}").html())
