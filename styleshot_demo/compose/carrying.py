"""Where things are that a person holds or wears, or that something holds: beside its body, on its head, in its neck."""

from dataclasses import dataclass

from styleshot_demo.compose import art
from styleshot_demo.compose.belonging import ABOVE, EYES, WORN
from styleshot_demo.compose.heads import HEADS

# Of people that are drawn whole, in shares of their height: how wide a head is, where the brim of a hat lies below its
# top, and where a hand is.
HEAD, BRIM, HAND = 0.47, 0.15, 0.30
# Where the eyes are, from the top, and how wide glasses are: of people that are drawn whole, and of a bust.
GLASSES, GLASSES_OF_BUST = (0.335, 0.42), (0.375, 0.49)
RIM = {"basket": 0.30}  # where the rim of what holds things is, below the top of its handle


@dataclass(frozen=True)
class Spot:
    """As in `layout.Placed`; `nearer` is added to the depth of who holds it."""

    x: float
    y: float
    height: float
    nearer: float


def carried(
    name: str,
    bearer: tuple[float, float, float],
    aspect: float,
    side: int,
    their: str,
    flip: bool = False,
    bust: bool = False,
) -> Spot:
    """A thing that a person has, or a hat that an animal wears.

    bearer  the bearer's x, y and height
    aspect  width over height of the picture
    side    1: on the right of the picture, -1: on the left
    their   the name of the bearer's drawing; `flip`: it is mirrored
    bust    only head and shoulders of the person are drawn
    """
    if their in HEADS:
        return _on_head(name, bearer, aspect, their, flip)
    x, y, tall = bearer
    wide = art.proportion(name)
    if name in EYES:
        line, across = GLASSES_OF_BUST if bust else GLASSES
        height = across / wide * tall
        return Spot(x, y - (1 - line) * tall + height / 2, height, 0.005)
    if name in WORN:
        height = min(HEAD * (0.9 if name == "crown" else 1.15) / wide, 0.36) * tall
        return Spot(x, y - (1 - BRIM) * tall, height, 0.005)
    if name in ABOVE and not bust:
        # Behind the head, and over it: the face stays free.
        height, away = (0.85, 0.36) if name == "balloon" else (min(0.98, 1.05 / wide), 0.20)
        return Spot(x + side * away * tall / aspect, y - HAND * tall, height * tall, -0.005)
    height = min(0.44, 0.5 / wide) * tall * (0.8 if bust else 1)
    if bust:
        return Spot(x + side * 0.3 * tall / aspect, 0.985, height, 0.005)
    return Spot(x + side * 0.24 * tall / aspect, y - 0.08 * tall, height, 0.005)


def _on_head(name: str, bearer: tuple[float, float, float], aspect: float, their: str, flip: bool) -> Spot:
    """A hat of an animal; the parameters are those of `carried`."""
    x, y, tall = bearer
    across, down, head = HEADS[their]
    wide = art.proportion(their) * tall  # in shares of the picture's height
    height = min(head * wide * (1.0 if name == "crown" else 1.25) / art.proportion(name), 0.4 * tall)
    return Spot(x + (across - 0.5) * (-1 if flip else 1) * wide / aspect, y - (1 - down - 0.03) * tall, height, 0.005)


def contained(
    name: str, holder: tuple[float, float, float], their: str, aspect: float, number: int, count: int
) -> Spot:
    """The copy `number`, of `count`, of a thing in another: of the name `their`, x, y and height in `holder`."""
    x, y, tall = holder
    flower = art.by_name()[name].subgroup in ("plant-flower", "plant-other")
    share = 0.0 if count == 1 else number / (count - 1) - 0.5
    room = art.proportion(their) * tall / aspect
    several = 1.0 if count == 1 else 0.62 if flower else 0.75
    rim = y - (1 - RIM.get(their, 0.0)) * tall
    deep = 0.30 if flower else 0.25
    wide = (0.95 if flower else 0.55) * several * room
    height = min((1.0 if flower else 0.6) * tall, wide * aspect / art.proportion(name), (rim - 0.03) / (1 - deep))
    # Those in the middle stand higher, behind the others.
    raised = 0.25 * (1 - 2 * abs(share)) * height if count > 2 else 0.0
    across = share * (1.1 if flower else 0.6) * room
    return Spot(x + across, rim + deep * height - raised, height, -0.005 - 0.004 * (1 - 2 * abs(share)))
