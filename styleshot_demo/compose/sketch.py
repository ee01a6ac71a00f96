"""A scene drawn: backdrop, then things from far to near with one light, shadows at their feet, and a mask of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from styleshot_demo.compose import art, backdrops, pattern, skin_tones
from styleshot_demo.compose.colours import main_colour
from styleshot_demo.compose.layout import Placed, arranged
from styleshot_demo.compose.light import light_of
from styleshot_demo.compose.moving import box_of, put
from styleshot_demo.compose.scene import Scene
from styleshot_demo.compose.standing import paste, stand
from styleshot_demo.errors import Problem

SMALLEST, LARGEST = 256, 2048
DRAWS, PLACES, LIGHTS, SKINS = range(4)  # streams of random numbers


@dataclass(frozen=True)
class Layer:
    """What one thing covers in the picture, all of its copies together.

    index  of the thing in the scene
    mask   mode L, in the size of the picture: 255 where it is seen
    box    left, top, right, bottom in pixels; None where nothing of it is seen
    """

    index: int
    mask: Image.Image
    box: tuple[int, int, int, int] | None


@dataclass(frozen=True)
class Sketch:
    """A drawn scene. `ground`: the picture without things; `layers`: one for each thing, in the scene's order."""

    scene: Scene
    picture: Image.Image
    ground: Image.Image
    layers: tuple[Layer, ...]

    @property
    def wraps(self) -> bool:
        """Whether its borders fit together."""
        return self.scene.wraps

    def things_mask(self) -> Image.Image:
        """Mode L: 255 where there is a thing."""
        return self._mask_of(self.layers)

    def people_mask(self) -> Image.Image | None:
        """The same of people alone; None where there are none."""
        names = [thing.name for thing in self.scene.things]
        people = [layer for layer in self.layers if art.by_name()[names[layer.index]].is_person]
        return self._mask_of(people) if people else None

    def _mask_of(self, layers: Sequence[Layer]) -> Image.Image:
        whole = np.zeros((self.picture.height, self.picture.width), np.uint16)
        for layer in layers:
            whole += np.asarray(layer.mask)
        return Image.fromarray(whole.clip(0, 255).astype(np.uint8))


def draw(scene: Scene, size: tuple[int, int] = (512, 512), seed: int = 0) -> Sketch:
    """The scene at `size` (width, height), each side 256 to 2048 pixels. Same scene, size and seed: the same bytes."""
    for side, name in zip(size, ("width", "height"), strict=True):
        if not SMALLEST <= side <= LARGEST:
            raise Problem("out_of_range", name=name, value=side, low=SMALLEST, high=LARGEST)
    width, height = size
    # Streams of their own: another backdrop does not move the things, and more things do not change the backdrop.
    draws, places, lights = (np.random.default_rng([seed, number]) for number in (DRAWS, PLACES, LIGHTS))
    light = light_of(scene.time, scene.weather, lights)
    accent = _accent(scene, lights)
    skins = _skins(scene, np.random.default_rng([seed, SKINS]))
    masks = np.zeros((len(scene.things), height, width), np.float32)
    if scene.wraps:
        ground = pattern.ground(scene, (height, width), accent, draws)
        pixels = ground.copy()
        first = [each[0] for each in skins]
        for index, x, y, drawing in pattern.motifs(scene, (height, width), places, first) if scene.things else ():
            for left in (-width, 0, width):
                for top in (-height, 0, height):
                    corner = (round(x - drawing.width / 2) + left, round(y - drawing.height / 2) + top)
                    paste(pixels, masks, index, np.asarray(drawing, np.float32) / 255, corner)
    else:
        placed, shore = _placed(scene, size, places)
        lit = {one.name for one in scene.things} & {"sun", "full moon", "crescent moon", "sun with face", "sunset"}
        ground = backdrops.backdrop(scene.place, (height, width), light, draws, not lit, shore, accent, scene.far)
        if scene.kind == "portrait":
            ground = cv2.GaussianBlur(ground, (0, 0), 2.2 * min(size) / 512)
        pixels = ground.copy()
        for one in placed:
            stand(pixels, masks, one, scene, light, places, skins[one.index][one.number])
        pixels = backdrops.falling(draws, pixels, scene.place, light)
    layers = []
    for index in range(len(scene.things)):
        mask = Image.fromarray((masks[index] * 255).round().astype(np.uint8))
        layers.append(Layer(index, mask, mask.getbbox()))
    return Sketch(scene, _image(pixels), _image(ground), tuple(layers))


def _skins(scene: Scene, random: np.random.Generator) -> list[list[str | None]]:
    """Of each thing, of each of its copies: the tone of a person's skin that was asked for, else several alike each
    another one; None for what is no person, or has been given another colour."""
    order = [list(skin_tones.TONES)[at] for at in random.permutation(len(skin_tones.TONES))]
    return [
        [thing.skin or order[number % len(order)] for number in range(thing.count)]
        if thing.colour is None and art.by_name()[thing.name].is_person
        else [None] * thing.count
        for thing in scene.things
    ]


@dataclass(frozen=True)
class PlacedThing:
    """One copy of a thing in the sketch; lengths are shares of the picture's sides, 0 to 1.

    index, number  of the thing in the scene, and of its copy
    foot           (x, y) of the middle of its lower edge
    box            left, top, right, bottom of what the picture shows of it
    """

    index: int
    number: int
    foot: tuple[float, float]
    box: tuple[float, float, float, float]


def standing(scene: Scene, size: tuple[int, int], seed: int) -> tuple[PlacedThing, ...]:
    """Where every copy of every thing stands in `draw` of the same, those in front last; nothing of a pattern."""
    if scene.wraps:
        return ()
    placed, _ = _placed(scene, size, np.random.default_rng([seed, PLACES]))
    return tuple(
        PlacedThing(one.index, one.number, (one.x, one.y), box_of(one, scene, size[0] / size[1])) for one in placed
    )


def _placed(scene: Scene, size: tuple[int, int], random: np.random.Generator) -> tuple[list[Placed], str | None]:
    """`layout.arranged`, with those things elsewhere that a person has moved."""
    aspect = size[0] / size[1]
    placed, shore = arranged(scene, aspect, random)
    return put(placed, scene, aspect, shore), shore


def _accent(scene: Scene, random: np.random.Generator) -> float:
    """The hue of walls: opposite to the first thing's, as its colours show best before it."""
    turn = float(random.uniform(-25, 25))
    if not scene.things:
        return 80 + turn
    first = scene.things[0]
    pixels = np.asarray(art.draw(first.name, 64, first.colour)).reshape(-1, 4)
    colour = main_colour(pixels[pixels[:, 3] > 200, :3] / 255)
    return (colour[2] + 180 + turn) % 360 if colour[1] > 0.03 else 80 + turn


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray((pixels.clip(0, 1) * 255).round().astype(np.uint8))
