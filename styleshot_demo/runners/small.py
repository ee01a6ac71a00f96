"""What the small built-in StyleShot asks for: its own size and defaults, its own lines, the words it knows."""

import json
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo.jobs import SIZE_MULTIPLE, ImageJob, TextJob
from styleshot_demo.messages import Remark, remark

if TYPE_CHECKING:
    from styleshot_demo.small.autoencoder import PatchAutoencoder
    from styleshot_demo.small.statistics import Statistics

SIZE = 256  # pixels that it was trained for, short side
MULTIPLE = 16  # pixels per latent
# Strong guidance burns the colours of a small network. Lines need less of it than words.
GUIDANCE = {"text": 5.0, "image": 2.0}
# The published thresholds are those of HED; this brings their default to the detector's that training used.
THRESHOLD = 128 / 200
WORDS = "words.json"  # beside model_index.json: the words of its captions
SHOWN_WORDS = 6


@dataclass(frozen=True)
class SamplingGuidance:
    """What helps a model that has seen few pictures; nothing of it in the published one. See `small.pipeline`."""

    pull: float = 0.0  # how far latents are moved towards the style's statistics, at style strength 1
    lines: float = 1.0  # what the ControlNet adds, at content strength 1
    prior_share: float = 0.0  # share of the steps that what the words foretell takes the place of
    prior_pull: float = 0.0  # how far that is moved towards the style's statistics, at style strength 1


NO_SAMPLING_GUIDANCE = SamplingGuidance()
# Its attentions alone do not bring a style's colours home, it draws from noise what it hardly knows, and it follows
# lines loosely.
SAMPLING_GUIDANCE = {
    "text": SamplingGuidance(pull=0.2, prior_share=0.4, prior_pull=0.8),
    "image": SamplingGuidance(pull=0.2, lines=1.8),
}


def multiple_of(model: str) -> int:
    """Pixels for one latent of a model that is "small" or "styleshot"."""
    return MULTIPLE if model == "small" else SIZE_MULTIPLE


def adapt_job(job: TextJob | ImageJob, folder: Path) -> tuple[TextJob | ImageJob, list[Remark]]:
    """The job, with every default filled in, as the small model can do it, and what a person should know of that.

    `folder` holds the model.

    An adapted job stays what it is when it is adapted again, so that a stored result can be made again.
    """
    notes: list[Remark] = []
    assert job.size is not None  # its defaults are filled in
    size = max(128, min(job.size, SIZE) // MULTIPLE * MULTIPLE)
    if size != job.size:
        notes.append(remark("small_size", size=size))
    changes: dict[str, object] = {"size": size}
    if isinstance(job, ImageJob) and job.preprocessor != "contour":
        changes["preprocessor"] = "contour"
        notes.append(remark("small_contour"))
    unknown = unknown_words(f"{job.prompt}\n{job.negative_prompt}", folder)
    if unknown:
        shown = [*unknown[:SHOWN_WORDS], *(["…"] if len(unknown) > SHOWN_WORDS else [])]
        notes.append(remark("words_unknown", words=", ".join(shown)))
    return replace(job, **changes), notes


def unknown_words(prompt: str, folder: Path) -> list[str]:
    """The words and symbols of a prompt that no caption of the training had, in their order."""
    known = _words(folder / WORDS)
    if not known:
        return []
    words = dict.fromkeys(_split(prompt.lower()))
    # A plural is understood by its letters.
    return [word for word in words if not {word, word.removesuffix("s"), word + "s"} & known]


def _split(text: str) -> list[str]:
    """Words, and symbols one by one, with what belongs to them: marks, skin tones, and what is joined to an emoji."""
    from styleshot_demo.styleshot.prompts import plain

    found: list[str] = []
    kind, joined = "", False
    for sign in plain(text):
        category = unicodedata.category(sign)
        modifies = category[0] == "M" or category in ("Sk", "Cf")
        is_flag = "\U0001f1e6" <= sign <= "\U0001f1ff"  # two letters make one
        if sign in "'’":  # within a word they are nothing
            continue
        if kind and (modifies or joined or (is_flag and kind == "flag")):
            found[-1] += sign
            kind = "symbol" if is_flag else kind
        elif category[0] in "LN":
            found, kind = ([*found[:-1], found[-1] + sign] if kind == "word" else [*found, sign]), "word"
        elif category[0] == "S" or category in ("Co", "Cn"):
            found.append(sign)
            kind = "flag" if is_flag else "symbol"
        else:
            kind = ""
        joined = sign == "\u200d"
    return found


def lines(picture: Image.Image, threshold: int) -> Image.Image:
    """The contour that the small model follows, RGB, white on black, in the size of `picture`; it needs no weights."""
    from styleshot_demo.small.edges import edges

    return edges(picture, round(threshold * THRESHOLD)).convert("RGB")


def latent_statistics(autoencoder: "PatchAutoencoder", picture: Image.Image) -> "Statistics":
    """Means and deviations of the latents of a style picture."""
    import torch

    from styleshot_demo.images.ops import on_white
    from styleshot_demo.small.statistics import of_latents
    from styleshot_demo.styleshot import patches

    pixels = patches.normalised(patches.crop(on_white(picture), SIZE)).to(autoencoder.device, autoencoder.dtype)
    with torch.no_grad():
        return of_latents(autoencoder.encode(pixels).latent_dist.mode() * autoencoder.config["scaling_factor"])


@lru_cache(maxsize=2)
def _words(file: Path) -> frozenset[str]:
    try:
        return frozenset(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return frozenset()
