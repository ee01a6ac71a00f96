"""What StyleShot computed of kept style pictures, as their style file holds it: style tokens, statistics of latents."""

import hashlib
import json
from collections.abc import Callable, Generator, Hashable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo.events import Step
from styleshot_demo.library.computed import KeptPicture, count_of
from styleshot_demo.runners import computed, small
from styleshot_demo.runners.styles import group_of, known_by, reading_step
from styleshot_demo.runners.weights import ModelParts
from styleshot_demo.runners.weights.headers import weights_file
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.weighting import weighted_sum

if TYPE_CHECKING:
    import torch

    from styleshot_demo.small.autoencoder import PatchAutoencoder
    from styleshot_demo.small.statistics import Statistics

TOKENS = 6  # of a style
Weighted = Sequence[tuple[Image.Image, float]]


class StoredTokens:
    """The style tokens of all styles of a job together, as one batch computed them: by seed, in their style file.

    Does nothing where the pictures are of no style file, or of several.
    """

    def __init__(self, cache: ModelCache, styles: Weighted, weights: ModelParts, placement: Placement) -> None:
        self.cache, self.styles, self.weights, self.placement = cache, styles, weights, placement
        kept = [picture.info.get("kept") for picture, _ in styles]
        one: KeptPicture | None = kept[0]
        self.kept = one if one and all(each and each.path == one.path for each in kept) else None

    def get(self, seed: Hashable) -> "torch.Tensor | None":
        """[1, styles, 6, token_dim], on the device."""
        if self.kept is None:
            return None
        stored = computed.recall(self.cache, self.kept, self._key(seed))
        tokens = stored.get("tokens") if stored else None
        wanted = (1, len(self.styles), TOKENS, _token_dim(self.weights.folders["adapter"]))
        dtype = self.placement.torch_dtype("adapter")
        if tokens is None or tuple(tokens.shape) != wanted or tokens.dtype != dtype:
            return None
        return tokens.to(self.placement.device)

    def put(self, seed: Hashable, tokens: "torch.Tensor") -> None:
        """What `get` is to return from now on."""
        if self.kept is not None:
            computed.keep(self.kept, self._key(seed), {"tokens": tokens})

    def _key(self, seed: Hashable) -> str:
        forms = tuple(self.placement.form(part) for part in ("style_encoder", "adapter"))
        found = tuple(known_by(picture) for picture, _ in self.styles)
        if all(group_of(picture) for picture, _ in self.styles):
            seed = "all"  # of those that stand for others, one order of the patches serves all seeds
        networks = _hashes(self.weights, "style_encoder", "adapter")
        return computed.key_of(self.placement.device, "tokens", found, seed, networks, self.placement.dtype, forms)


def group_tokens(
    cache: ModelCache,
    styles: Weighted,
    weights: ModelParts,
    placement: Placement,
    encode: "Callable[[Image.Image], torch.Tensor]",
    begin: float,
    end: float,
) -> "Generator[Step, None, dict[int, torch.Tensor]]":
    """Returns, by place, the mean of the tokens of all pictures that a kept one stands for, [6, token_dim]; of those
    that stand for themselves nothing. Each picture is a step, between two fractions of the run.

    encode  gives the tokens of one picture, whose patches lie in the order of seed 0: of so many pictures they are
            computed once, not for every seed anew
    """
    groups = {place: each for place, each in enumerate(styles) if group_of(each[0])}
    stored = {place: StoredTokens(cache, [each], weights, placement) for place, each in groups.items()}
    found = {place: tokens for place, each in stored.items() if (tokens := each.get("all")) is not None}
    unread = {place: picture.info["kept"] for place, (picture, _) in groups.items() if place not in found}
    number, total = 0, sum(len(kept.members) for kept in unread.values())
    for place, kept in unread.items():
        made: list[tuple[torch.Tensor, float]] = []
        for one, share in kept.pictures():
            made.append((encode(one), share))
            number += 1
            yield reading_step(number, total, begin, end)
        found[place] = weighted_sum(made)[None, None]
        stored[place].put("all", found[place])
    return {place: tokens[0, 0] for place, tokens in found.items()}


def style_statistics(
    cache: ModelCache,
    weights: ModelParts,
    autoencoder: "PatchAutoencoder",
    styles: Weighted,
    at: float,
) -> "Generator[Step, None, Statistics]":
    """Returns means and deviations of the latents of style pictures, mixed by their weights; of a picture that stands
    for many, of all of them, each of which is a step at that fraction of the run. Those of kept pictures are held by
    their style file."""
    from styleshot_demo.small.statistics import weighted_mean

    given = [picture for picture, _ in styles]
    keys = [_latents_key(weights, autoencoder, picture) for picture in given]
    found = [_stored_statistics(cache, autoencoder, *pair) for pair in zip(given, keys, strict=True)]
    groups = [picture for picture, one in zip(given, found, strict=True) if one is None and group_of(picture)]
    number, total = 0, sum(map(count_of, groups))
    for place, picture in enumerate(given):
        if found[place] is not None:
            continue
        kept: KeptPicture | None = picture.info.get("kept")
        parts, shares = [], []
        for one, share in kept.pictures() if kept and kept.members else [(picture, 1.0)]:
            parts.append(small.latent_statistics(autoencoder, one))
            shares.append(share)
            if group_of(picture):
                number += 1
                yield reading_step(number, total, at, at)
        found[place] = made = parts[0] if len(parts) == 1 else weighted_mean(parts, shares)
        if kept is not None:
            computed.keep(kept, keys[place], {"mean": made.mean, "deviation": made.deviation})
    return weighted_mean([one for one in found if one is not None], [weight for _, weight in styles])


def _latents_key(weights: ModelParts, autoencoder: "PatchAutoencoder", picture: Image.Image) -> str:
    """Under which a kept picture's statistics are held; empty for one that no style file holds."""
    if picture.info.get("kept") is None:
        return ""
    first = next(autoencoder.parameters())
    return computed.key_of(str(first.device), "latents", known_by(picture), _hashes(weights, "vae"), str(first.dtype))


def _stored_statistics(
    cache: ModelCache, autoencoder: "PatchAutoencoder", picture: Image.Image, key: str
) -> "Statistics | None":
    """What a style file holds under that key, where it can be statistics of these latents."""
    import torch

    from styleshot_demo.small.statistics import Statistics

    kept: KeptPicture | None = picture.info.get("kept")
    stored = (computed.recall(cache, kept, key) if kept is not None else None) or {}
    shape = (1, autoencoder.config["latent_channels"], 1, 1)
    found = [stored[part] for part in ("mean", "deviation") if part in stored]
    if [(tuple(one.shape), one.dtype) for one in found] != [(shape, torch.float32)] * 2 or bool((found[1] < 0).any()):
        return None
    return Statistics(*(one.to(next(autoencoder.parameters()).device) for one in found))


def _token_dim(adapter: Path) -> int:
    """As the adapter's configuration says; 768 is that of the published one."""
    return int(json.loads((adapter / "config.json").read_text(encoding="utf-8")).get("token_dim", 768))


def _hashes(weights: ModelParts, *parts: str) -> tuple[str, ...]:
    """sha256 of weights, wherever their files lie."""
    known = {part: weights.fingerprints[part] for part in parts}
    return tuple(
        found if found.isalnum() else _hash(weights.folders[part], weights.variant, found)
        for part, found in known.items()
    )


@lru_cache(maxsize=16)
def _hash(folder: Path, variant: str | None, fingerprint: str) -> str:
    """Of a file that is known by its place and time, as those of the small model are: some megabytes."""
    file = weights_file(folder, variant)
    return hashlib.sha256(file.read_bytes()).hexdigest() if file else fingerprint
