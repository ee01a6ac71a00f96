"""The history on the page: what its window (history_drawer.py, history.js) asks for is done here.

Who asks is known by a cookie (visitors.py), never by what the browser sends; the rest is a key of what is there, or
nothing.
"""

import logging
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from styleshot_demo import jobs, pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.history import Histories, History, HistoryEntry
from styleshot_demo.library.computed import count_of
from styleshot_demo.library.entry import folded
from styleshot_demo.provenance import Record
from styleshot_demo.settings import Settings
from styleshot_demo.ui import drop, history_drawer, problems, restore, result_events, visitors, words
from styleshot_demo.ui.controls import EACH, INSTANT
from styleshot_demo.ui.restore import Target
from styleshot_demo.ui.result_events import ResultEvent
from styleshot_demo.ui.words import LocalizedText, tr

_log = logging.getLogger(__name__)
_ALWAYS = ("method", "model", "size", "strength", "style_strength", "seed")  # facts that are told of each result
_JOBS = {"classical": jobs.ClassicalJob, "text": jobs.TextJob, "image": jobs.ImageJob}
_MAX_FACT = 400  # characters


def histories(settings: Settings) -> Histories | None:
    """Where results are kept; None where the host wants none."""
    return Histories(settings.history, settings.history_gb) if settings.history else None


def build(settings: Settings, targets: Sequence[Target], tabs: gr.Tabs, drops: gr.HTML) -> None:
    """ResultEvent the window, and lets it have every result. Does nothing where nothing is kept. To be called
    outside of the tabs.

    drops  the element that can say something at the foot of the window
    """
    every = histories(settings)
    if every is not None:
        HistoryState(every, settings, targets, tabs, drops).wire()


class HistoryState:
    """What can be done with a history from the page. `acts` has a method for each."""

    def __init__(
        self, every: Histories, settings: Settings, targets: Sequence[Target], tabs: gr.Tabs, drops: gr.HTML
    ) -> None:
        self.every, self.targets, self.tabs, self.drops = every, targets, tabs, drops
        self.page = gr.HTML(
            elem_id="history",
            html_template=history_drawer.html(settings.history_gb),
            js_on_load='window.styleshot.history(element, () => props.value, watch, (what) => trigger("act", what))',
            apply_default_css=False,
        )
        self.folder = Path(self.page.GRADIO_CACHE)
        self.acts = {
            "look": self.look, "open": self.open, "star": self.star, "delete": self.delete, "clear": self.clear,
            "undo": self.undo, "use": self.use, "again": self.again,
        }  # fmt: skip

    def wire(self) -> None:
        """Connects the events."""
        self.inputs = [part for target in self.targets for part in target.inputs.components()]
        own = [part for target in self.targets for part in (*target.boxes, *target.outputs)]
        outputs = [self.page, self.drops, self.tabs, *dict.fromkeys(own)]
        event = self.page.act(self.act, self.inputs, outputs, **EACH)
        for target in self.targets:
            event = event.then(**target.save)
        # When everything stands where it belongs, a run can begin.
        event.then(None, None, None, js="() => { window.styleshot.historyRun(); }", **INSTANT)
        for target in self.targets:
            for made in target.result_events:
                made.event.then(self._keeper(made), made.shown, self.page, **INSTANT)

    def _keeper(self, made: ResultEvent) -> Any:
        def keep(value: Any, request: gr.Request) -> Any:
            paths = result_events.finished(value, self.folder)
            try:
                history = self._of(request)
                for path in reversed(paths):  # so that the first of several is the newest
                    history.add(path, draft=made.draft)
            except Exception as error:  # what was painted is on show all the same, and can be saved
                _log.warning("a result was not kept: %s", error)
                return gr.skip()
            return {"changed": secrets.token_hex(4)} if paths else gr.skip()

        return keep

    def _of(self, request: gr.Request) -> History:
        return self.every.of(visitors.visitor_in(request.headers.get("cookie")))

    def act(self, event: gr.EventData, request: gr.Request, *values: Any) -> dict[Any, Any]:
        """Does what the script asks for: updates. Anybody may send anything here."""
        act = self.acts.get(str(getattr(event, "act", "")))
        if act is None:
            return {self.page: gr.skip()}
        there: dict[str, Any] = {"entries": []}
        try:
            history = self._of(request)
            try:
                told, updates = act(history, event, values)
            finally:
                there = {"entries": [row(entry) for entry in history.entries()], "work": history.has_work()}
        except Exception as error:
            said = words.join(problems.explain(error), " ")
            return {self.page: _value(**there, said=said, problem=True)}
        return {self.page: _value(**there, **told), **updates}

    # What can be done: each returns (what `_value` is told, updates of other elements) -----------------------------

    def look(self, history: History, event: gr.EventData, values: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
        """The list as it is now."""
        return {}, {}

    def open(self, history: History, event: gr.EventData, values: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
        """How one result was made."""
        return {"detail": detail(history.find(_key(event)))}, {}

    def star(self, history: History, event: gr.EventData, values: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
        """A favourite, or no longer one."""
        history.mark(_key(event), getattr(event, "on", None) is True)
        return {}, {}

    def delete(self, history: History, event: gr.EventData, values: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
        """Out of the history, with a way back."""
        return {"said": tr("history_deleted"), "undo": history.delete(_key(event))}, {}

    def clear(self, history: History, event: gr.EventData, values: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
        """Everything out of the history, with a way back for results."""
        results = bool(history.entries())
        token = history.clear()
        return {"said": tr("history_cleared"), **({"undo": token} if results else {})}, {}

    def undo(self, history: History, event: gr.EventData, values: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
        """Back into the history."""
        history.restore(getattr(event, "token", None))
        return {"said": tr("history_back")}, {}

    def use(self, history: History, event: gr.EventData, values: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
        """The settings of a result, in its tab."""
        entry = history.find(_key(event))
        told, updates = restore.bring_back(str(entry.path), self.targets, self.tabs)
        return {"close": bool(updates)}, {self.drops: drop.tell(told), **updates}

    def again(self, history: History, event: gr.EventData, values: Any) -> tuple[dict[str, Any], dict[Any, Any]]:
        """The same with another seed; it is painted at once where the pictures it was made from still lie there."""
        made_by = provenance.read(history.find(_key(event)).path)
        told, updates = restore.bring(made_by, self.targets, self.tabs, seed=jobs.new_seed())
        if not updates:
            return {"close": False, "said": told}, {}
        if self._lie_there(made_by, values):
            return {"close": True, "run": made_by.job}, updates
        told = words.join([tr("history_pictures"), told], " ")
        return {"close": True}, {self.drops: drop.tell(told), **updates}

    def _lie_there(self, made_by: Record, values: Sequence[Any]) -> bool:
        """Whether the pictures in the tab are those that a result was made from, or will be. What was brushed is kept
        nowhere."""
        if made_by.settings.get("region") == "mask":
            return False
        if restore.lays_all(made_by):
            return True
        by_part = dict(zip(self.inputs, values, strict=True))
        target = next(target for target in self.targets if target.job == made_by.job)
        content, styles = target.inputs.read([by_part[part] for part in target.inputs.components()])
        return same_pictures(made_by.inputs, content, [path for path, _ in styles])


def same_pictures(given: Mapping[str, Any], content: str | None, styles: Sequence[str]) -> bool:
    """Whether files are those that a record's `inputs` tell of: by their names, by their pixels where it knows these,
    as a part of a picture has the name of the whole, and by how many pictures of a kept style each stands for."""
    lies = [Path(content).name if content else None, [Path(path).name for path in styles]]
    if lies != [given.get("content"), given.get("styles") or []]:
        return False
    known = given.get("style_sha256")
    known = known if isinstance(known, list) and len(known) == len(styles) else [None] * len(styles)
    counts = given.get("style_pictures")
    pairs = [(given.get("content_sha256"), content), *zip(known, styles, strict=True)]
    try:
        if counts and counts != [count_of(jobs.open_named(path)) for path in styles]:
            return False
        return all(
            digest is None or path is None or pictures.digest(jobs.open_named(path)).startswith(str(digest))
            for digest, path in pairs
        )
    except Problem:  # a file that is gone
        return False


def row(entry: HistoryEntry) -> dict[str, Any]:
    """One result as the script lists it."""
    title, made_by = title_of(entry), entry.made_by
    settings = made_by.settings if made_by else {}
    given = made_by.inputs if made_by else {}
    styles = given.get("styles")
    inputs = [given.get("content"), *(styles if isinstance(styles, list) else [])]  # names, not what they are told by
    texts = [entry.name, title.en, title.zh, str(settings.get("prompt", "")), *(str(name) for name in inputs if name)]
    return {
        "key": entry.key, "name": entry.name, "en": title.en, "zh": title.zh, "star": entry.favourite,
        "at": entry.kept_at // 1_000_000, "width": entry.size[0], "height": entry.size[1],
        "texts": folded(" ".join(texts)), "known": made_by is not None and made_by.job in _JOBS,
    }  # fmt: skip


def title_of(entry: HistoryEntry) -> LocalizedText:
    """What a result is called in a line: who painted it, and its seed."""
    made_by = entry.made_by
    if made_by is None or made_by.job not in _JOBS:
        return LocalizedText(entry.name, entry.name)
    name = "method" if made_by.job == "classical" else "model"
    parts = [_shown(name, made_by.settings.get(name)), tr("seed_caption", seed=made_by.seed)]
    if isinstance(prompt := made_by.settings.get("prompt"), str) and prompt:
        parts.insert(0, LocalizedText(prompt[:80], prompt[:80]))
    return words.join(parts)


def detail(entry: HistoryEntry) -> dict[str, Any]:
    """One result as the script shows it large: its key, and its facts as (label, value) in both languages."""
    made_by = entry.made_by
    size = f"{entry.size[0]} × {entry.size[1]}"
    facts = [(tr("history_size"), LocalizedText(size, size))]
    if made_by is not None and made_by.job in _JOBS:
        usual = jobs.defaults(_JOBS[made_by.job])
        found = {**made_by.settings, "seed": made_by.seed}
        facts = [(tr("history_tab"), tr(f"tab_{made_by.job}")), *facts]
        facts += [
            (_label(name, made_by.job), _shown(name, value))
            for name, value in found.items()
            if name in usual and value not in (None, "") and (name in _ALWAYS or value != usual[name])
        ]
        facts += [
            (tr(label), _shown(name, value))
            for name, label in (("content", "content"), ("styles", "style"))
            if (value := made_by.inputs.get(name))
        ]
        counts = made_by.inputs.get("style_pictures")
        if isinstance(counts, list) and all(type(one) is int for one in counts):
            facts.append((tr("history_style_pictures"), _shown("style_pictures", sum(counts))))
    return {"key": entry.key, "facts": [[*label, *value] for label, value in facts]}


def _label(name: str, job: str) -> LocalizedText:
    return words.field(f"{job}_{name}") or words.field(name) or LocalizedText(name, name)


def _shown(name: str, value: Any) -> LocalizedText:
    """A value of a setting as a person reads it. It may come from a file that anybody has made."""
    if isinstance(value, bool):
        return tr("history_on" if value else "history_off")
    if isinstance(value, str) and (known := words.field(f"{name}_{value}")):
        return known
    if isinstance(value, list):
        text = ", ".join(str(part) for part in value)
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    return LocalizedText(text[:_MAX_FACT], text[:_MAX_FACT])


def _key(event: gr.EventData) -> Any:
    return getattr(event, "key", None)


def _value(said: LocalizedText | None = None, **told: Any) -> dict[str, Any]:
    texts = {"en": said.en, "zh": said.zh} if said else None
    return {"said": texts, **told, "turn": secrets.token_hex(4)}
