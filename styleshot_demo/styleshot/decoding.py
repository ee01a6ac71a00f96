"""From latents to pixels and back, and never a picture of numbers that are none."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from styleshot_demo.errors import Problem
from styleshot_demo.styleshot.sharing import exclusive


class Autoencoder(Protocol):
    """What is used here of diffusers' autoencoders, and of the small model's own."""

    @property
    def dtype(self) -> torch.dtype: ...

    def decode(self, *args: Any, **arguments: Any) -> Any: ...

    def encode(self, *args: Any, **arguments: Any) -> Any: ...


HALVES = (torch.float16, torch.bfloat16)


def check_finite(numbers: Tensor) -> Tensor:
    """The same numbers; `Problem` not_finite where one of them is infinite or none at all."""
    if torch.isfinite(numbers).all():
        return numbers
    raise Problem("not_finite", precision=str(numbers.dtype).removeprefix("torch."))


def decode(vae: Autoencoder, latents: Tensor) -> Tensor:
    """Latents [B, channels, h, w], divided by the autoencoder's scaling factor -> pictures [B, 3, H, W], about [-1, 1].

    One at a time: decoding takes more memory than denoising, and a picture must not depend on its neighbours. Stable
    Diffusion's autoencoder overflows in half precision now and then: such a picture is decoded again in float32. Raises
    `Problem` not_finite where that does not help.
    """
    with exclusive(cast(nn.Module, vae)):
        return torch.cat([_decode_one(vae, one) for one in latents.split(1)])


def _decode_one(vae: Autoencoder, latents: Tensor) -> Tensor:
    picture = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    if torch.isfinite(picture).all():
        return picture
    check_finite(latents)
    with in_float32(cast(nn.Module, vae)):
        picture = vae.decode(latents.float(), return_dict=False)[0]
    return check_finite(picture)


def encode(vae: Autoencoder, pixels: Tensor) -> Tensor:
    """One picture [1, 3, H, W] in [-1, 1] -> its latents [1, channels, h, w], not scaled: the likeliest ones.

    In float32 where half precision overflows, as `decode`.
    """
    with exclusive(cast(nn.Module, vae)):
        latents = vae.encode(pixels.to(vae.dtype)).latent_dist.mode()
        if not torch.isfinite(latents).all():
            with in_float32(cast(nn.Module, vae)):
                latents = vae.encode(pixels.float()).latent_dist.mode()
    return check_finite(latents)


@contextmanager
def in_float32(module: nn.Module) -> Iterator[None]:
    """For the length of a block, a module computes in float32, also one whose layers get their weights as they compute.

    Afterwards every weight is the very tensor it was, whatever has happened.
    """
    tensors = [*module.parameters(), *module.buffers()]
    before = [tensor.data for tensor in tensors]
    hooks = []

    def widen_own(layer: nn.Module, inputs: object) -> None:
        for parameter in layer.parameters(recurse=False):
            _widen(parameter)

    try:
        for tensor in tensors:
            _widen(tensor)
        # Offloaded layers (`runtime.placement`) fetch theirs in half precision by hooks, which were there first.
        hooks += [layer.register_forward_pre_hook(widen_own) for layer in module.modules()]
        with torch.autocast(tensors[0].device.type, enabled=False):
            yield
    finally:
        for hook in hooks:
            hook.remove()
        for tensor, value in zip(tensors, before, strict=True):
            tensor.data = value


def _widen(tensor: Tensor) -> None:
    if tensor.dtype in HALVES:
        tensor.data = tensor.data.float()
