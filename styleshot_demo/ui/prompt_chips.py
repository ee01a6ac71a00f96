"""What a prompt was understood as, in chips: each part of its meaning, and each word that was not understood.

A part is named by a text that survives a change of the prompt: "thing/2/cat", "unknown/0/elefant", "place/0/".
"""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from styleshot_demo.errors import Problem
from styleshot_demo.ui.words import LocalizedText, tr

if TYPE_CHECKING:
    from styleshot_demo.compose.scene import Scene, Thing


def chips(scene: "Scene", prompt: str, usable: bool = True) -> str:
    """The chips as HTML; their buttons carry `data-part`, and `data-name` where a name takes the place of words.

    prompt  from which the scene was read
    usable  whether the buttons can be pressed
    """
    from styleshot_demo.compose import rewording

    known = [_chip(thing_text(scene, one), f"thing/{at}/{one.name}", usable) for at, one in enumerate(scene.things)]
    known += [_chip(fact_text(scene, name), f"{name}/0/", usable) for name in rewording.FACTS if name in scene.asked]
    if "place" not in scene.asked and scene.place != "plain" and scene.things:
        known.append(f'<li class="chosen">{tr("scene_chosen", what=fact_text(scene, "place")).html()}</li>')
    strange = [_strange(one.said, at, prompt, usable) for at, one in enumerate(scene.unknown)]
    rows = (("scene_known", known), ("scene_strange", strange))
    return "".join(
        f'<p class="hint">{tr(title).html()}</p><ul class="meant">{"".join(items)}</ul>'
        for title, items in rows
        if items
    )


def thing_text(scene: "Scene", thing: "Thing") -> LocalizedText:
    """Such as "3 × red fox under deciduous tree"."""
    name = name_of(thing.name)
    if thing.colour and not thing.name.startswith(thing.colour):
        name = tr("scene_coloured", colour=tr(f"scene_colour_{thing.colour}"), thing=name)
    if thing.skin:
        name = tr("scene_skin", tone=tr(f"scene_tone_{thing.skin.replace(' ', '_')}"), thing=name)
    if thing.clothes:
        name = tr("scene_dressed", colour=tr(f"scene_colour_{thing.clothes}"), thing=name)
    if thing.size != "normal":
        name = tr(f"scene_size_{thing.size}", thing=name)
    if thing.count > 1 and not scene.wraps:  # a pattern repeats what was asked for, however many that was
        name = tr("scene_count", count=thing.count, thing=name)
    if thing.is_aloft:
        name = tr("scene_aloft", thing=name)
    elif thing.relation:
        assert thing.to is not None  # as `Thing` demands
        other = name_of(scene.things[thing.to].name)
        name = tr(f"scene_{thing.relation.replace(' ', '_')}", thing=name, other=other)
    return name


def fact_text(scene: "Scene", name: str) -> LocalizedText:
    """The place, time, weather or kind of a scene, or what lies behind it (far)."""
    return tr(f"scene_{name}_{getattr(scene, name).replace(' ', '_')}")


def reworded(prompt: str, part: str, name: str = "") -> str:
    """The prompt without a part, or with the drawing of that name in place of words that were not understood.

    Where the prompt has changed since and does not say that part any more, it is left as it is.
    """
    from styleshot_demo.compose import rewording
    from styleshot_demo.compose.words import understood

    kind = part.partition("/")[0]
    try:
        scene = understood(prompt)
    except Problem:  # there is not a word in it
        return prompt
    if kind in rewording.FACTS:
        return rewording.without(prompt, kind)
    at = _named(part, [one.said for one in scene.unknown]) if kind == "unknown" else thing_at(scene, part)
    if at is None:
        return prompt
    if not name:
        return rewording.without(prompt, kind, at)
    offered = rewording.offered(prompt, at) if kind == "unknown" else {}
    return rewording.with_name(prompt, at, offered[name]) if name in offered else prompt


def thing_at(scene: "Scene", part: str) -> int | None:
    """Which of a scene's things a part names; None where it names none."""
    return _named(part, [one.name for one in scene.things]) if part.startswith("thing/") else None


def _named(part: str, every: Sequence[str]) -> int | None:
    """Where among `every` stands what a part names: at its number, or else anywhere, as the prompt may have changed."""
    number, _, said = part.partition("/")[2].partition("/")
    same = [at for at, one in enumerate(every) if one == said]
    if not same:
        return None
    return int(number) if number.isascii() and number.isdecimal() and int(number) in same else same[0]


def name_of(name: str) -> LocalizedText:
    from styleshot_demo.compose.art import by_name

    return LocalizedText(name, by_name()[name].zh)


def _chip(text: LocalizedText, part: str, usable: bool) -> str:
    return f"<li>{text.html()}{_button('×', part, tr('scene_take_out', what=text), usable)}</li>"


def _strange(said: str, number: int, prompt: str, usable: bool) -> str:
    from styleshot_demo.compose import rewording

    word, part = LocalizedText(said, said), f"unknown/{number}/{said}"
    names = "".join(
        _button(name_of(name).html(), part, tr("scene_use", words=word, name=name_of(name)), usable, name)
        for name in rewording.offered(prompt, number)
    )
    out = _button("×", part, tr("scene_take_out", what=word), usable)
    return f'<li class="strange"><span class="word">{html.escape(said)}</span>{names}{out}</li>'


def _button(text: str, part: str, title: LocalizedText, usable: bool, name: str = "") -> str:
    css = "name" if name else "out"
    data = f'data-part="{html.escape(part, quote=True)}" data-name="{html.escape(name, quote=True)}"'
    able = "" if usable else " disabled"
    return f'<button type="button" class="{css}" {data} {title.attributes()}{able}>{text}</button>'
