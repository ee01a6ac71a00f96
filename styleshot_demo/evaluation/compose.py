"""How much the composer understands, and how long it takes from words to a painted picture."""

import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from styleshot_demo.compose import sketch
from styleshot_demo.compose.art import catalogue
from styleshot_demo.compose.scene import Scene
from styleshot_demo.compose.words import understood
from styleshot_demo.settings import ASSETS

SCENES = Path(__file__).with_name("compose_scenes.json")  # written before the parser was
NAMES = 120
TIMED = ("a castle by the sea at sunset", "a fox in a snowy forest", "three lemons and a teapot on a table",
         "一辆蓝色汽车在城市街道", "two cats under a big tree")  # fmt: skip
FACTS = ("kind", "place", "time", "weather")


def evaluate_compose(seed: int = 0) -> dict[str, Any]:
    """Figures of the composer.

    names    share of 120 names of single things, drawn at random, half of them in Chinese, that give just that thing
    scenes   share of the facts of the written scenes that are in the `Scene`, and which are not
    seconds  median from words to a picture of 512 pixels, warm: sketch alone, and painted in a bundled style
    """
    names = drawn_names(seed)
    strange = [name for name, wanted in names if not knows(name, wanted)]
    scenes = json.loads(SCENES.read_text(encoding="utf-8"))
    missed, total = [], 0
    for entry in scenes:
        for fact, there in facts(entry, understood(entry["prompt"])):
            total += 1
            if not there:
                missed.append(f"{entry['prompt']}: {fact}")
    return {
        "names": {"understood": round(1 - len(strange) / len(names), 4), "of": len(names), "strange": strange},
        "scenes": {"facts": round(1 - len(missed) / total, 4), "of": total, "scenes": len(scenes), "missed": missed},
        "seconds": _seconds(),
    }


def drawn_names(seed: int) -> list[tuple[str, str]]:
    """(name as a person says it, name of the drawing)."""
    chosen = random.Random(seed).sample([art for art in catalogue().values() if art.is_emoji], NAMES)
    return [(one.name if place % 2 else one.zh, one.name) for place, one in enumerate(chosen)]


def knows(name: str, wanted: str) -> bool:
    """Whether a name alone gives its thing; of places and times that are drawn as such, that fact."""
    scene = understood(name)
    return not scene.unknown and (
        [one.name for one in scene.things] == [wanted] or (not scene.things and bool(scene.asked))
    )


def facts(entry: dict[str, Any], scene: Scene) -> Iterator[tuple[str, bool]]:
    """(fact that a written scene has, whether it was understood)."""
    for name in FACTS:
        if name in entry:
            yield f"{name} {entry[name]}", getattr(scene, name) == entry[name]
    for said in entry.get("unknown", ()):
        yield f"not known: {said}", any(said in one.said for one in scene.unknown)
    for wanted in entry["things"]:
        found = next((one for one in scene.things if one.name in wanted["is"].split("|")), None)
        yield wanted["is"], found is not None
        for name in ("count", "colour", "size", "relation"):
            if name in wanted:
                there = found is not None and getattr(found, name) == wanted[name]
                if found is not None and there and name == "relation":
                    there = found.to is not None and scene.things[found.to].name in wanted["to"].split("|")
                yield f"{wanted['is']}: {name} {wanted[name]}", there


def _seconds() -> dict[str, float]:
    from PIL import Image

    from styleshot_demo.classical.weights import load_fast
    from styleshot_demo.compose.painting import painted
    from styleshot_demo.images.ops import to_tensor

    painter = load_fast(ASSETS / "weights" / "encoder.safetensors", ASSETS / "weights" / "fast.safetensors")
    with Image.open(ASSETS / "styles" / "oil-impasto.jpg") as picture:
        style = to_tensor(picture.convert("RGB").resize((512, 512)))
    drawn, whole = [], []
    for turn in range(2):  # the first one warms up
        for place, prompt in enumerate(TIMED):
            started = time.perf_counter()
            made = sketch.draw(understood(prompt), (512, 512), seed=place + turn)
            between = time.perf_counter()
            painted(made, painter, [(style, 1.0)])
            if turn:
                drawn.append(between - started)
                whole.append(time.perf_counter() - started)
    return {"sketch": round(statistics.median(drawn), 3), "painted": round(statistics.median(whole), 3)}
