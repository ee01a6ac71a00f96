"""The light of a scene: colours of sky and haze by time and weather, and what it does to things."""

from dataclasses import dataclass

import numpy as np

from styleshot_demo.compose.textures import mix, rgb


@dataclass(frozen=True)
class Light:
    """Colours are RGB [3] in [0, 1].

    zenith, middle, low  the sky from top to horizon
    haze                 what the far takes on
    tint                 what every colour is multiplied by
    warm                 of what the light falls on
    sun                  (x, y) of sun or moon in shares of the picture, y of the sky above the horizon; None: hidden
    """

    zenith: np.ndarray
    middle: np.ndarray
    low: np.ndarray
    haze: np.ndarray
    tint: np.ndarray
    warm: np.ndarray
    sun: tuple[float, float] | None
    time: str
    weather: str

    def on(self, colour: np.ndarray, depth: float = 1.0) -> np.ndarray:
        """A colour (or many) as it looks in this light; `depth` 0 (at the horizon) to 1 (near)."""
        veil = {"fog": 0.85, "rain": 0.6, "snow": 0.55}.get(self.weather, 0.42)
        return mix(colour * self.tint, self.haze, veil * (1 - depth) ** 1.3)


_TIMES = {
    #         zenith     middle     low        haze       tint               warm
    "day": ("#3f8fd4", "#82bfe8", "#dcecf0", "#c3dbe8", (1.0, 1.0, 1.0), "#fff6dc"),
    "sunset": ("#3d3a7c", "#c9587a", "#ffc46b", "#f0a07a", (1.0, 0.80, 0.74), "#ffb45e"),
    "night": ("#081230", "#152a63", "#3a5a9a", "#2c4480", (0.40, 0.50, 0.78), "#cfdcff"),
}


def light_of(time: str, weather: str, random: np.random.Generator) -> Light:
    """The light at a time of day in a weather; where the sun stands is drawn at random."""
    *colours, tint, warm = _TIMES[time]
    zenith, middle, low, haze = (rgb(one) for one in colours)
    tint = np.array(tint, np.float32)
    side = float(random.choice([-1, 1]))
    sun = (0.5 + side * float(random.uniform(0.18, 0.34)), {"day": 0.3, "sunset": 0.86, "night": 0.3}[time])
    if weather in ("rain", "fog", "snow"):
        grey = {"rain": rgb("#77858f"), "fog": rgb("#dfe3e2"), "snow": rgb("#d3dde6")}[weather] * tint
        share = {"rain": 0.62, "fog": 0.6, "snow": 0.6}[weather] * (0.6 if time == "sunset" else 1)
        zenith, middle, low, haze = (mix(one, grey, share) for one in (zenith, middle, low, haze))
        if weather == "rain":
            tint = tint * np.array((0.80, 0.84, 0.88), np.float32)
        if time == "day":
            sun = None
    return Light(zenith, middle, low, haze, tint, rgb(warm), sun, time, weather)
