"""What the text encoder and the style-aware encoder learn before diffusion begins, which would teach them too slowly.

The text encoder learns where a thing has which colours: its last 16 tokens each foretell one of 4 x 4 fields of the
mean picture that goes by the caption. The UNet then only has to read them off, in place of learning every name by heart
from noisy gradients. What they foretell makes up half of what these tokens are: read off by weights that could grow, it
hid in a hundredth of their variance.

The style-aware encoder learns which set or painting a reference comes from, and how the latents of another picture of
the same style are spread. The heads that are needed for all this are thrown away.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPTokenizer

from styleshot_demo.styleshot import patches
from styleshot_demo.styleshot.autoencoder import PatchAutoencoder
from styleshot_demo.training.small import captions
from styleshot_demo.training.small.networks import Networks, token_ids
from styleshot_demo.training.small.pack import Pack
from styleshot_demo.training.small.recipe import Phase, Sizes
from styleshot_demo.training.small.samples import FILL, SIDE, Batch, crop

FIELDS, CELLS = 4, 2  # a side of the layout has 4 fields of 2 x 2 cells each
TOKENS = FIELDS**2
TEXTS = 8  # captions per picture of a batch: they cost a tenth of it
PICTURE_SHARE = 0.1  # of the captions; the rest are of things


class Primed(nn.Module):
    """Networks and the heads of this phase, as `loop.train` wants them."""

    def __init__(self, networks: Networks, sizes: Sizes, styles: int) -> None:
        super().__init__()
        self.networks = networks
        tokens = 6 * sizes.width
        self.heads = nn.ModuleDict(
            {
                "layout": nn.Linear(sizes.width, sizes.channels * CELLS**2, bias=False),
                "style": nn.Linear(tokens, styles),
                "spread": nn.Linear(tokens, 2 * sizes.channels),
            }
        )

        nn.init.orthogonal_(self.heads["layout"].weight)
        self.heads["layout"].requires_grad_(False)

    def states(self) -> dict[str, dict[str, Tensor]]:
        """As `Networks.states`, the heads beside them."""
        return self.networks.states() | {"heads": self.heads.state_dict()}

    def load_states(self, states: dict[str, dict[str, Tensor]]) -> None:
        """The opposite of `states`."""
        states = dict(states)
        self.heads.load_state_dict(states.pop("heads"))
        self.networks.load_states(states)

    def trained(self) -> list[nn.Parameter]:
        """All that this phase changes."""
        networks = self.networks
        modules = (networks.text_encoder, networks.style_encoder, self._projections, self.heads)
        return [value for module in modules for value in module.parameters() if value.requires_grad]

    @property
    def _projections(self) -> nn.Module:
        return self.networks.adapter.style_image_proj_modules


class Captions:
    """Captions and the mean layouts of what they name, [B, 32, 8, 8] less their own mean."""

    def __init__(self, pack: Pack, autoencoder: PatchAutoencoder, seed: int = 0) -> None:
        self.pack, self.seed = pack, seed
        by_code: dict[str, list[int]] = {}
        for place in pack.emoji_places():
            by_code.setdefault(pack.codes[place], []).append(int(place))
        self.codes = sorted(by_code)
        named = [n for n, held in enumerate(pack.held) if pack.captions[n] and not held]
        self.texts = [pack.captions[n] for n in named]
        things = [layout(autoencoder, on_white(pack, by_code[code])).mean(0) for code in self.codes]
        rng = np.random.default_rng(seed)
        pictures = [layout(autoencoder, crop(pack.pictures[n], rng, 1.0)[None])[0] for n in named]
        self.layouts = torch.stack(things + pictures)
        self.mean = self.layouts.mean(0)
        self.layouts -= self.mean

    def batch(self, count: int, step: int) -> tuple[list[str], Tensor]:
        """`count` captions and their layouts; depends on (seed, step) alone."""
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
        return texts, self.layouts[places]


class Foretelling:
    """The losses of this phase; each is 1 where nothing is known."""

    def __init__(
        self,
        primed: Primed,
        autoencoder: PatchAutoencoder,
        tokenizer: CLIPTokenizer,
        named: Captions,
        phase: Phase,
        device: torch.device,
        dtype: torch.dtype | None,
    ) -> None:
        self.primed, self.autoencoder, self.tokenizer, self.named = primed, autoencoder, tokenizer, named
        self.phase, self.device, self.dtype = phase, device, dtype
        self.scale = named.layouts.square().mean()
        # Tokens come out of a layer norm, with unit variance: half of it for the layout.
        width = primed.heads["layout"].in_features
        self.unit = (0.5 * width / (self.scale * primed.heads["layout"].out_features)) ** 0.5
        self.styles = primed.heads["style"].out_features

    def loss(self, batch: Batch, step: int) -> Tensor:
        """Layouts from words, and from references their styles."""
        generator = torch.Generator().manual_seed(self.phase.seed * 1_000_003 + step)
        texts, layouts = self.named.batch(TEXTS * len(batch.texts), step)
        order = patches.Order(*(torch.randperm(number, generator=generator) for number in patches.COUNTS))
        known, spread = self.style(batch.references, order)
        wanted = self.spread(batch)
        style = F.cross_entropy(known, batch.styles.to(self.device)) / np.log(self.styles)
        return self.of_layouts(texts, layouts) + 0.5 * style + 0.5 * ((spread - wanted) ** 2).mean()

    def of_layouts(self, texts: Sequence[str], layouts: Tensor) -> Tensor:
        """Mean squared error of the layouts that the words foretell, over that of the mean layout."""
        return ((self.layouts(texts) - layouts.to(self.device)) ** 2).mean() / self.scale

    def layouts(self, texts: Sequence[str]) -> Tensor:
        """Captions -> the layouts they foretell, [B, 32, 8, 8]."""
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            ids = token_ids(self.tokenizer, list(texts)).to(self.device)
            tokens = self.primed.networks.text_encoder(ids)[0][:, -TOKENS:]
            fields = self.primed.heads["layout"](tokens).float() / self.unit.to(self.device)
        fields = fields.unflatten(1, (FIELDS, FIELDS)).movedim(-1, 1)
        return F.pixel_shuffle(fields, CELLS)

    def style(self, references: Tensor, order: patches.Order) -> tuple[Tensor, Tensor]:
        """References [B, 3, 128, 128] in [0, 1] -> scores of the styles and the spread they foretell."""
        networks = self.primed.networks
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype is not None):
            split = patches.shuffle(patches.split(references.to(self.device) * 2 - 1), order)
            tokens = networks.adapter(networks.style_encoder(*split)).flatten(1)
            known, spread = self.primed.heads["style"](tokens), self.primed.heads["spread"](tokens)
        return known.float(), spread.float()

    def spread(self, batch: Batch) -> Tensor:
        """Mean and deviation of every channel of the targets' latents, [B, 64], each in units of its own spread."""
        latents = self.autoencoder.latents(batch.targets.to(self.device) * 2 - 1)
        found = torch.cat([latents.mean((2, 3)), latents.std((2, 3))], 1)
        return (found - found.mean(0)) / found.std(0).clamp_min(1e-4)

    @torch.no_grad()
    def figures(self, held: dict[str, Batch]) -> dict[str, float]:
        """Losses on what is held out, how often a name's layout is the nearest of five to a picture of the set that
        training does not see, and how often the set of a reference is known."""
        order = patches.order(0)
        found = {}
        for name, batch in held.items():
            known, spread = self.style(batch.references, order)
            found[f"{name}_spread"] = float(((spread - self.spread(batch)) ** 2).mean())
            if name == "trained":
                found["style_top1"] = float((known.argmax(1).cpu() == batch.styles).float().mean())
        places = self.named.pack.emoji_places(held_set=True)[:300]
        if len(places):
            names = [self.named.pack.things[self.named.pack.codes[n]]["name"] for n in places]
            seen = torch.cat([layout(self.autoencoder, on_white(self.named.pack, [n])) for n in places])
            distances = torch.cdist(self.layouts(names).flatten(1), (seen - self.named.mean).flatten(1).to(self.device))
            nearer = (distances < distances.diagonal()[:, None]).sum(1)
            found["layout_top5"] = float((nearer < 5).float().mean())
        return {name: round(value, 4) for name, value in found.items()}


def layout(autoencoder: PatchAutoencoder, pixels: Tensor) -> Tensor:
    """Pictures [B, 3, 128, 128] in [0, 1] -> their latents at half the side, [B, 32, 8, 8]."""
    device = autoencoder.mean.device
    return F.avg_pool2d(autoencoder.latents(pixels.to(device) * 2 - 1), 16 // (FIELDS * CELLS)).cpu()


def on_white(pack: Pack, places: Sequence[int]) -> Tensor:
    """Emoji on white paper in the middle of the picture, [N, 3, 128, 128]."""
    art = torch.from_numpy(pack.emoji[list(places)]).permute(0, 3, 1, 2).float() / 255
    pixels = art[:, :3] * art[:, 3:] + 1 - art[:, 3:]
    side = round(SIDE * FILL * 0.96 / 2) * 2
    edge = (SIDE - side) // 2
    return F.pad(F.interpolate(pixels, (side, side), mode="bilinear", antialias=True), (edge,) * 4, value=1.0)
