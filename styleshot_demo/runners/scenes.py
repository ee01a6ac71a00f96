"""What the composer makes of a text job before anything is drawn: its scene, its size, what it did not understand."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from styleshot_demo.errors import Problem
from styleshot_demo.jobs import TextJob, moved
from styleshot_demo.messages import Remark, remark

if TYPE_CHECKING:
    from PIL import Image

    from styleshot_demo.compose.scene import Scene, Unknown

SIZE, SMALLEST = 512, 256  # pixels of each side
MEANT = 0.11  # how far from 1 a weight has to be
SHOWN = 4  # of what was not understood
BETWEEN = " / "  # names of drawings, of which some have commas


def adapt_job(job: TextJob) -> tuple[TextJob, list[Remark]]:
    """The job as the composer can do it, and what a person should know of that; adapted again, it stays as it is."""
    size = max(SMALLEST, SIZE if job.size is None else job.size)
    notes = [] if job.size in (None, size) else [remark("composer_size", size=size)]
    return replace(job, model="composer", size=size), notes


def unread(prompt: str, negative_prompt: str | None) -> list[Remark]:
    """Remarks on what else was written that means nothing to the composer, though it does to StyleShot."""
    from styleshot_demo.styleshot import prompts

    # A pair of brackets may be no emphasis but an aside; a weight, or two pairs, are meant.
    meant = any(abs(weight - 1) > MEANT for _, weight in prompts.parse(prompt))
    notes = [remark("composer_emphasis")] if meant else []
    return notes + ([remark("composer_negative")] if negative_prompt else [])


@lru_cache(maxsize=64)  # a job is planned several times, and looking for what comes near takes a moment
def scene_of(prompt: str, tile: bool = False, places: str = "") -> "Scene":
    """What a prompt asks for; `Problem` nothing_to_draw, nothing_known or nothing_known_near where that is nothing at
    all, or where it would be an empty meadow in place of what was named.

    tile    as a pattern that wraps around
    places  to which things were moved, as `moved.as_text` gives them
    """
    from styleshot_demo.compose.words import read

    reading = read(prompt)
    scene = reading.scene
    if reading.has_subject:
        return scene.tiled() if tile else scene.moved(moved.places(places))
    if not scene.unknown:
        raise Problem("nothing_to_draw")
    words = _listed(scene.unknown)
    near = list(dict.fromkeys(name for one in scene.unknown for name in one.nearest))[:SHOWN]
    if not near:
        raise Problem("nothing_known", words=words)
    raise Problem("nothing_known_near", words=words, nearest=BETWEEN.join(near))


def followed(prompt: str, places: str = "") -> "Scene":
    """What of a prompt is in the sketch that StyleShot is to follow; `Problem` no_sketch or nothing_to_draw where there
    is none."""
    try:
        return scene_of(prompt, places=places)
    except Problem as problem:
        if problem.key == "nothing_to_draw":
            raise
        raise Problem("no_sketch", words=problem.values["words"]) from None


def not_in_sketch(scene: "Scene") -> list[Remark]:
    """What a person should know of a sketch that StyleShot follows: it reads the words that are not in it all the
    same."""
    return [remark("sketch_lacks", words=_listed(scene.unknown))] if scene.unknown else []


def sketch_of(scene: "Scene", side: int, seed: int) -> "Image.Image":
    """The sketch of a scene for a square picture with sides of so many pixels, RGB; never smaller than the composer
    draws."""
    from styleshot_demo.compose.sketch import draw

    side = max(SMALLEST, side)
    return draw(scene, (side, side), seed).picture


def understood_anyway(prompt: str) -> "Scene | None":
    """The same where it is nothing that could be drawn; None where there is not a word in the prompt."""
    from styleshot_demo.compose.words import understood

    try:
        return understood(prompt)
    except Problem:
        return None


def as_setting(scene: "Scene") -> str:
    """What is drawn of a scene, as the JSON text of a record: not what was not understood, which may be long."""
    return json.dumps(replace(scene, unknown=()).as_json(), ensure_ascii=False, separators=(",", ":"))


def recorded(setting: str | None, prompt: str) -> "Scene":
    """The scene of a record from `as_setting`; `Problem` scene_unusable where that is none.

    With what was not understood of the record's `prompt`, as long as the rest of it is still understood alike.
    """
    from styleshot_demo.compose.scene import Scene

    try:
        scene = Scene.from_json(json.loads(setting or ""))
    except (ValueError, RecursionError):  # of a record anybody may have written
        raise Problem("scene_unusable", part="scene") from None
    now = understood_anyway(prompt)
    if now is None or replace(now, unknown=()) != scene.moved({}):
        return scene
    return replace(scene, unknown=now.unknown)


def not_understood(scene: "Scene") -> Iterator[Remark]:
    """What a person should know of it."""
    if scene.unknown and not scene.things:
        yield remark("scene_bare")
    near = [one for one in scene.unknown if one.nearest][:SHOWN]
    for one in near:
        yield remark("scene_near", words=one.said, nearest=BETWEEN.join(one.nearest))
    strange = [one for one in scene.unknown if one not in near]
    if strange:
        yield remark("scene_unknown", words=_listed(strange))


def _listed(unknown: "tuple[Unknown, ...] | list[Unknown]") -> str:
    shown = [one.said for one in unknown[:SHOWN]]
    return ", ".join([*shown, *(["…"] if len(unknown) > SHOWN else [])])
