"""Bodies for those that Noto draws without: animals that are a head sit or stand, people that are a bust stand.

What is drawn here lies behind the head, in colours that are taken from it, below the 128 units that the head has.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from styleshot_demo.compose import colours
from styleshot_demo.compose.skin_tones import is_skin

if TYPE_CHECKING:
    from styleshot_demo.compose.art import Art

HEIGHT = 216  # units of what has got a body
SKIN = "#ffca28"  # of Noto's people
CLOTHES = {"woman": "#7e57c2", "girl": "#ec6f9c", "man": "#1f9e85", "boy": "#3f8fd6", "baby": "#8ecdf0"}
PEOPLE = {"person", "person-role", "person-fantasy", "person-gesture", "person-activity"}
# Heads without shoulders; the others are busts.
BARE = {"baby", "child", "boy", "girl", "person", "man", "woman", "person: beard", "man: beard", "woman: beard",
        "older person", "old man", "old woman", "prince", "princess", "person with crown"}  # fmt: skip
# Of those, who already has all of a body, or none that stands.
WHOLE = (
    "hero",
    "villain",
    "fairy",
    "mermaid",
    "merman",
    "merperson",
    "genie",
    "troll",
    "hairy",
    "dancer",
    "dancing",
    "walking",
    "standing",
    "kneeling",
    "running",
    "wheelchair",
    "cane",
    "climbing",
    "levitating",
    "ears",
    "steamy",
)


@dataclass(frozen=True)
class Coat:
    """Colours and tail of an animal that sits; a colour that is None is taken from its head."""

    tail: str = "stub"  # bush, tuft, stub, none
    coat: str | None = None
    belly: str | None = None
    legs: str | None = None


SITTING = {
    "fox": Coat("bush", "#ff6011", "#fee9c9", "#4a4a4c"),
    "wolf": Coat("bush", None, "#d5d9db"),
    "lion": Coat("tuft", "#f2a93b", "#ffd07a"),
    "bear": Coat("stub", None, "#a9796a"),
    "polar bear": Coat("stub", "#eef3f5", "#ffffff"),
    "koala": Coat("none", None, "#d9dcde"),
    "panda": Coat("stub", "#f7f7f7", "#ffffff", "#35373a"),
    "hamster": Coat("stub", None, "#fff3e2"),
    "frog": Coat("none", None, "#e4f27a"),
}
STANDING = {"unicorn": ("#eceff1", "#f06292"), "moose": ("#6d4c41", "#5d4037"), "boar": ("#6d4c41", "#4e342e")}


def completed(
    art: "Art", text: str, rendered: Callable[[str, int], Image.Image], form: str = "whole", clothes: str | None = None
) -> str:
    """The SVG `text` of a drawing with the body that it lacks; as it is where it lacks none.

    form     "whole", or "bust": of people head and shoulders, to be cut off by the frame
    clothes  of `colours.NAMED`: what people without clothes of their own get; of the others those beside their heads
    """
    inner = _inner(text)
    if art.name in SITTING:
        return _sitting(inner, text, SITTING[art.name], rendered)
    if art.name in STANDING:
        return _standing(inner, art.name)
    if art.name == "robot":
        return _robot(inner)
    if art.name == "chicken":
        return _hen(inner)
    if art.subgroup in PEOPLE and not any(part in art.name for part in WHOLE):
        return _person(text, art.name, rendered, form, clothes)
    return text


def _inner(text: str) -> str:
    return text[text.index(">") + 1 : text.rindex("</svg>")]


def _page(content: str, width: int = 128, height: int = HEIGHT, left: int = 0) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} 0 {width} {height}">{content}</svg>'


def _shade(colour: str, by: float) -> str:
    """A colour made lighter (above 0) or darker, in OKLCH's lightness."""

    def change(lch: np.ndarray) -> np.ndarray:
        return lch + [by, 0, 0]

    return colours.mapped(colour, change)


def _sitting(inner: str, text: str, coat: Coat, rendered: Callable[[str, int], Image.Image]) -> str:
    pixels = np.asarray(rendered(text, 64)).reshape(-1, 4)
    own = colours.hexadecimal(colours.from_oklch(colours.main_colour(pixels[pixels[:, 3] > 200, :3] / 255)))
    fur = coat.coat or own
    belly, legs = coat.belly or _shade(fur, 0.15), coat.legs or _shade(fur, -0.05)
    dark = _shade(fur, -0.09)
    tails = {
        "bush": f'<path d="M92 196c26 6 40-14 35-44c-3-17-14-22-17-10c-2 14-4 28-24 34z" fill="{dark}"/>'
        f'<path d="M127 152c-3-17-14-22-17-10c-1 6-1 12-3 17c8 4 15 2 20-1z" fill="{belly}"/>',
        "tuft": f'<path d="M92 196c24 2 30-18 24-36" fill="none" stroke="{dark}" stroke-width="7" '
        f'stroke-linecap="round"/><ellipse cx="115" cy="156" rx="9" ry="12" fill="#795548"/>',
        "stub": f'<circle cx="101" cy="188" r="11" fill="{dark}"/>',
        "none": "",
    }
    return _page(
        tails[coat.tail]
        + f'<ellipse cx="36" cy="186" rx="22" ry="21" fill="{dark}"/>'
        + f'<ellipse cx="92" cy="186" rx="22" ry="21" fill="{dark}"/>'
        + f'<path d="M38 100c-13 26-17 60-9 84c5 16 65 16 70 0c8-24 4-58-9-84z" fill="{fur}"/>'
        + f'<path d="M46 108c-6 22-4 50 18 64c22-14 24-42 18-64z" fill="{belly}"/>'
        + f'<path d="M42 150c-1 20 0 34 2 50h18c2-16 1-34 0-50z" fill="{legs}"/>'
        + f'<path d="M66 150c-1 16-2 34 0 50h18c2-16 3-30 2-50z" fill="{legs}"/>'
        + f'<path d="M64 160v42" stroke="{_shade(legs, -0.12)}" stroke-width="2.5"/>'
        + f'<ellipse cx="51" cy="204" rx="15" ry="9" fill="{_shade(legs, 0.05)}"/>'
        + f'<ellipse cx="77" cy="204" rx="15" ry="9" fill="{_shade(legs, 0.05)}"/>'
        + f'<path d="M46 205v6m6-6v6m20-6v6m6-6v6" stroke="{_shade(legs, -0.14)}" stroke-width="2"/>'
        + inner
    )


def _standing(inner: str, name: str) -> str:
    fur, tail = STANDING[name]
    dark, hoof = _shade(fur, -0.1), "#5d4a44" if name != "unicorn" else "#b39ddb"
    legs = "".join(
        f'<path d="M{x} 150c-1 26-1 44 0 62h17c1-22 2-40 3-62z" fill="{shade}"/>'
        f'<path d="M{x} 204v9h17v-9z" fill="{hoof}"/>'
        for x, shade in ((66, dark), (150, dark), (84, fur), (168, fur))
    )
    switch = f'<path d="M190 112c26 4 26 40 18 70c-12-6-10-40-22-52z" fill="{tail}"/>'
    barrel = (
        f'<path d="M58 108c-10 50 4 62 24 64h88c24-4 32-30 24-52c-6-18-30-20-60-18c-30 2-40-6-76 6z" fill="{fur}"/>'
    )
    under = f'<path d="M70 160c30 14 76 14 108 2c-4 8-8 10-14 10h-80c-6-2-10-6-14-12z" fill="{dark}"/>'
    neck = f'<path d="M44 96c0 30 14 56 40 62l46-54l-22-38z" fill="{fur}"/>' if name != "boar" else ""
    return _page(switch + legs + barrel + under + neck + inner, 224)


def _robot(inner: str) -> str:
    limbs = "".join(
        f'<path d="M{64 + side * 40} 134q{side * 14} 12 {side * 10} 40" fill="none" stroke="#78909c" '
        f'stroke-width="11"/>'
        f'<circle cx="{64 + side * 51}" cy="178" r="9" fill="#c62828"/>'
        f'<path d="M{64 + side * 19 - 8} 180h16v24h-16z" fill="#78909c"/>'
        f'<path d="M{64 + side * 19 - 14} 202h28v11h-28z" fill="#546e7a"/>'
        for side in (-1, 1)
    )
    return _page(
        '<path d="M54 116h20v14h-20z" fill="#607d8b"/>'
        + limbs
        + '<path d="M26 126h76q6 0 6 6l-4 50q0 5-6 5h-68q-6 0-6-5l-4-50q0-6 6-6z" fill="#90a4ae"/>'
        + '<path d="M92 126h10q6 0 6 6l-4 50q0 5-6 5h-10z" fill="#78909c"/>'
        + '<path d="M42 138h44v26h-44z" fill="#eceff1"/><circle cx="52" cy="151" r="5" fill="#c62828"/>'
        + '<path d="M62 146h18m-18 6h18m-18 6h12" stroke="#546e7a" stroke-width="3"/>'
        + inner
    )


def _hen(inner: str) -> str:
    feet = (
        '<path d="M92 178v26m-10 6l10-8l10 8M116 178v26m-10 6l10-8l10 8" fill="none" stroke="#f57c00" '
        'stroke-width="5"/>'
    )
    body = (
        '<path d="M34 96c-12 40 10 88 66 88c40 0 66-26 72-84c-16 2-24 18-40 20c-16 2-20-20-30-36z" fill="#fafafa"/>'
        '<path d="M70 130c4 26 44 34 62 4c-14 6-40 2-62-4z" fill="#dfe3e6"/>'
        '<path d="M46 160c22 26 86 28 112-8c-10 22-28 32-58 32c-24 0-42-8-54-24z" fill="#d5dadd"/>'
    )
    return _page(feet + body + inner, 176)


def _shoulders(inner: str, garment: str) -> str:
    dark = _shade(garment, -0.07)
    return _page(
        f'<path d="M-14 190C-14 140 18 116 64 116C110 116 142 140 142 190z" fill="{garment}"/>'
        f'<path d="M-14 190C-12 164 -4 146 10 134C6 152 6 170 8 190zM142 190C140 164 132 146 118 134c4 18 4 36 2 56z" '
        f'fill="{dark}"/>'
        f'<path d="M40 112c2 22 46 22 48 0z" fill="{_shade(SKIN, -0.08)}"/>'
        f'<path d="M36 119c4 26 52 26 56 0" fill="none" stroke="{dark}" stroke-width="5"/>' + inner,
        height=190,
        left=-14,
        width=156,
    )


def _person(text: str, name: str, rendered: Callable[[str, int], Image.Image], form: str, clothes: str | None) -> str:
    pixels = np.asarray(rendered(text, 128))
    row = pixels[112:118]
    seen = np.flatnonzero(row[..., 3].min(0) > 200)
    bust = name not in BARE and len(seen) > 48
    who = next((one for one in CLOTHES if one in name), "woman" if "princess" in name or "Mrs" in name else "man")
    if bust:
        colour = row[..., :3][row[..., 3] > 200]
        garment = colours.hexadecimal(np.median(colour, 0) / 255)
        main = colours.to_oklch(np.median(colour, 0) / 255)
        if clothes is not None and main[1] <= colours.NEUTRAL:
            clothes = None  # grey as eyes are, and what else is dark
        if clothes is not None:
            text = colours.recoloured(text, clothes, main, spared=is_skin)
        left, right = max(int(seen.min()), 16), min(int(seen.max()), 112)
        top = 112
    else:
        garment, left, right, top = CLOTHES[who], 33, 95, 108
    if clothes is not None:
        garment = colours.hexadecimal(colours.from_oklch(np.array(colours.NAMED[clothes])))
    inner = _inner(text)
    if form == "bust":
        return text if bust else _shoulders(inner, garment)
    dark, middle = _shade(garment, -0.09), (left + right) / 2
    small = not bust and who == "baby"
    hip, sole = (166, 196) if small else (172, 208)
    trousers = garment if small else "#4a5a78" if who in ("man", "boy") else "#54486e"
    wide = (right - left) / 2 * (0.72 if bust else 0.8)
    dress = not bust and who in ("woman", "girl")
    legs = "".join(
        f'<path d="M{middle + side * wide * 0.5 - 10} {hip - 10}h20l-1 {sole - hip + 6}h-18z" '
        f'fill="{SKIN if dress else trousers}"/>'
        f'<path d="M{middle + side * wide * 0.5 - 11} {sole - 6}h22q{2 + 2 * side} 12 {side} 13h-24q-4-4 1-13z" '
        f'fill="{"#5d4037" if not small else garment}"/>'
        for side in (-1, 1)
    )
    arms = "".join(
        f'<path d="M{middle + side * ((right - left) / 2 - 7)} {top + 6}'
        f'q{side * 9} 22 {side * 3} {hip - top - 18}" fill="none" stroke="{dark}" stroke-width="15" '
        f'stroke-linecap="round"/>'
        f'<circle cx="{middle + side * ((right - left) / 2 - 4)}" cy="{hip - 6}" r="8" fill="{SKIN}"/>'
        for side in (-1, 1)
    )
    hem = wide * (1.35 if dress else 1.0)
    torso = (
        f'<path d="M{left + 4} {top + 4}q2-12 14-14h{right - left - 36}q12 2 14 14l{-(right - left - 8) / 2 + hem} '
        f'{hip - top - 2 + (14 if dress else 0)}h{-2 * hem}z" fill="{garment}"/>'
        f'<path d="M{middle - hem} {hip + (14 if dress else 2)}l2-9h{2 * hem - 4}l2 9z" fill="{dark}"/>'
    )
    return _page(legs + arms + torso + inner)
