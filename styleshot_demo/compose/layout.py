"""Where everything stands: which horizon, how deep, how large, over what. The seed moves things, never the meaning."""

from dataclasses import dataclass, replace

import numpy as np

from styleshot_demo.compose import art, carrying
from styleshot_demo.compose.belonging import EYES, WORN
from styleshot_demo.compose.bodies import PEOPLE, SITTING
from styleshot_demo.compose.places import carried_by, metres
from styleshot_demo.compose.scene import Scene, Thing
from styleshot_demo.compose.stage import HORIZON, shore_edge

ABREAST = 0.6  # share of its width that things on another take, all of a kind together
SHRINK = 0.30  # exponent: what is ten times as tall is drawn twice as tall, so that both can be seen
FRONT = 0.97  # row of the foot of what stands in front, as a share of the height
TRIES = 90  # places that are looked at for each thing
SIZED = {"small": 0.74, "normal": 1.0, "large": 1.36}
LARGEST = {"single": 0.70, "portrait": 0.84, "still life": 0.46}  # share of the height, of the largest thing
SEATS = {"chair": 0.46, "bed": 0.5, "couch and lamp": 0.32, "deciduous tree": 0.42, "evergreen tree": 0.55,
         "palm tree": 0.75, "stone bridge": 0.97,
         "bathtub": 0.6, "sailboat": 0.2, "canoe": 0.6, "elephant": 0.85, "horse": 0.72}  # fmt: skip


@dataclass(frozen=True)
class Placed:
    """One drawing in the picture; lengths are shares of the picture's height, x of its width.

    index    of its thing in the scene
    x, y     middle of its foot; of what swims or flies, of its lower edge
    height   how tall it is drawn
    depth    0 (at the horizon) to 1 (in front)
    carried  by "ground", "water" or "sky", by another thing ("thing"), or "swims"
    flip     mirrored
    form     as for `art.svg`
    number   which of its thing's copies
    """

    index: int
    x: float
    y: float
    height: float
    depth: float
    carried: str
    flip: bool = False
    form: str = "whole"
    number: int = 0


def arranged(scene: Scene, aspect: float, random: np.random.Generator) -> tuple[list[Placed], str | None]:
    """(places for all things of a scene, the farthest first; the side of the headland that they stand on by the sea).

    aspect  width over height of the picture
    """
    side = shore(scene, random)
    if not scene.things:
        return [], side
    if scene.kind == "portrait":
        return _portrait(scene, aspect, random), side
    return sorted(_Stage(scene, aspect, random, side).placed(), key=lambda one: (one.depth, one.y)), side


def shore(scene: Scene, random: np.random.Generator) -> str | None:
    """On which side the headland lies that a scene at the sea needs; None where nothing stands on land."""
    side = str(random.choice(["left", "right"]))
    stands = any(carried_by(art.by_name()[one.name], scene.place) == "ground" for one in scene.things)
    return side if scene.place == "sea" and stands else None


def nearness(depth: float, carried: str, kind: str) -> float:
    """How large a thing is drawn at a depth, beside its size at no depth in particular."""
    return 1.0 if carried in ("sky", "swims") or kind in ("single", "still life") else 0.62 + 0.5 * depth


def _portrait(scene: Scene, aspect: float, random: np.random.Generator) -> list[Placed]:
    """Head and shoulders, large: the rest of the body is below the frame. What goes with them stands before them."""
    people = [index for index, one in enumerate(scene.things) if art.by_name()[one.name].subgroup in PEOPLE]
    sitting = people or [0]
    sitters = [index for index in sitting for _ in range(min(scene.things[index].count, 3))][:5]
    placed = []
    for number, index in enumerate(sitters):
        one = art.by_name()[scene.things[index].name]
        person, sits = one.subgroup in PEOPLE, one.name in SITTING
        form = "bust" if person else "whole"
        room = 0.96 * aspect / len(sitters) ** 0.8 / art.proportion(one.name, form)
        height = min(1.30, 1.15 * room) if sits else min(0.90 if person else 0.80, 1.1 * room if person else room)
        x = (number + 0.5) / len(sitters) + (random.uniform(-0.03, 0.03) if len(sitters) == 1 else 0)
        hat = any(other.to == index and other.name in WORN for other in scene.things)
        height *= 0.78 if hat else 1.0  # that the hat is in the picture
        foot = max((0.30 if hat else 0.10) + height, 1.01) if person or sits else 0.53 + height / 2
        flip = bool(random.random() < 0.5)
        placed.append(Placed(index, x, foot, height, 1.0, "swims", flip, form, sitters[:number].count(index)))
    others = [index for index in range(len(scene.things)) if index not in sitters]
    side = bool(random.random() < 0.5)
    for number, index in enumerate(others):
        name, to = scene.things[index].name, scene.things[index].to
        bearer = next((one for one in placed if one.index == to), None)
        if scene.things[index].relation == "with" and bearer is not None:
            body, their = (bearer.x, bearer.y, bearer.height), scene.things[bearer.index].name
            spot = carrying.carried(name, body, aspect, 1 if side else -1, their, bearer.flip, bust=True)
            placed.append(Placed(index, spot.x, spot.y, spot.height, 1.0, "swims"))
            continue
        height = min(0.36, 0.40 * aspect / art.proportion(name) / max(1, len(others) / 2) ** 0.7)
        row, left = number // 2, (number % 2 == 0) == side
        half = height * art.proportion(name) / aspect / 2
        x = half + 0.03 + 0.16 * row
        placed.append(Placed(index, x if left else 1 - x, 0.97 - 0.09 * row, height, 1.0, "swims", not left))
    return placed


class _Stage:
    """Finds places one thing after another: the largest first, those that relate to one after it."""

    def __init__(self, scene: Scene, aspect: float, random: np.random.Generator, side: str | None) -> None:
        self.scene, self.aspect, self.random = scene, aspect, random
        self.side = side
        self.horizon = HORIZON[scene.place]
        self.boxes: list[tuple[float, float, float, float, int]] = []
        self.done: dict[int, list[Placed]] = {}
        self.arts = [art.by_name()[one.name] for one in scene.things]
        self.carried = [carried_by(one, scene.place) for one in self.arts]
        for index, one in enumerate(scene.things):
            if one.relation in ("above",) and self.carried[index] == "ground" and scene.place not in ("table",):
                self.carried[index] = "sky"
        self.heights = self._heights()

    def _heights(self) -> list[float]:
        """How tall each thing is drawn before depth counts."""
        sizes = [
            metres(one) ** SHRINK * SIZED[thing.size] for one, thing in zip(self.arts, self.scene.things, strict=True)
        ]
        for index, (one, thing) in enumerate(zip(self.arts, self.scene.things, strict=True)):
            if one.subgroup == "sky-weather":
                sizes[index] = max(sizes) * 0.42 * SIZED[thing.size]
        for index, thing in enumerate(self.scene.things):  # what stands under something needs room there
            to = thing.to
            if to is None:
                continue
            if thing.relation == "under" and self.carried[to] == "ground":
                sizes[to] = max(sizes[to], 2.1 * sizes[index])
            if thing.relation == "on":
                share = 0.42 if metres(self.arts[to]) > 4 else 0.75
                wide = sizes[to] * art.proportion(self.arts[to].name) / art.proportion(one.name)
                sizes[index] = min(sizes[index], share * sizes[to], ABREAST * wide / thing.count)
            if thing.relation == "above":  # both have to fit, one over the other
                sizes[index] = max(sizes[index], 0.65 * sizes[to])
        top = max(sizes)
        spread = sum(
            size / top * art.proportion(one.name) * thing.count**0.7 * (one.name not in EYES)
            for size, one, thing in zip(sizes, self.arts, self.scene.things, strict=True)
        )
        alone = len(self.scene.things) == 1 and self.scene.things[0].count == 1
        largest = LARGEST.get(self.scene.kind, 0.40 if self.scene.place == "street" else 0.60 if alone else 0.50)
        if any(one.relation in ("above", "in") for one in self.scene.things):
            largest = 0.40
        elif any(one.relation == "with" for one in self.scene.things):
            largest = min(largest, 0.45)  # hats and umbrellas reach higher
        if self.scene.place in ("under water", "space", "sky"):
            largest = 0.50 if alone else 0.42
        room = (1.25 if self.scene.kind == "still life" else 1.05) * self.aspect / max(spread, 1.0)
        largest = min(
            largest,
            max(room, 0.27),  # a crowd of small things does not make the large one small
            0.66 * self.aspect / max(art.proportion(one.name) for one in self.scene.things if one.relation != "with"),
        )
        small = max(metres(one) for one in self.arts) < 0.5 and max(one.count for one in self.scene.things) > 1
        if small and self.scene.kind == "landscape":  # a field of flowers, not a hedge
            largest = min(largest, 0.30)
        if all(one.subgroup == "sky-weather" for one in self.arts) and self.scene.kind == "landscape":
            largest = 0.24
        # What flies beside others leaves the ground to them.
        ceiling = 0.62 * self.horizon if len(self.arts) > 1 and self.horizon < 0.8 else 1.0
        return [
            min(max(largest * size / top, 0.13), ceiling if carried == "sky" else 1.0)
            for size, carried in zip(sizes, self.carried, strict=True)
        ]

    def placed(self) -> list[Placed]:
        order = sorted(range(len(self.arts)), key=lambda one: (self._steps(one), -self.heights[one]))
        for index in order:
            thing = self.scene.things[index]
            found: list[Placed] = []
            for number in range(thing.count):
                height = self.heights[index] * (1 if thing.count == 1 else self.random.uniform(0.82, 1.05))
                if thing.count > 3:
                    height *= 0.80
                one = self._place(index, number, height)
                found.append(replace(one, number=number))
                self._take(one)
            self.done[index] = found
        return [one for found in self.done.values() for one in found]

    def _steps(self, index: int, seen: tuple[int, ...] = ()) -> int:
        """How many relations lie between a thing and one that relates to none."""
        to = self.scene.things[index].to
        return 0 if to is None or index in seen else 1 + self._steps(to, (*seen, index))

    def _take(self, one: Placed) -> None:
        wide = one.height * art.proportion(self.scene.things[one.index].name, one.form)
        middle = one.x * self.aspect
        self.boxes.append((middle - wide / 2, one.y - one.height, middle + wide / 2, one.y, one.index))

    def _crowded(self, one: Placed, but: int) -> float:
        """The area that a drawing would share with others than those of the thing `but`."""
        wide = one.height * art.proportion(self.scene.things[one.index].name, one.form)
        left, right = one.x * self.aspect - wide / 2, one.x * self.aspect + wide / 2
        return sum(
            max(0, min(right, c) - max(left, a)) * max(0, min(one.y, d) - max(one.y - one.height, b))
            for a, b, c, d, index in self.boxes
            if index != but
        )

    def _place(self, index: int, number: int, height: float) -> Placed:
        thing = self.scene.things[index]
        flip = bool(self.random.random() < 0.5)
        to = thing.to
        if to is not None and to in self.done:
            targets = self.done[to]
            target = targets[number % len(targets)]
            others = 1 if thing.relation == "in" else 4  # a place that is held is no other's
            tries = [self._related(thing, index, number + more, height, target, flip) for more in range(others)]
            return min(tries, key=lambda one: self._crowded(one, to))
        best: tuple[float, Placed] | None = None
        for _ in range(TRIES):
            x, y, depth = self._try(index, number, height)
            tall = height * self._scale(depth, index)
            cost = self._cost(index, x, y, tall, thing)
            if best is None or cost < best[0]:
                best = (cost, Placed(index, x, y, tall, depth, self.carried[index], flip))
        assert best is not None  # it is tried more than once
        return best[1]

    def _scale(self, depth: float, index: int) -> float:
        return nearness(depth, self.carried[index], self.scene.kind)

    def _try(self, index: int, number: int, height: float) -> tuple[float, float, float]:
        """A place (x, y, depth) where it could be."""
        random, carried = self.random, self.carried[index]
        x = 0.5 + random.uniform(-0.42, 0.42)
        if self.scene.kind == "single":
            return 0.5 + random.uniform(-0.30, 0.30) * (len(self.boxes) > 0), 0.86, 0.9
        if carried == "sky":
            high = self.scene.things[index].is_aloft or self.arts[index].subgroup in ("sky-weather", "event")
            if high and self.horizon < 0.8:
                return x, height + random.uniform(0.05, 0.14), 0.75
            low = min(self.horizon - 0.06, 0.9)
            y = random.uniform(min(0.06 + height, low), max(0.07 + height, low))
            return x, y, 0.75
        if carried == "swims":
            top = 0.72 if self.scene.place == "under water" else 0.88
            return x, random.uniform(min(0.1 + height, 0.95), max(top, 0.11 + height)), random.uniform(0.4, 0.9)
        rank = 1 - min(1.0, height / max(self.heights))  # small things come to the front, where they can be seen
        depth = float(np.clip(0.30 + 0.50 * rank + random.uniform(-0.14, 0.16), 0.08, 0.92))
        if len(self.scene.things) == 1 and self.scene.things[0].count == 1:
            depth = random.uniform(0.42, 0.58)
        if any(one.relation == "above" and one.to == index for one in self.scene.things):
            depth = random.uniform(0.62, 0.80)
        elif metres(self.arts[index]) > 5 and carried == "ground" and self.scene.place != "table":
            depth = min(depth, random.uniform(0.22, 0.40))
        if carried == "water":
            if self.scene.place == "beach":
                depth *= 0.30
            elif any(one == "ground" for one in self.carried):
                depth *= 0.55
            if metres(self.arts[index]) > 5:
                depth = min(depth, 0.5)
        if self.scene.place == "beach" and carried == "ground":
            depth = max(depth, 0.56 + 0.1 * random.random())
        if self.scene.place == "street" and carried == "ground":
            rides = self.arts[index].subgroup == "transport-ground"
            depth = (
                random.uniform(0.52, 0.68)
                if rides
                else random.uniform(0.12, 0.25)
                if rank < 0.5
                else random.uniform(0.2, 0.3)
            )
        if self.scene.place == "table":
            depth = float(np.clip(0.26 + 0.36 * rank + random.uniform(-0.10, 0.10), 0.12, 0.70))
        if self.scene.place == "room" and carried == "ground":
            depth = max(depth, 0.2)
        y = self.horizon + depth * (FRONT - self.horizon)
        if self.scene.place == "sea" and carried == "ground" and self.side is not None:
            half = height * art.proportion(self.scene.things[index].name) / self.aspect / 2
            x = random.uniform(half + 0.03, max(0.58 - half, half + 0.04))
            x = x if self.side == "left" else 1 - x
            edge = float(shore_edge(101, 1, self.side)[int(x * 100)])
            y = min(edge + 0.03 + 0.28 * depth, 0.95)
        return x, y, depth

    def _cost(self, index: int, x: float, y: float, tall: float, thing: Thing) -> float:
        wide = tall * art.proportion(thing.name)
        middle = x * self.aspect
        left, top, right, bottom = middle - wide / 2, y - tall, middle + wide / 2, y
        outside = max(0, 0.02 - left) + max(0, right - self.aspect + 0.02) + max(0, 0.03 - top) + max(0, bottom - 0.98)
        cost = 30 * outside
        crowd = 5 if self.scene.kind == "still life" else 9
        for a, b, c, d, _ in self.boxes:
            over = max(0, min(right, c) - max(left, a)) * max(0, min(bottom, d) - max(top, b))
            cost += crowd * over / max(1e-6, min(wide * tall, (c - a) * (d - b)))
        if not self.boxes:
            # The first thing is what the picture is about: near the middle, a little aside.
            aside = 0.02 if len(self.scene.things) == 1 else 0.10
            if any(one.relation in ("beside", "behind", "in front of") for one in self.scene.things):
                aside = 0.20
            apart = abs(abs(middle / self.aspect - 0.5) - aside)
            cost += 2.5 * apart * (0.2 if self.scene.place == "sea" and self.side else 1)
        else:
            away = min(abs(middle - (a + c) / 2) for a, _, c, _, _ in self.boxes)
            # A still life stands together, and its things may overlap a little.
            cost += 2.2 * max(0, away - 0.2) if self.scene.kind == "still life" else 0.25 * max(0, away - 0.45)
        for other, one in enumerate(self.scene.things):  # room for what stands beside it
            if one.to == index and one.relation in ("beside", "behind", "in front of"):
                need = self.heights[other] * 0.9 * art.proportion(one.name) * (1 if one.relation == "beside" else 0.5)
                cost += 8 * max(0, need - max(left, self.aspect - right))
        return cost + 0.25 * self.random.random()

    def _among_held(self, index: int, number: int, holder: int) -> tuple[int, int]:
        """(which of all that the thing `holder` holds a copy is, how many there are)."""
        held = [one.count * (one.relation == "in" and one.to == holder) for one in self.scene.things]
        return (sum(held[:index]) + number) % sum(held), sum(held)

    def _related(self, thing: Thing, index: int, number: int, height: float, target: Placed, flip: bool) -> Placed:
        random, relation = self.random, thing.relation
        other = self.scene.things[target.index].name
        wide = height * art.proportion(thing.name) / self.aspect
        their = target.height * art.proportion(other) / self.aspect
        side = 1 if (number % 2 == 0) == (target.x < 0.5) else -1
        x, y, depth, carried = target.x, target.y, target.depth, self.carried[index]
        floats = carried in ("sky", "swims")
        if relation in ("with", "in"):
            body = (target.x, target.y, target.height)
            if relation == "with":
                spot = carrying.carried(thing.name, body, self.aspect, side, other, target.flip)
            else:
                place, total = self._among_held(index, number, target.index)
                spot = carrying.contained(thing.name, body, other, self.aspect, place, total)
            return Placed(index, spot.x, spot.y, spot.height, target.depth + spot.nearer, "thing", flip)
        if relation == "on":
            seat = SEATS.get(other, 0.9)
            height = min(height, 0.9 * max(target.y - target.height * seat - 0.02, 0.1))
            spread = 0.0 if thing.count == 1 else (number % thing.count / (thing.count - 1) - 0.5) * 0.7
            x = target.x + (spread + random.uniform(-0.05, 0.05)) * their
            y, depth, carried = target.y - target.height * seat, target.depth + 0.01, "thing"
        elif relation == "under":
            reach = 0.30 * their
            if thing.count == 1:
                x = target.x + random.choice([-0.75, 0.75]) * reach
            else:
                x = target.x + 0.9 * float(np.linspace(-1, 1, thing.count)[number % thing.count]) * reach
            if target.carried == "sky":
                y = self.horizon + 0.5 * (0.97 - self.horizon)
            else:
                y = min(target.y + random.uniform(0.015, 0.05), 0.97)
            depth, carried = target.depth + 0.03, self.carried[index] if self.carried[index] != "sky" else "sky"
            height = min(height, 0.5 * target.height) if target.carried == "ground" else height
        elif relation == "above":
            y = target.y - target.height - 0.03 - random.uniform(0, 0.04)
            if y - height < 0.02:
                height = max(0.10, min(height, y - 0.02))
                y = max(y, height + 0.02)
            if thing.count > 1:  # scattered over the room above it
                spread = (number % thing.count + 0.5) / thing.count - 0.5
                x = target.x + spread * min(0.9, 1.15 * wide * thing.count) + random.uniform(-0.03, 0.03)
                room = max(0.0, y - height - 0.04)
                y -= room * (0.15 + 0.7 * ((number * 0.618) % 1))
            else:
                x = target.x + random.uniform(-0.08, 0.08) * their
            depth, carried = target.depth, "sky" if carried != "swims" else carried
        elif relation == "behind":
            height = max(height, min(1.05 * target.height, 0.55))
            x, y, depth = target.x + side * (0.30 * their + 0.22 * wide), target.y - 0.05, max(0.0, target.depth - 0.12)
        elif relation == "in front of":
            x, y, depth = (
                target.x + side * 0.28 * their,
                min(target.y + random.uniform(0.07, 0.11), 0.97),
                target.depth + 0.15,
            )
            height *= 1.08
        elif relation == "around":
            angle = 2 * np.pi * (number + random.uniform(-0.15, 0.15)) / max(thing.count, 1) + 0.4
            if floats:
                x = target.x + np.cos(angle) * (0.62 * their + 0.55 * wide)
                y = target.y - target.height / 2 + np.sin(angle) * (0.55 * target.height + 0.4 * height) + height / 2
                depth = target.depth + (0.02 if np.sin(angle) > 0 else -0.02)
            else:
                x = target.x + np.cos(angle) * (0.60 * their + 0.6 * wide)
                y = target.y + 0.055 + np.sin(angle) * 0.085
                depth = target.depth + 0.12 * float(np.sin(angle))
        else:  # beside
            step = 0.5 * (their + wide) + 0.012 + (number // 2) * wide * 0.95
            x = target.x + side * step
            if not wide / 2 - 0.02 < x < 1.02 - wide / 2:
                x = target.x + (1 if target.x < 0.5 else -1) * step
                depth += 0.02
            y = target.y if floats else min(0.97, target.y + random.uniform(0.0, 0.04))
        x = float(np.clip(x, min(0.5, wide / 2), max(0.5, 1 - wide / 2)))
        return Placed(
            index, x, float(np.clip(y, height * 0.9 + 0.01, 0.985)), height, float(np.clip(depth, 0, 1)), carried, flip
        )
