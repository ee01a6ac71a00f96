"""The style library on the page: what the drawers of the tabs (library_drawer.py, library.js) ask for is done here.

Everybody who opens the page has the same library, so what comes from a browser is only ever a name of what is there,
a text, or an upload.
"""

import hashlib
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from styleshot_demo import jobs, names
from styleshot_demo.errors import Problem
from styleshot_demo.library import MAX_PICTURES, Library, StyleEntry, beside
from styleshot_demo.library.style import MAX_STRENGTH
from styleshot_demo.settings import Settings
from styleshot_demo.ui import controls, problems, tab_state, words
from styleshot_demo.ui.controls import EACH, INSTANT, text_in
from styleshot_demo.ui.laid_style import LaidStyle
from styleshot_demo.ui.restore import Target
from styleshot_demo.ui.widgets import address
from styleshot_demo.ui.words import LocalizedText, tr


def build(settings: Settings, targets: Sequence[Target], strengths: Sequence[Any]) -> None:
    """Makes the drawers work; without a folder they stay hidden. To be called outside of the tabs.

    strengths  the slider of each target
    """
    if settings.library is None:
        return
    LibraryActions(Library(settings.library, settings.library_gb), targets, strengths).wire()


class LibraryActions:
    """What can be done with the library from the page. `acts` has a method for each."""

    def __init__(self, library: Library, targets: Sequence[Target], strengths: Sequence[Any]) -> None:
        self.library = library
        self.targets = {target.job: target for target in targets}
        self.strengths = dict(zip(self.targets, strengths, strict=True))
        self.page = gr.HTML(
            elem_id="library-desk",
            html_template="<div></div>",
            js_on_load='window.styleshot.library(() => props.value, watch, (what) => trigger("act", what))',
            apply_default_css=False,
        )
        self.cache = Path(self.page.GRADIO_CACHE)
        self.thumbnails = self.cache / f"library-{secrets.token_hex(16)}"
        self.acts = {
            "look": self.look, "use": self.use, "save": self.save, "change": self.change, "add": self.add,
            "delete": self.delete, "undo": self.undo, "export": self.export, "import": self.take_in,
        }  # fmt: skip

    def wire(self) -> None:
        """Connects the events."""
        jobs.find_kept_by(partial(beside.read, self.library))
        self.inputs = [part for job in self.targets for part in self._parts(job)]
        outputs = [self.page]
        for target in self.targets.values():
            outputs += [*target.inputs.styles, *target.inputs.slot_outputs(), target.inputs.message]
        event = self.page.act(self.act, self.inputs, [*outputs, *self.strengths.values()], **EACH)
        # Without an answer nothing would be asked for any more.
        event.failure(None, js="() => { window.styleshot.libraryFailed(); return []; }", **INSTANT)
        for target in self.targets.values():
            event = event.then(**target.save)

    def _parts(self, job: str) -> list[Any]:
        return [*self.targets[job].inputs.components(), self.strengths[job]]

    def act(self, event: gr.EventData, *values: Any) -> dict[Any, Any]:
        """Does what the script asks for: updates. Anybody may send anything here."""
        job = str(getattr(event, "tab", ""))
        act = self.acts.get(str(getattr(event, "act", "")))
        if act is None or job not in self.targets:
            return {self.page: gr.skip()}
        by_part = dict(zip(self.inputs, values, strict=True))
        press = text_in(event, "press")[:40]  # so that the drawer knows what is answered
        try:
            told, updates = act(event, job, by_part)
            return {self.page: self.value(job, press=press, **told), **updates}
        except Exception as error:
            said = words.join(problems.explain(error), " ")
            if isinstance(error, Problem) and (about := getattr(error, "__notes__", None)):  # the file of a picture
                name = jobs.file_name_of(about[0]) or ""
                said = LocalizedText(f"{name}: {said.en}", f"{name}：{said.zh}")
            return {self.page: self.value(job, said=said, problem=True, press=press)}

    def value(self, job: str, said: LocalizedText | None = None, **told: Any) -> dict[str, Any]:
        """What the script is told: every style that there is, and what was done, to the drawer that asked."""
        texts = {"en": said.en, "zh": said.zh} if said else None
        return {"styles": self.rows(), "tab": job, "said": texts, **told, "turn": secrets.token_hex(4)}

    def rows(self) -> list[dict[str, Any]]:
        """Every style as the script shows it; without those whose thumbnail cannot be read."""
        rows = []
        for entry in self.library.styles():
            try:
                source = address(self._thumbnail(entry))
            except (Problem, OSError):
                continue
            style = entry.style
            rows.append({
                "key": entry.key, "en": entry.name, "zh": entry.title_zh or entry.name, "own": not entry.read_only,
                "tags": list(style.tags), "note": style.note if not entry.read_only else "",
                "count": len(style.pictures), "texts": entry.texts(), "src": source,
            })  # fmt: skip
        return rows

    def _thumbnail(self, entry: StyleEntry) -> Path:
        info = entry.path.stat()
        state = f"{entry.key} {info.st_mtime_ns} {info.st_size}"
        path = self.thumbnails / f"{hashlib.sha256(state.encode()).hexdigest()[:32]}.jpg"
        if not path.is_file():
            self.thumbnails.mkdir(parents=True, exist_ok=True)
            path.write_bytes(entry.thumbnail())
        return path

    # What can be done: each returns (what `value` is told, updates of other elements) ------------------------------

    def look(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """The list as it is now."""
        return {}, {}

    def use(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """Puts pictures, weights and strength of a style into the tab, in place of what lies there."""
        entry = self.library.find(text_in(event, "key"))
        strength = entry.style.strength
        updates = self._laid(entry.used(), job) | {self.targets[job].inputs.message: ""}
        if strength is not None:
            slider = self.strengths[job]
            updates[slider] = min(strength, slider.maximum)
        return {"said": tr("library_used", style=_called(entry)), "picked": entry.key}, updates

    def _laid(self, pairs: Sequence[tuple[Image.Image, float]], job: str) -> dict[Any, Any]:
        """Updates that put the pictures of a style into the boxes of a tab, with their weights."""
        paths, weights = [], []
        for image, weight in pairs:
            path = self._place() / names.made_of(names.stem_of(image.info["file_name"]), suffix=".png")
            image.save(path, format="PNG", compress_level=1)
            self.page.temp_files.add(str(path))  # so that Gradio deletes it when it is old
            if "kept" in image.info:
                self.page.temp_files.add(str(beside.write(path, image.info["kept"])))
            paths.append(str(path))
            weights.append(weight)
        return controls.laid(self.targets[job].inputs, paths, weights)

    def _lying(self, by_part: dict[Any, Any]) -> dict[str, LaidStyle | None]:
        """Which style lies in the boxes of each tab."""
        read = {
            job: target.inputs.read([by_part[part] for part in target.inputs.components()])
            for job, target in self.targets.items()
        }
        return {job: LaidStyle.found(self.library, styles) for job, (_, styles) in read.items()}

    def _laid_anew(self, entry: StyleEntry, lying: dict[str, LaidStyle | None]) -> dict[Any, Any]:
        """The same for each tab on which that style was `lying`: it has other pictures than when it was put there."""
        updates: dict[Any, Any] = {}
        for job, laid in lying.items():
            if laid is not None and laid.key == entry.key:
                pairs, inputs = laid.anew(entry), self.targets[job].inputs
                updates |= self._laid(pairs, job)
                for (_, weight), slider in zip(pairs, inputs.weights, strict=False):  # not scaled once more
                    updates[slider] = gr.update(value=weight, visible=len(pairs) > 1)
        return updates

    def save(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """Keeps what lies in the style boxes of the tab, or up to 200 pictures that were uploaded for it."""
        *pictures, strength = (by_part[part] for part in self._parts(job))
        _, styles = self.targets[job].inputs.read(pictures)
        if isinstance(given := getattr(event, "pictures", None), list):
            styles = [(path, 1.0) for path in self._uploads(given)]
        strength = strength if isinstance(strength, int | float) and 0 <= strength <= MAX_STRENGTH else None
        entry = self.library.save(
            text_in(event, "name"), styles, text_in(event, "tags"), text_in(event, "note"), strength
        )  # fmt: skip
        return {"said": tr("library_saved", style=entry.name), "picked": entry.key, "done": True}, {}

    def change(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """Name, tags and note."""
        entry = self.library.change(
            text_in(event, "key"), text_in(event, "name"), text_in(event, "tags"), text_in(event, "note")
        )  # fmt: skip
        return {"said": tr("library_changed", style=entry.name), "picked": entry.key, "done": True}, {}

    def add(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """More pictures, which were uploaded for it."""
        given = getattr(event, "pictures", None)
        paths, lying = self._uploads(given if isinstance(given, list) else []), self._lying(by_part)
        entry, token = self.library.extend(text_in(event, "key"), [(path, None) for path in paths])
        chosen, count = entry.style.chosen, len(entry.style.pictures)
        values = {"style": entry.name, "count": count}
        said = tr("library_added_chosen", **values, used=len(chosen)) if chosen else tr("library_added", **values)
        return {"said": said, "picked": entry.key, "undo": token}, self._laid_anew(entry, lying)

    def delete(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """Out of the library, with a way back."""
        entry = self.library.find(text_in(event, "key"))
        token = self.library.delete(entry.key)
        return {"said": tr("library_deleted", style=entry.name), "undo": token, "picked": None}, {}

    def undo(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """Back into the library, or as it was before pictures were added."""
        lying = self._lying(by_part)
        entry = self.library.restore(text_in(event, "token"))
        return {"said": tr("library_back", style=entry.name), "picked": entry.key}, self._laid_anew(entry, lying)

    def export(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """As a file that the browser saves."""
        entry = self.library.find(text_in(event, "key"))
        path = self.library.export(entry.key, self._place())
        self.page.temp_files.add(str(path))
        said = tr("library_exported", style=_called(entry))
        return {"said": said, "file": {"src": address(path), "name": path.name}}, {}

    def take_in(self, event: gr.EventData, job: str, by_part: dict[Any, Any]) -> tuple[dict[str, Any], dict[Any, Any]]:
        """A file that was uploaded."""
        path = tab_state.known(getattr(event, "path", None), self.cache)
        if path is None:
            raise Problem("not_a_style_file", file=text_in(event, "name")[:80])
        entry = self.library.add(Path(path))
        return {"said": tr("library_imported", style=entry.name), "picked": entry.key}, {}

    def _uploads(self, given: list[Any]) -> list[str]:
        """The paths of uploads, as a browser names them; `Problem` where one is none."""
        if len(given) > MAX_PICTURES:
            raise Problem("too_many_style_pictures", count=len(given), limit=MAX_PICTURES)
        paths = [tab_state.known(path, self.cache) for path in given]
        if None in paths:
            raise Problem("style_needed")
        return [path for path in paths if path]

    def _place(self) -> Path:
        """A new folder whose address nobody can guess."""
        place = self.cache / secrets.token_hex(16)
        place.mkdir(parents=True)
        return place


def _called(entry: StyleEntry) -> LocalizedText:
    return LocalizedText(entry.name, entry.title_zh or entry.name)
