"""From style pictures to the six tokens of each: what the UNet and the ControlNet see of them."""

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from styleshot_demo.styleshot import patches
from styleshot_demo.styleshot.adapter import StyleAdapter
from styleshot_demo.styleshot.decoding import check_finite
from styleshot_demo.styleshot.encoder import StyleAwareEncoder


@torch.no_grad()
def encode_style(
    style_images: Sequence[Image.Image],
    seeds: Sequence[int],
    encoder: StyleAwareEncoder,
    adapter: StyleAdapter,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Style pictures -> tokens [len(seeds), len(style_images), 6, token_dim].

    Each seed sets the order of the patches, the same for every style, so that a picture's tokens do not depend on the
    other pictures. Each seed's tokens are computed alone, so that they do not depend on the other seeds. `device` is
    where the networks run. Raises `Problem` not_finite, before a picture is begun with tokens that are no numbers.
    """
    pictures = torch.cat([patches.normalised(patches.crop(image, encoder.config["crop"])) for image in style_images])
    split = patches.split(pictures.to(device))
    tokens = {seed: adapter(encoder(*patches.shuffle(split, patches.order(seed)))) for seed in dict.fromkeys(seeds)}
    return check_finite(torch.stack([tokens[seed] for seed in seeds]))
