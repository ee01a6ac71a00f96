"""What the text encoder and the style-aware encoder learn before diffusion begins, which would teach them too slowly.

The text encoder learns where a thing has which colours: its last 16 tokens each foretell one of 4 x 4 fields of the
mean picture that goes by the caption, coarsely (its layout) and finely (principal components of what that leaves). The
UNet then only has to read them off, in place of learning every name by heart from noisy gradients, and the prior
(`small/prior.py`) can be fitted to them. Layouts make up half of what these tokens are: read off by weights that
could grow, they would hide in a small part of their variance. What is neither layout nor detail stays what it was: it
tells which token is which, and a UNet that reads these tokens already can go on.

The style-aware encoder learns which set or painting a reference comes from, and how the latents of another picture of
the same style are spread. The heads that are needed for all this are thrown away.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTokenizer

from styleshot_demo.small.autoencoder import PatchAutoencoder
from styleshot_demo.styleshot import patches
from styleshot_demo.training.small import captions
from styleshot_demo.training.small.augmentation import FILL, SIDE, crop
from styleshot_demo.training.small.networks import Networks, token_ids
from styleshot_demo.training.small.pack import Pack
from styleshot_demo.training.small.recipe import Phase, Sizes
from styleshot_demo.training.small.samples import PairBatch

FIELDS, CELLS = 4, 4  # a side of the latents has 4 fields of 4 x 4 cells each
COARSE = 2  # a side of a field's layout
TOKENS = FIELDS**2
DETAILS = 48  # numbers of a token that tell details
LAYOUT_ENERGY, DETAIL_ENERGY = 0.5, 0.15  # of a token's
DETAIL_SHARE, USUAL_SHARE = 0.8, 0.02  # of the loss
TEXTS = 8  # captions per picture of a batch: they cost a tenth of it
PICTURE_SHARE = 0.1  # of the captions; the rest are of things


class EncoderPretraining(nn.Module):
    """Networks and the heads of this phase, as `loop.train` wants them."""

    def __init__(self, networks: Networks, sizes: Sizes, styles: int) -> None:
        super().__init__()
        self.networks = networks
        tokens = 6 * sizes.width
        self.heads = nn.ModuleDict(
            {
                "layout": nn.Linear(sizes.width, sizes.channels * COARSE**2, bias=False),
                "style": nn.Linear(tokens, styles),
                "spread": nn.Linear(tokens, 2 * sizes.channels),
            }
        )

        nn.init.orthogonal_(self.weight("layout"))
        details = max(0, min(DETAILS, sizes.width - sizes.channels * COARSE**2 - TOKENS))
        self.heads["detail"] = nn.Linear(sizes.width, details, bias=False)
        self.heads["usual"] = nn.Embedding(TOKENS, sizes.width)  # what all captions' tokens have in common
        for name in ("layout", "detail", "usual"):
            self.heads[name].requires_grad_(False)

    def linear(self, name: str) -> nn.Linear:
        """Any head but "usual"."""
        return cast(nn.Linear, self.heads[name])

    def weight(self, name: str) -> Tensor:
        """The weight of any head."""
        return cast(nn.Linear | nn.Embedding, self.heads[name]).weight

    @torch.no_grad()
    def choose_directions(self, tokens: Tensor) -> None:
        """Choose directions for details that are free yet: neither the layouts' nor those of what the tokens [N, 16,
        width] of many captions have in common."""
        layout, usual = self.weight("layout"), tokens.mean(0)
        taken = torch.cat([layout, usual - usual @ layout.T @ layout])
        free = torch.randn(self.weight("detail").shape, generator=torch.Generator().manual_seed(0))
        directions = torch.linalg.qr(torch.cat([taken, free.to(taken)]).T)[0].T
        self.weight("detail").copy_(directions[len(taken) :])
        self.weight("usual").copy_(usual)

    def states(self) -> dict[str, dict[str, Tensor]]:
        """As `Networks.states`, the heads beside them."""
        return self.networks.states() | {"heads": self.heads.state_dict()}

    def load_states(self, states: dict[str, dict[str, Tensor]]) -> None:
        """The opposite of `states`."""
        states = dict(states)
        self.heads.load_state_dict(states.pop("heads"))
        self.networks.load_states(states)

    def trained(self, style: bool = True) -> list[nn.Parameter]:
        """All that this phase changes, with or without what is of style."""
        networks = self.networks
        modules = (networks.text_encoder, networks.style_encoder, self._projections, self.heads)
        modules = modules if style else modules[:1]
        return [value for module in modules for value in module.parameters() if value.requires_grad]

    @property
    def _projections(self) -> nn.Module:
        return self.networks.adapter.style_image_proj_modules


class Captions:
    """Captions and the mean latents of what they name: layouts [N, 32, 8, 8] less their own mean, and details of the
    16 fields [N, 16, up to 48]."""

    def __init__(self, pack: Pack, autoencoder: PatchAutoencoder, seed: int = 0) -> None:
        self.pack, self.seed = pack, seed
        self.codes, things = mean_latents(pack, autoencoder)
        named = [n for n, held in enumerate(pack.held) if pack.captions[n] and not held]
        self.texts = [pack.captions[n] for n in named]
        rng = np.random.default_rng(seed)
        pictures = [latents(autoencoder, crop(pack.pictures[n], rng, 1.0)[None])[0] for n in named]
        whole = torch.stack([*things, *pictures])
        self.layouts = coarse(whole)
        self.mean = self.layouts.mean(0)
        self.layouts -= self.mean
        fine = whole - things.mean(0)
        fine -= F.interpolate(coarse(fine), scale_factor=CELLS // COARSE, mode="nearest")
        fields = F.pixel_unshuffle(fine, CELLS).flatten(2).transpose(1, 2)
        ours = fields[: len(things)].flatten(0, 1)
        components = torch.linalg.eigh(ours.T @ ours)[1].flip(1)[:, :DETAILS]
        self.details = fields @ components

    def batch(self, count: int, step: int) -> tuple[list[str], Tensor, Tensor]:
        """`count` captions, their layouts and their details; depends on (seed, step) alone."""
        rng = np.random.default_rng((self.seed, 11, step))
        texts, places = [], []
        for _ in range(count):
            if self.texts and rng.random() < PICTURE_SHARE:
                place = int(rng.integers(len(self.texts)))
                texts.append(self.texts[place])
                places.append(len(self.codes) + place)
            else:
                place = int(rng.integers(len(self.codes)))
                thing = self.pack.things[self.codes[place]]
                texts.append(captions.thing(thing["name"], thing["keywords"], rng))
                places.append(place)
        return texts, self.layouts[places], self.details[places]


class EncoderObjective:
    """The losses of this phase; each is 1 where nothing is known."""

    def __init__(
        self,
        pretraining: EncoderPretraining,
        autoencoder: PatchAutoencoder,
        tokenizer: CLIPTokenizer,
        named: Captions,
        phase: Phase,
        device: torch.device,
        dtype: torch.dtype | None,
    ) -> None:
        self.pretraining, self.autoencoder, self.tokenizer, self.named = pretraining, autoencoder, tokenizer, named
        self.phase, self.device, self.dtype = phase, device, dtype
        self.scale = named.layouts.square().mean()
        # Tokens come out of a layer norm, with unit variance, which they share out.
        width = pretraining.linear("layout").in_features
        self.unit = (LAYOUT_ENERGY * width / (self.scale * pretraining.linear("layout").out_features)) ** 0.5
        self.details = pretraining.linear("detail").out_features
        self.detail_scale = named.details[: len(named.codes), :, : self.details].square().mean().clamp_min(1e-6)
        self.detail_unit = (DETAIL_ENERGY * width / (self.detail_scale * max(1, self.details))) ** 0.5
        self.styles = pretraining.linear("style").out_features

    def choose_directions(self) -> None:
        """`EncoderPretraining.choose_directions` with what the text encoder makes of all names now."""
        names = [self.named.pack.things[code]["name"] for code in self.named.codes]
        with torch.no_grad():
            tokens = [self.tokens(names[n : n + 100]) for n in range(0, len(names), 100)]
        self.pretraining.choose_directions(torch.cat(tokens))

    def loss(self, batch: PairBatch | None, step: int) -> Tensor:
        """Layouts and details from words, and from references their styles, unless the phase is of words alone."""
        words = self.of_words(*self.named.batch(TEXTS * self.phase.batch, step))
        if batch is None:
            return words
        assert batch.styles is not None  # samplers tell it of every batch
        generator = torch.Generator().manual_seed(self.phase.seed * 1_000_003 + step)
        order = patches.Order(*(torch.randperm(number, generator=generator) for number in patches.COUNTS))
        known, spread = self.style(batch.references, order)
        wanted = self.spread(batch)
        style = F.cross_entropy(known, batch.styles.to(self.device)) / np.log(self.styles)
        return words + 0.5 * style + 0.5 * ((spread - wanted) ** 2).mean()

    def of_words(self, texts: Sequence[str], layouts: Tensor, details: Tensor) -> Tensor:
        """Squared errors of layouts and details, each over that of the mean, and how far the rest has moved."""
        tokens = self.tokens(texts)
        loss = ((self._layouts(tokens) - layouts.to(self.device)) ** 2).mean() / self.scale
        directions = torch.cat([self.pretraining.weight(name) for name in ("layout", "detail")])
        moved = tokens - self.pretraining.weight("usual")
        moved = moved - moved @ directions.T @ directions
        loss = loss + USUAL_SHARE * moved.square().sum(-1).mean()
        if self.details:
            found = self.pretraining.heads["detail"](tokens) / self.detail_unit.to(self.device)
            missed = (found - details[..., : self.details].to(self.device)).square().mean()
            loss = loss + DETAIL_SHARE * missed / self.detail_scale
        return loss

    def tokens(self, texts: Sequence[str]) -> Tensor:
        """The tokens that foretell, [B, 16, width]."""
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            ids = token_ids(self.tokenizer, list(texts)).to(self.device)
            return self.pretraining.networks.text_encoder(ids)[0][:, -TOKENS:].float()

    def layouts(self, texts: Sequence[str]) -> Tensor:
        """Captions -> the layouts they foretell, [B, 32, 8, 8]."""
        return self._layouts(self.tokens(texts))

    def _layouts(self, tokens: Tensor) -> Tensor:
        fields = self.pretraining.heads["layout"](tokens) / self.unit.to(self.device)
        return F.pixel_shuffle(fields.unflatten(1, (FIELDS, FIELDS)).movedim(-1, 1), COARSE)

    def style(self, references: Tensor, order: patches.Order) -> tuple[Tensor, Tensor]:
        """References [B, 3, 128, 128] in [0, 1] -> scores of the styles and the spread they foretell."""
        networks = self.pretraining.networks
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            split = patches.shuffle(patches.split(references.to(self.device) * 2 - 1), order)
            tokens = networks.adapter(networks.style_encoder(*split)).flatten(1)
            known, spread = self.pretraining.heads["style"](tokens), self.pretraining.heads["spread"](tokens)
        return known.float(), spread.float()

    def spread(self, batch: PairBatch) -> Tensor:
        """Mean and deviation of every channel of the targets' latents, [B, 64], each in units of its own spread."""
        latents = self.autoencoder.latents(batch.targets.to(self.device) * 2 - 1)
        found = torch.cat([latents.mean((2, 3)), latents.std((2, 3))], 1)
        return (found - found.mean(0)) / found.std(0).clamp_min(1e-4)

    @torch.no_grad()
    def figures(self, held: dict[str, PairBatch]) -> dict[str, float]:
        """Losses on what is held out, how often a name's layout is the nearest of five to a picture of the set that
        training does not see, and how often the set of a reference is known."""
        order = patches.order(0)
        found = {}
        for name, batch in held.items() if self.phase.train_style else ():
            known, spread = self.style(batch.references, order)
            found[f"{name}_spread"] = float(((spread - self.spread(batch)) ** 2).mean())
            if name == "trained":
                found["style_top1"] = float((known.argmax(1).cpu() == batch.styles).float().mean())
        places = self.named.pack.emoji_places(held_set=True)[:300]
        if len(places):
            names = [self.named.pack.things[self.named.pack.codes[n]]["name"] for n in places]
            seen = torch.cat([coarse(latents(self.autoencoder, on_white(self.named.pack, [n]))) for n in places])
            distances = torch.cdist(self.layouts(names).flatten(1), (seen - self.named.mean).flatten(1).to(self.device))
            nearer = (distances < distances.diagonal()[:, None]).sum(1)
            found["layout_top5"] = float((nearer < 5).float().mean())
        return {name: round(value, 4) for name, value in found.items()}


def latents(autoencoder: PatchAutoencoder, pixels: Tensor) -> Tensor:
    """Pictures [B, 3, 128, 128] in [0, 1] -> their latents, [B, 32, 16, 16]."""
    return autoencoder.latents(pixels.to(autoencoder.mean.device) * 2 - 1).cpu()


def mean_latents(pack: Pack, autoencoder: PatchAutoencoder) -> tuple[list[str], Tensor]:
    """Codes of the things that training sees, and their mean latents over its drawing styles, [N, 32, 16, 16]."""
    by_code: dict[str, list[int]] = {}
    for place in pack.emoji_places():
        by_code.setdefault(pack.codes[place], []).append(int(place))
    codes = sorted(by_code)
    return codes, torch.stack([latents(autoencoder, on_white(pack, by_code[code])).mean(0) for code in codes])


def coarse(latents: Tensor) -> Tensor:
    """Latents at half the side."""
    return F.avg_pool2d(latents, CELLS // COARSE)


def on_white(pack: Pack, places: Sequence[int]) -> Tensor:
    """Emoji on white paper in the middle of the picture, [N, 3, 128, 128]."""
    art = torch.from_numpy(pack.emoji[list(places)]).permute(0, 3, 1, 2).float() / 255
    pixels = art[:, :3] * art[:, 3:] + 1 - art[:, 3:]
    side = round(SIDE * FILL * 0.96 / 2) * 2
    edge = (SIDE - side) // 2
    return F.pad(F.interpolate(pixels, (side, side), mode="bilinear", antialias=True), (edge,) * 4, value=1.0)
