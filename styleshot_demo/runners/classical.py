"""Runs `ClassicalJob`s: pictures to tensors, the method, tensors to pictures."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from PIL import Image

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.events import Event, Finished, Result, Step
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.cache import ModelCache, is_out_of_memory
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    import torch

    from styleshot_demo.classical.fast import Encoded, FastTransfer

# Bytes of working memory per pixel of the result, measured by `bench classical` (peak above the idle process, plus a
# fifth); the guard refuses sizes that would not fit rather than have the machine swap.
BYTES_PER_PIXEL = {"fast": 700, "optimise": 3600, "colour": 350}
SIZES = (2048, 1792, 1536, 1280, 1024, 896, 768, 640, 512, 384, 256)
PREVIEW_EVERY = 0.5  # seconds between previews: converting and sending one costs more than a small iteration
KEPT_PAIRS = 2


class ClassicalRunner:
    """Keeps what makes a second run of the same pictures quick; the models themselves live in the cache."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self.settings = settings
        self.cache = cache
        self._pairs: OrderedDict[tuple, Encoded] = OrderedDict()
        self._lock = threading.Lock()
        self._kept = ExitStack()  # what is held from the start where a GPU is lent by the call

    def prepare(self) -> None:
        """Where a GPU is lent by the call: puts what `optimise` needs on it, to stay; elsewhere nothing."""
        if zerogpu.withholds():
            self._borrow_features(self._kept, [], {}, "cuda")
            self._borrow_fast(self._kept, {}, "cuda")

    def fits(self, method: str, tight: bool = False) -> int:
        """The longest side, pixels, of a square picture that fits into the memory free now; 256 at least.

        `tight`: memory has just run out, so take half of what the estimate says.
        """
        free = free_bytes(self.settings) * (0.5 if tight else 0.85)
        return next((size for size in SIZES if size * size * BYTES_PER_PIXEL[method] <= free), SIZES[-1])

    def run(self, job: ClassicalJob) -> Iterator[Event]:
        """See `Studio.run`."""
        started = time.perf_counter()
        content = pictures.fit_longest(job.content, job.size)
        notes: list[Remark] = []
        models: dict[str, str] = {}
        if job.strength == 0:
            image = content
        else:
            if largest_area(job) * BYTES_PER_PIXEL[job.method] > free_bytes(self.settings):
                raise Problem("out_of_memory", size=self.fits(job.method))
            colours, alpha = apart(content)
            work = {"fast": self._fast, "optimise": self._optimise, "colour": self._colour}[job.method]
            pixels = None
            try:
                with ExitStack() as borrowed:
                    for event in work(job, colours, borrowed, notes, models):
                        if isinstance(event, Step):
                            yield event
                        else:
                            pixels = event
            except Exception as error:
                if is_out_of_memory(error):  # what is kept for a next run is the first thing to go
                    with self._lock:
                        self._pairs.clear()
                raise
            image = pictures.join_alpha(to_image(pixels), alpha)
        seconds = time.perf_counter() - started
        yield Finished(Result([image], None, job.seed, seconds, job.settings(), models, notes))

    def _fast(
        self, job: ClassicalJob, content: Image.Image, borrowed: ExitStack, notes: list[Remark], models: dict[str, str]
    ) -> "Iterator[Step | torch.Tensor]":
        from styleshot_demo.classical.colour import with_colours_of

        yield Step(0.0, remark("encoding"))
        painter = self._borrow_fast(borrowed, models)
        encoded = self._encoded(job, content, painter)
        yield Step(0.6, remark("painting"))
        pixels = painter.decode(encoded, job.strength)
        if job.keep_colours:
            pixels = with_colours_of(encoded.pixels, pixels)
        yield pixels

    def _encoded(self, job: ClassicalJob, content: Image.Image, painter: "FastTransfer") -> "Encoded":
        """The pair's statistics: remembered, so that moving the strength slider only decodes."""
        key = (
            pictures.digest(content),
            job.size,
            job.transform,
            tuple((pictures.digest(picture), weight) for picture, weight in job.styles),
        )
        with self._lock:
            encoded = self._pairs.pop(key, None)
        if encoded is None:
            device = device_of(self.settings)
            encoded = painter.encode(to_tensor(content, device), self._styles(job, device), job.transform)
        with self._lock:
            self._pairs[key] = encoded
            while len(self._pairs) > KEPT_PAIRS:
                self._pairs.popitem(last=False)
        return encoded

    def _optimise(
        self, job: ClassicalJob, content: Image.Image, borrowed: ExitStack, notes: list[Remark], models: dict[str, str]
    ) -> "Iterator[Step | torch.Tensor]":
        import torch

        from styleshot_demo.classical.colour import with_colours_of
        from styleshot_demo.classical.optimise import stylise

        device = device_of(self.settings)
        target = to_tensor(content, device)
        yield Step(0.0, remark("encoding"))
        features = self._borrow_features(borrowed, notes, models)
        painter = self._borrow_fast(borrowed, models)
        start = None
        if job.start == "noise":
            start = torch.rand(target.shape, generator=torch.Generator().manual_seed(job.seed)).to(device)
        elif job.start == "content":
            start = target
        began, last = time.perf_counter(), 0.0
        pixels = target
        for iteration in stylise(
            target,
            self._styles(job, device),
            features,
            painter,
            start=start,
            strength=job.strength,
            steps=job.steps,
            content_weight=job.content_weight,
            style_weight=job.style_weight,
            tv_weight=job.tv_weight,
            optimiser=job.optimiser,
            seed=job.seed,
        ):
            pixels = iteration.pixels
            now = time.perf_counter()
            preview = None
            if now - last > PREVIEW_EVERY:
                preview, last = to_image(pixels).resize(content.size, Image.Resampling.BICUBIC), now
            left = (now - began) / iteration.step * (iteration.total - iteration.step)
            message = remark("iterating", step=iteration.step, total=iteration.total, seconds=round(left))
            yield Step(iteration.step / iteration.total, message, preview)
        if pixels.shape != target.shape:
            # The features need sides of 32 pixels: a thin strip was painted thicker than it is.
            pixels = torch.nn.functional.interpolate(pixels, size=target.shape[2:], mode="bilinear", antialias=True)
        if job.keep_colours:
            pixels = with_colours_of(target, pixels)
        yield pixels

    def _colour(
        self, job: ClassicalJob, content: Image.Image, borrowed: ExitStack, notes: list[Remark], models: dict[str, str]
    ) -> "Iterator[Step | torch.Tensor]":
        from styleshot_demo.classical.colour import transfer_colours

        yield Step(0.0, remark("painting"))
        device = device_of(self.settings)
        styles = self._styles(job, device)
        yield transfer_colours(to_tensor(content, device), styles, job.colour_method, job.strength)

    def _styles(self, job: ClassicalJob, device: str) -> "list[tuple[torch.Tensor, float]]":
        return [(to_tensor(pictures.fit_longest(picture, job.size), device), weight) for picture, weight in job.styles]

    def _borrow_fast(
        self, borrowed: ExitStack, models: dict[str, str], device: str | None = None
    ) -> "FastTransfer":
        encoder, decoder = hub.require("encoder", self.settings), hub.require("fast", self.settings)
        device = device or device_of(self.settings)

        def load() -> Any:
            from styleshot_demo.classical.weights import load_fast

            return load_fast(_weights(encoder), _weights(decoder), device)

        models |= _short(encoder, self.settings) | _short(decoder, self.settings)
        return borrowed.enter_context(self.cache.lend(("fast", device), load, name="fast"))

    def _borrow_features(
        self, borrowed: ExitStack, notes: list[Remark], models: dict[str, str], device: str | None = None
    ) -> Any:
        """VGG-19 where its file is on this machine, else the built-in encoder; a remark says which."""
        vgg = hub.find("vgg19", self.settings)
        device = device or device_of(self.settings)
        if isinstance(vgg, hub.Found):
            from styleshot_demo.classical.vgg import load_vgg19

            notes.append(remark("features_vgg"))
            models |= _short(vgg, self.settings)
            path = _weights(vgg)
            return borrowed.enter_context(
                self.cache.lend(("vgg19", device), lambda: load_vgg19(path, device), name="vgg19")
            )
        notes.append(remark("features_builtin"))
        return self._borrow_fast(borrowed, models, device).encoder


def device_of(settings: Settings) -> str:
    """The torch device that classical methods run on; `Problem` if the settings name one that is not there."""
    if zerogpu.withholds():
        return "cpu"
    import torch

    if settings.device != "auto":
        kind, _, number = settings.device.partition(":")
        count = {"cuda": torch.cuda.device_count, "mps": lambda: int(torch.backends.mps.is_available())}
        if kind in count and int(number or 0) >= count[kind]():
            raise Problem("device_missing", device=settings.device)
        return settings.device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def free_bytes(settings: Settings) -> int:
    """Memory, bytes, that a job could take now on its device."""
    import torch

    device = device_of(settings)
    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(device)[0]
    import psutil

    return psutil.virtual_memory().available


def largest_area(job: ClassicalJob) -> int:
    """Pixels of the largest picture that is worked on: a style can be larger than a content that is long and thin."""
    every = (job.content, *(picture for picture, _ in job.styles))
    return max(job.size * max(1, round(job.size * min(image.size) / max(image.size))) for image in every)


def apart(content: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """(the content's own colours, mode RGB; its opacity, or None). What cannot be seen at all becomes white paper.

    Painted without its opacity, which is put back at the end: half transparent colours would else pale twice.
    """
    colours, alpha = pictures.split_alpha(content)
    if alpha is not None:
        colours.paste("white", mask=alpha.point(lambda value: 255 * (value == 0)))
    return colours, alpha


def to_tensor(image: Image.Image, device: str) -> "torch.Tensor":
    """[1, 3, H, W] float32 in [0, 1]; what is transparent becomes white paper."""
    import numpy as np
    import torch

    if image.mode == "RGBA":
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image).convert("RGB")
    array = np.asarray(image, dtype=np.float32) / 255
    return torch.from_numpy(array).permute(2, 0, 1)[None].to(device)


def to_image(pixels: "torch.Tensor") -> Image.Image:
    """[1, 3, H, W] in [0, 1] -> RGB picture."""
    import numpy as np

    array = pixels[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
    return Image.fromarray(np.ascontiguousarray(array), "RGB")


def _weights(found: "hub.Found") -> Any:
    return next(path for path in found.files.values() if path.suffix == ".safetensors")


def _short(found: "hub.Found", settings: Settings) -> dict[str, str]:
    path = _weights(found)
    return {found.model.name: next(v[:16] for k, v in hub.hashes(found, settings).items() if k.endswith(path.name))}
