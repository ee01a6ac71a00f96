"""Every text of the page in English and Chinese: `texts/en.json` and `texts/zh.json`.

Labels of components get an `i18n` marker, by which the browser finds its language at the start, `relabel` on a switch.
Everything else is a `LocalizedText` from `tr`: it carries both languages, and the style sheet shows one. So no handler
needs to know which language a person reads, and what has been said already follows the switch too.
"""

import html
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from gradio.i18n import I18nData

from styleshot_demo import messages
from styleshot_demo.errors import Problem
from styleshot_demo.messages import Remark
from styleshot_demo.models.catalogue import MODELS, Model
from styleshot_demo.runners.scenes import BETWEEN

LANGUAGES = ("en", "zh")
# How the keys begin of what the script says.
_SCRIPT = ("toast_", "drop_", "presets_", "history_choose", "close", "crop_told")

_FOLDER = Path(__file__).resolve().parent / "texts"
_EN, _ZH = (json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8")) for name in LANGUAGES)


def _both(group: str) -> dict[str, tuple[str, str]]:
    """key: (English, 中文)"""
    return {key: (text, _ZH[group][key]) for key, text in _EN[group].items()}


TEXTS = _both("texts")
# What experts call a setting ("steps") or one of its choices ("transform/wct"): tooltips.
TERMS = _both("terms")
# Names of settings as they stand in problems, by the job's field, where that is not the label on the page.
FIELDS = _both("fields")
# What else the program says, by the keys of `messages`; English stands there: (what is wrong, what to do).
PROBLEMS_ZH: dict[str, list[str]] = _ZH["problems"]
REMARKS_ZH: dict[str, str] = _ZH["remarks"]
# Plain titles of models, by name, where that of the catalogue is a term.
TITLES = _both("titles")
# What the catalogue says of its models, by name: (title, about). English stands in the catalogue itself.
MODELS_ZH: dict[str, list[str]] = _ZH["models"]
# Parts of models, as remarks and the list of what is in memory name them (`runners/weights/catalogue.py`).
PARTS_ZH: dict[str, str] = _ZH["parts"]
LICENCES_ZH: dict[str, str] = _ZH["licences"]


# What the browser needs to translate every text that `i18n` names.
translations = gr.I18n(
    **{
        "en": {key: english for key, (english, _) in TEXTS.items()},
        "zh-CN": {key: chinese for key, (_, chinese) in TEXTS.items()},
    }
)


class LocalizedText(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str

    def html(self) -> str:
        """Both texts, escaped; the style sheet shows the one that is in the page's language."""
        english, chinese = html.escape(self.en), html.escape(self.zh)
        return f'<span lang="en">{english}</span><span lang="zh-CN">{chinese}</span>'

    def attributes(self) -> str:
        """Attributes by which the page's script names an element for screen readers, in the page's language."""
        english, chinese = html.escape(self.en, quote=True), html.escape(self.zh, quote=True)
        return f'data-en="{english}" data-zh="{chinese}" aria-label="{english}"'


def tr(key: str, **values: Any) -> LocalizedText:
    """The text with its values filled in; a value may itself be `LocalizedText`."""
    english, chinese = TEXTS[key]
    return _filled(english, chinese, values)


def script_texts() -> dict[str, tuple[str, str]]:
    """The texts that the page's script says by itself, by key."""
    said = {key: both for key, both in TEXTS.items() if key.startswith(_SCRIPT)}
    return said | {f"term:{key}": both for key, both in TERMS.items()}


def model_title(model: Model) -> LocalizedText:
    """What a model is called."""
    if model.name in TITLES:
        return LocalizedText(*TITLES[model.name])
    return LocalizedText(model.title, MODELS_ZH[model.name][0] if model.name in MODELS_ZH else model.title)


def model_name(name: str) -> LocalizedText:
    """What a model or a part of one is called, by its name or title."""
    for model in MODELS.values():
        if name in (model.name, model.title):
            return model_title(model)
    return LocalizedText(name, PARTS_ZH.get(name, name))


def field(name: str) -> LocalizedText | None:
    """What a field of a job is called in a problem; None for what is none."""
    texts = FIELDS.get(name) or TEXTS.get(name)
    return LocalizedText(*texts) if texts else None


def problem(told: Problem) -> tuple[LocalizedText, LocalizedText]:
    """(what is wrong, what to do)."""
    values = dict(told.values)
    if name := field(str(values.get("name"))):
        values["name"] = name
    if "model" in values:
        values["model"] = model_name(str(values["model"]))
    if "nearest" in values:
        values["nearest"] = _drawings(str(values["nearest"]))
    what, todo = zip(messages.PROBLEMS[told.key], PROBLEMS_ZH[told.key], strict=True)
    return _filled(*what, values), _filled(*todo, values)


def remark(told: Remark) -> LocalizedText:
    """One remark."""
    values = dict(told.values)
    if "model" in values:
        values["model"] = model_name(str(values["model"]))
    if "nearest" in values:
        values["nearest"] = _drawings(str(values["nearest"]))
    return _filled(messages.REMARKS[told.sentence], REMARKS_ZH[told.sentence], values)


def _drawings(names: str) -> LocalizedText:
    """Names of drawings, as a remark lists them."""
    from styleshot_demo.compose.art import by_name

    every = by_name()
    each = names.split(BETWEEN)
    return LocalizedText(", ".join(each), "、".join(every[name].zh if name in every else name for name in each))


def join(parts: Iterable[LocalizedText], between: str = " · ") -> LocalizedText:
    """Several texts in one line."""
    parts = list(parts)
    return LocalizedText(between.join(part.en for part in parts), between.join(part.zh for part in parts))


def _filled(english: str, chinese: str, values: Mapping[str, Any]) -> LocalizedText:
    return LocalizedText(
        *(
            sentence.format(
                **{name: value[side] if isinstance(value, LocalizedText) else value for name, value in values.items()}
            )
            for side, sentence in enumerate((english, chinese))
        )
    )


# Labels -------------------------------------------------------------------------------------------------------------


def i18n(key: str) -> Any:
    """A label that the browser shows in its language."""
    if key not in TEXTS:
        raise KeyError(key)
    return translations(key)


def marked(page: gr.Blocks) -> dict[Any, dict[str, Any]]:
    """Component -> the arguments it was made with that hold a mark, such as its label or its choices."""
    found: dict[Any, dict[str, Any]] = {}
    for block in page.blocks.values():
        arguments = block.constructor_args
        kept = {name: arguments.get(name) for name in ("label", "value", "placeholder", "choices")}
        kept = {name: value for name, value in kept.items() if _holds_mark(value)}
        if kept:
            found[block] = kept
    return found


def relabel(page_marks: Mapping[Any, Mapping[str, Any]], language: str) -> list[Any]:
    """Updates, in the order of `marked`, that put every label into that language."""
    side = LANGUAGES.index(language if language in LANGUAGES else "en")

    def plain(value: Any) -> Any:
        if isinstance(value, I18nData):
            return TEXTS[value.key][side]
        return [(plain(label), choice) for label, choice in value] if isinstance(value, list) else value

    return [gr.update(**{name: plain(value) for name, value in arguments.items()}) for arguments in page_marks.values()]


def _holds_mark(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, tuple) and isinstance(item[0], I18nData) for item in value)
    return isinstance(value, I18nData)
