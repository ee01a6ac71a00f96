"""What StyleShot computed of kept style pictures, as their style file holds it: style tokens, statistics of latents."""

import hashlib
import json
from collections.abc import Callable, Generator, Hashable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo.events import Event, Step
from styleshot_demo.library.computed import KeptPicture
from styleshot_demo.messages import remark
from styleshot_demo.runners import computed
from styleshot_demo.runners.styles import group_of, known_by
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
    picture: Image.Image,
    weights: ModelParts,
    placement: Placement,
    encode: "Callable[[Image.Image], torch.Tensor]",
) -> "Generator[Event, None, torch.Tensor | None]":
    """Returns the mean of the tokens of all pictures that a kept one stands for, [6, token_dim]; None: it stands for
    itself. Each picture is a step.

    encode  gives the tokens of one picture, whose patches lie in the order of seed 0: of so many pictures they are
            computed once, not for every seed anew
    """
    kept: KeptPicture | None = picture.info.get("kept")
    if kept is None or not kept.members:
        return None
    stored = StoredTokens(cache, [(picture, 1.0)], weights, placement)
    found = stored.get("all")
    if found is None:
        made: list[tuple[torch.Tensor, float]] = []
        for one, share in kept.pictures():
            yield Step(0.02, remark("encoding"))  # so that it can be stopped
            made.append((encode(one), share))
        found = weighted_sum(made)[None, None]
        stored.put("all", found)
    return found[0, 0]


def stored_statistics(
    cache: ModelCache,
    weights: ModelParts,
    autoencoder: "PatchAutoencoder",
    picture: Image.Image,
    encode: "Callable[[Image.Image], Statistics]",
) -> "Statistics":
    """What `encode` finds of the latents of a picture, or the mean over all that it stands for; of a kept one, what its
    style file holds of it."""
    import torch

    from styleshot_demo.small.statistics import Statistics, weighted_mean

    kept: KeptPicture | None = picture.info.get("kept")
    if kept is None:
        return encode(picture)
    first = next(autoencoder.parameters())
    depends = (known_by(picture), _hashes(weights, "vae"), str(first.dtype))
    key = computed.key_of(str(first.device), "latents", *depends)
    stored = computed.recall(cache, kept, key) or {}
    shape = (1, autoencoder.config["latent_channels"], 1, 1)
    found = [stored[part] for part in ("mean", "deviation") if part in stored]
    if [(tuple(one.shape), one.dtype) for one in found] == [(shape, torch.float32)] * 2 and bool((found[1] >= 0).all()):
        return Statistics(*(one.to(first.device) for one in found))
    if kept.members:
        parts, shares = zip(*((encode(one), share) for one, share in kept.pictures()), strict=True)
        made = weighted_mean(parts, shares)
    else:
        made = encode(picture)
    computed.keep(kept, key, {"mean": made.mean, "deviation": made.deviation})
    return made


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
