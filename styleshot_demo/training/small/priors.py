"""The prior of an exported model: fitted in one go to what its text encoder knows, once that is trained."""

import torch
from transformers import CLIPTextModel, CLIPTokenizer

from styleshot_demo.small.autoencoder import PatchAutoencoder
from styleshot_demo.small.prior import LatentPrior
from styleshot_demo.training.small.encoders import CELLS, FIELDS, mean_latents
from styleshot_demo.training.small.networks import token_ids
from styleshot_demo.training.small.pack import Pack
from styleshot_demo.training.small.recipe import Sizes

AT_ONCE = 100


@torch.no_grad()
def fitted(
    sizes: Sizes, pack: Pack, tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel, autoencoder: PatchAutoencoder
) -> tuple[LatentPrior, dict[str, float]]:
    """From the names of the things that training saw, and their mean latents over the drawing styles that it saw.

    Returns the prior and the shares of the variance that its components keep and that names tell.
    """
    codes, means = mean_latents(pack, autoencoder)
    names = [pack.things[code]["name"] for code in codes]
    device, training = text_encoder.device, text_encoder.training
    text_encoder.eval()
    ids = [token_ids(tokenizer, names[n : n + AT_ONCE]).to(device) for n in range(0, len(names), AT_ONCE)]
    tokens = torch.cat([text_encoder(part)[0].float().cpu() for part in ids])
    text_encoder.train(training)
    prior = LatentPrior(sizes.width, sizes.channels, FIELDS, CELLS, sizes.prior_rank)
    return prior, {name: round(share, 4) for name, share in prior.fit(tokens, means).items()}
