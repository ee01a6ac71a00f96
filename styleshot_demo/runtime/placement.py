"""Where weights lie, and how they are stored where they do not compute: decided by device and free memory.

resident  what denoises is on the device; the encoders, needed once a run, send it one layer at a time
offload   the UNet and the ControlNet, too, leave the device while a picture is decoded, which takes most memory
minimal   UNet, ControlNet and the encoders send their layers one at a time, on CUDA in 8 bits; large pictures are
          decoded in tiles
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from styleshot_demo.runtime.memory import SPARE
from styleshot_demo.runtime.precision import BYTES, precision_for
from styleshot_demo.settings import PLACEMENTS

if TYPE_CHECKING:
    import torch
    from torch import nn

LARGE = ("unet", "controlnet")
ENCODERS = ("style_encoder", "text_encoder")

# Bytes of working memory per pixel of one picture, beside the weights, while it is decoded: as seen on a CPU in float32
# (1.15 GB at 512 x 512), plus a fifth; in half precision half of it. A step of the UNet takes a part of that.
WORK = {"float32": 5300, "float16": 2650, "bfloat16": 2650}
STEP = 0.7
TILE = 512  # pixels: what the VAE decodes at once where it works in tiles


@dataclass(frozen=True)
class Placement:
    """tier: one of `settings.PLACEMENTS`; device as torch names it; dtype: one of `settings.PRECISIONS`."""

    tier: str
    device: str
    dtype: str
    offloading: bool = True  # False: even the encoders stay on the device, where that is lent for a moment only

    def torch_dtype(self, part: str = "") -> "torch.dtype":
        """The dtype that a part is computed in."""
        import torch

        return getattr(torch, precision_for(part, self.dtype))

    def form(self, part: str) -> str:
        """How that part's weights are kept.

        "resident", "model_offload" (on the device for denoising only), "sequential_offload" (there one layer at a time)
        or "sequential_offload_8bit" (the same, kept in 8 bits).
        """
        if self.offloading and self.tier == "minimal" and part in (*LARGE, *ENCODERS):
            return "sequential_offload_8bit" if self.device.startswith("cuda") else "sequential_offload"
        if self.offloading and part in ENCODERS:
            return "sequential_offload"
        return "model_offload" if self.tier == "offload" and part in LARGE else "resident"

    def lower(self) -> "Placement":
        """The next tier down, or the same where there is none. Offloading from main memory to itself gains nothing."""
        skipped = () if self.device.startswith("cuda") else ("offload",)
        rest = [tier for tier in PLACEMENTS[PLACEMENTS.index(self.tier) + 1 :] if tier not in skipped]
        return Placement(rest[0], self.device, self.dtype, self.offloading) if rest else self


def needed(placement: Placement, parameters: dict[str, int], pixels: int) -> int:
    """Bytes on the device that a run takes at its peak.

    parameters  part -> its parameter count
    pixels      width times height of a picture
    """
    size = BYTES[placement.dtype]
    on_cpu = placement.device.startswith("cpu")
    work = WORK[placement.dtype] * pixels
    large = size * sum(parameters.get(part, 0) for part in LARGE)
    rest = size * sum(count for part, count in parameters.items() if part not in (*LARGE, *ENCODERS))
    if not placement.offloading:
        encoders = sum(BYTES[precision_for(part, placement.dtype)] * parameters.get(part, 0) for part in ENCODERS)
        return int(rest + large + encoders + work)
    if placement.tier == "minimal":
        # Offloaded weights lie in main memory, in half precision.
        stored = sum(parameters.get(part, 0) for part in (*LARGE, "text_encoder")) if on_cpu else 0
        return int(rest + 2 * stored + max(STEP * work, WORK[placement.dtype] * min(pixels, TILE * TILE)))
    if placement.tier == "offload":
        return int(rest + max(large + STEP * work, work))
    return int(rest + large + work + (2 * parameters.get("text_encoder", 0) if on_cpu else 0))


def choose(
    wanted: str, device: str, dtype: str, free_bytes: int, parameters: dict[str, int], pixels: int
) -> Placement:
    """The tier that a person has named, or the first that fits into `free_bytes`; the last one where none does."""
    if wanted != "auto":
        return Placement(wanted, device, dtype)
    placement = Placement(PLACEMENTS[0], device, dtype)
    while needed(placement, parameters, pixels) > SPARE * free_bytes and placement.lower() != placement:
        placement = placement.lower()
    return placement


def place(module: "nn.Module", part: str, placement: Placement) -> "nn.Module":
    """Puts a part where the placement wants it.

    It comes from the CPU: "resident" ones in the placement's dtype, all others in half precision.
    """
    import torch

    device, dtype, form = torch.device(placement.device), placement.torch_dtype(part), placement.form(part)
    if form.startswith("sequential_offload"):
        return offload_layers(module, device, dtype, eight_bits=form == "sequential_offload_8bit")
    if form == "model_offload":
        return module  # until `on_device`
    # Tensor cores want channels last; on CPUs it was not faster.
    order = torch.channels_last if device.type == "cuda" else torch.preserve_format
    return module.to(  # pyright: ignore[reportCallIssue]  its stubs leave out the memory format
        device=device, memory_format=order
    )


def offload_layers(
    module: "nn.Module", device: "torch.device", dtype: "torch.dtype", eight_bits: bool = False
) -> "nn.Module":
    """Leaves the weights of linear and convolution layers where they are; each comes while its layer computes.

    Nothing has to be brought back, as weights do not change. With `eight_bits` they are kept as float8 with one scale
    per layer. What is small or used outside of layers moves to `device` and `dtype` for good.
    """
    import torch
    from torch import nn

    first = next(module.parameters())
    for layer in module.modules():
        # A model is taken to have the device and the dtype of its first parameter, so that one stays truthful.
        own = list(layer.parameters(recurse=False))
        if isinstance(layer, nn.Linear | nn.Conv2d) and not any(parameter is first for parameter in own):
            _offload_layer(layer, device, dtype, eight_bits)
            continue
        for parameter in own:
            parameter.data = parameter.data.to(device, dtype)
        for name, buffer in layer.named_buffers(recurse=False):
            layer._buffers[name] = buffer.to(device, dtype if torch.is_floating_point(buffer) else None)
    return module


def _offload_layer(layer: "nn.Module", device: "torch.device", dtype: "torch.dtype", eight_bits: bool) -> None:
    import torch

    home, scales = {}, {}
    for name, parameter in layer.named_parameters(recurse=False):
        value = parameter.data
        if eight_bits and value.ndim > 1:
            # The largest number becomes float8's largest: small weights would else fall below its smallest.
            scale = value.abs().max().float().clamp(min=1e-12) / torch.finfo(torch.float8_e4m3fn).max
            value = (value.float() / scale).to(torch.float8_e4m3fn)
            scales[name] = float(scale)
        # Copies from pinned memory need not wait for the computation that is under way.
        home[name] = value.pin_memory() if device.type == "cuda" else value
        parameter.data = home[name]

    def onload(layer: "nn.Module", inputs: object) -> None:
        for name, value in home.items():
            here = value.to(device, non_blocking=True).to(dtype)
            _parameter(layer, name).data = here * scales[name] if name in scales else here

    def offload(layer: "nn.Module", inputs: object, output: object) -> None:
        for name, value in home.items():
            _parameter(layer, name).data = value

    layer.register_forward_pre_hook(onload)
    layer.register_forward_hook(offload, always_call=True)  # also where the layer ran out of memory


@contextmanager
def on_device(modules: "list[nn.Module]", placement: Placement) -> "Iterator[Onload]":
    """For the length of a block, weights of these modules are on the device; `Onload.end` sends them home early."""
    onload = Onload(modules, placement)
    try:
        onload.begin()
        yield onload
    finally:
        onload.end()


class Onload:
    """Weights that come to a device and go home again, where they have stayed all the while."""

    def __init__(self, modules: "list[nn.Module]", placement: Placement) -> None:
        self._placement = placement
        self._home = [(tensor, tensor.data) for module in modules for tensor in _tensors(module)]

    def begin(self) -> None:
        """Bring them."""
        import torch

        device, dtype = torch.device(self._placement.device), self._placement.torch_dtype()
        for tensor, value in self._home:
            tensor.data = value.to(device, dtype if torch.is_floating_point(value) else None)

    def end(self) -> None:
        """Send them home; may be called again."""
        for tensor, value in self._home:
            tensor.data = value


def _tensors(module: "nn.Module") -> "Iterator[torch.Tensor]":
    yield from module.parameters()
    yield from module.buffers()


def _parameter(layer: "nn.Module", name: str) -> "nn.Parameter":
    """A parameter of the layer itself, which is there: without the search of `get_parameter`, a call for each layer."""
    found = layer._parameters[name]
    assert found is not None
    return found
