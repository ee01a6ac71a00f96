"""What a run begins with: the size of its pictures, the noise or latents, the control pictures."""

from typing import Any

import torch
from diffusers.image_processor import VaeImageProcessor
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from torch import Tensor

from styleshot_demo.styleshot.schedule import Scheduler


def picture_size(
    height: int | None, width: int | None, control_image: Any, multiple: int, sample_size: Any
) -> tuple[int, int]:
    """Height and width in pixels, where they are left out those of the control picture, else the UNet's own.

    control_image  as `StyleShotPipeline.iterate` takes it; its size is cut down to multiples of `multiple`
    multiple       pixels for one latent
    sample_size    the UNet's own size: latents, one number or (height, width)

    Raises ValueError for a side that is no multiple.
    """
    if control_image is not None:
        first = control_image if isinstance(control_image, Image.Image | Tensor) else control_image[0]
        own = first.shape[-2:] if isinstance(first, Tensor) else (first.height, first.width)
        own = tuple(int(side) // multiple * multiple for side in own)
    else:
        own = tuple(side * multiple for side in ([sample_size] * 2 if isinstance(sample_size, int) else sample_size))
    tall, wide = height or own[0], width or own[1]
    if tall % multiple or wide % multiple or min(tall, wide) < multiple:
        raise ValueError(f"height and width have to be multiples of {multiple}, not {tall} and {wide}")
    return tall, wide


def seeded_noise(
    shape: tuple[int, ...],
    generator: torch.Generator | list[torch.Generator] | None,
    device: torch.device,
) -> Tensor:
    """Noise of deviation 1, drawn in float32, as half precision would draw other numbers: a seed is one picture."""
    return randn_tensor(shape, generator=generator, device=device, dtype=torch.float32)


def first_latents(
    shape: tuple[int, int, int, int],
    scheduler: Scheduler,
    device: torch.device,
    generator: torch.Generator | list[torch.Generator] | None,
    latents: Tensor | None,
    denoising_start: float,
) -> Tensor:
    """[batch, channels, h, w] as the scheduler's first step takes them; the arguments are those of `iterate`."""
    if latents is None:
        latents = seeded_noise(shape, generator, device)
    latents = latents.to(device)
    return latents if denoising_start else latents * scheduler.init_noise_sigma


def control_pictures(
    image: Any,
    processor: VaeImageProcessor,
    size: tuple[int, int],
    batch: int,
    device: torch.device,
    dtype: torch.dtype,
) -> Tensor:
    """One control picture for each picture of the batch: [batch, 3, *size] in 0..1; ValueError where they do not fit.

    `image` is as `StyleShotPipeline.iterate` takes it.
    """
    height, width = size
    image = list(image) if isinstance(image, tuple) else image
    control = processor.preprocess(image, height=height, width=width)
    if batch % len(control):
        raise ValueError(f"{len(control)} control pictures for {batch} pictures")
    repeated = control.repeat_interleave(batch // len(control), dim=0)
    return repeated.to(device=device, dtype=dtype)
