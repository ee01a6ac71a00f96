"""What a picture looks like before it is done: from latents, by a linear map, or by TAESD where that is on disk."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    import torch

# Colours as a linear map of Stable Diffusion 1's four latent channels to red, green and blue in [-1, 1]; found by
# Keturn, https://discuss.huggingface.co/t/decoding-latents-to-rgb-without-upscaling/23204
COLOURS = (
    (0.298, 0.207, 0.208),
    (0.187, 0.286, 0.173),
    (-0.158, 0.189, 0.264),
    (-0.184, -0.271, -0.473),
)
SHARE = 0.1  # of the time that previews may take


class Previews:
    """Makes previews of at most a tenth of the time that passes, whatever one takes."""

    def __init__(
        self, tiny_decoder: Any = None, linear: "Callable[[torch.Tensor], torch.Tensor] | None" = None
    ) -> None:
        """`tiny_decoder`: an `AutoencoderTiny`; without it `linear`, a model's own map from latents to [B, 3, h, w] in
        [-1, 1]; without either the linear map of Stable Diffusion 1."""
        self._decoder = tiny_decoder
        self._linear = linear
        self._free_from = 0.0

    def of(self, latents: "torch.Tensor", scheduler: Any, size: tuple[int, int]) -> Image.Image | None:
        """The first of `latents` [B, channels, h, w] as an RGB picture of `size`; None while it is too early."""
        began = time.perf_counter()
        if began < self._free_from:
            return None
        image = self._image(clean(latents, scheduler)[:1]).resize(size, Image.Resampling.BICUBIC)
        now = time.perf_counter()
        self._free_from = now + (now - began) / SHARE
        return image

    def _image(self, latents: "torch.Tensor") -> Image.Image:
        import torch

        with torch.no_grad():
            if self._linear is not None:
                pixels = self._linear(latents)[0].float()
            elif self._decoder is None:
                pixels = torch.einsum("chw,cr->rhw", latents[0].float(), latents.new_tensor(COLOURS).float())
            else:
                pixels = self._decoder.decode(latents.to(self._decoder.dtype)).sample[0].float()
            levels = ((pixels + 1) * 127.5).nan_to_num(0).clamp(0, 255).byte().permute(1, 2, 0).contiguous()
        return Image.fromarray(levels.cpu().numpy())


def clean(latents: "torch.Tensor", scheduler: Any) -> "torch.Tensor":
    """The latents as far as possible without their noise: what the scheduler takes them to become, if it tells."""
    guesses = getattr(scheduler, "model_outputs", None)
    if guesses and guesses[-1] is not None and guesses[-1].shape == latents.shape:
        return guesses[-1]
    # Schedulers of the Euler kind add noise to latents that keep their size, so the sum has to be scaled.
    index, sigmas = getattr(scheduler, "step_index", None), getattr(scheduler, "sigmas", None)
    if index is not None and sigmas is not None and index < len(sigmas):
        return latents / (float(sigmas[index]) ** 2 + 1) ** 0.5
    return latents
