"""Paints `ClassicalJob`s as they were planned: pictures to tensors, the method, tensors to pictures."""

import time
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.events import Event, Finished, Step
from styleshot_demo.formats import sixteen_bit
from styleshot_demo.images.ops import to_array, to_image, to_tensor
from styleshot_demo.jobs import ClassicalJob
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.plan import Plan
from styleshot_demo.runners.borrowing import borrow_fast, borrow_vgg
from styleshot_demo.runners.compositing import (
    composite,
    composite_16bit,
    content_16bit,
    crop,
    preserved_faces,
    split_opacity,
    without_opacity,
)
from styleshot_demo.runners.paintings import (
    Painted,
    Painting,
    as_painting,
    blend_two_styles,
    blend_with_content,
    cached_painting,
    held_painting,
    optimisation_key,
    painting_key,
)
from styleshot_demo.runners.palettes import apply_palette, apply_palette_16bit
from styleshot_demo.runners.regions import RegionFinder, Where
from styleshot_demo.runners.remaining import OptimisationTime, RemainingShare
from styleshot_demo.runners.small_painting import painted_small, style_size_beside
from styleshot_demo.runners.styles import pictures_key, pixels_of, read_groups, styles_of
from styleshot_demo.runners.weights import TITLES
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.memory import malloc_trim
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    import torch

    from styleshot_demo.classical.fast import Encoded, FastTransfer
    from styleshot_demo.classical.tiles import Box
    from styleshot_demo.runners.styles import CachedStyles

PREVIEW_EVERY = 0.5  # seconds between previews: converting and sending one costs more than a small iteration
SCREEN = 1024  # pixels of the longest side of the preview of a whole photo
KEPT_PAIRS = 2
KEPT_STATES = 1  # stopped optimisations: one is some hundred bytes for each pixel


def _hints(job: ClassicalJob, content: Image.Image) -> list[Remark]:
    """What a person may not know of who has a photo of this kind painted everywhere."""
    from styleshot_demo.classical.white_ground import subject_on_white

    small = pictures.fit_longest(content, 512)
    return [remark("stands_on_white")] if job.method != "colour" and subject_on_white(small) is not None else []


class ClassicalRunner:
    """Keeps what makes a second run of the same pictures quick; the models themselves live in the cache."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self.settings = settings
        self.cache = cache
        self._regions = RegionFinder(settings, cache)
        self._kept = ExitStack()  # what is held from the start where a GPU is lent by the call

    def hold(self, device: str) -> None:
        """Loads what `optimise` needs, to stay."""
        borrow_fast(self.settings, self.cache, device, self._kept, {})
        if hub.find("vgg19", self.settings).here:
            for _ in borrow_vgg(self.settings, self.cache, device, self._kept, {}):
                pass

    def run(self, plan: Plan[ClassicalJob]) -> Generator[Event, None, None]:
        """Yields `Step`s and at last one `Finished`."""
        started, job = time.perf_counter(), plan.job
        content = job.content if job.at_own_size else pictures.fit_longest(job.content, job.size)
        models: dict[str, str] = {}
        notes: list[Remark] = []
        fine = content_16bit(job, content)
        if job.strength == 0:
            image = content.copy()
            fine = None if fine is None else sixteen_bit.with_opacity(fine, pictures.split_alpha(content)[1])
        else:
            if plan.free is not None:
                self.cache.make_free(plan.device, plan.memory)
            colours, alpha = split_opacity(content)
            if job.keep_background or job.region in jobs.FOUND:
                yield Step(0.0, remark("finding"))
            where = self._regions.where(job, colours, alpha, models, notes)
            if where.painted is None and alpha is None:
                notes += _hints(job, colours)
            around = colours if where.painted is None else without_opacity(content)
            wanted = job.keep_faces and job.method != "colour"
            places, hashes = self._regions.faces(colours) if wanted else ([], {})

            def finished(painted: Image.Image) -> Image.Image:
                models.update(hashes)
                alike = preserved_faces(painted, colours, places)
                return pictures.join_alpha(composite(around, where.painted, apply_palette(job.palette, alike)), alpha)

            painted: Painted | None = None
            with ExitStack() as borrowed, closing(self._paintings(plan, colours, where, borrowed, models)) as events:
                for event in events:
                    if isinstance(event, Step):
                        if event.preview:
                            event = replace(event, preview=finished(event.preview), made_by=plan.record(0, models))
                        yield event
                    else:
                        painted = event
            assert painted is not None  # every method ends with a picture
            if fine is not None and painted.fine is not None:
                held = apply_palette_16bit(job.palette, painted.fine)
                fine = sixteen_bit.with_opacity(composite_16bit(fine, where.painted, held), alpha)
            image = finished(painted.image)
        if fine is not None:
            notes.append(remark("kept_16_bits"))
        yield Finished(plan.result([image], time.perf_counter() - started, models, notes, deep=fine))

    def _paintings(
        self,
        plan: Plan[ClassicalJob],
        content: Image.Image,
        where: Where,
        borrowed: ExitStack,
        models: dict[str, str],
    ) -> Painting:
        """What the job makes of a content, RGB; of two styles the second is laid over the first."""
        made = [held_painting(remembered, models) for remembered in plan.remembered]
        made = made or [self._painting(replace(plan, job=one), content, borrowed, models) for one in plan.job.paintings]
        first, *second = [blend_with_content(content, each, plan.job.opacity) for each in made]
        if where.rest is None:  # also where no region was found
            return first
        return blend_two_styles(content, where.rest, first, *second)

    def _painting(
        self, plan: Plan[ClassicalJob], content: Image.Image, borrowed: ExitStack, models: dict[str, str]
    ) -> Painting:
        """What the job's method makes of a content at its full opacity."""
        used: dict[str, str] = {}
        work = getattr(self, f"_{plan.job.method}")
        if plan.job.at_own_size or content_16bit(plan.job, content) is not None:
            work = self._tiled
        painting = as_painting(work(plan, content, borrowed, used))
        if plan.optimises:  # which takes minutes: of another opacity, and of two when the second is gone on with
            painting = cached_painting(painting, self.cache, painting_key(plan, content), used)
        with closing(painting) as events:
            for event in events:
                models.update(used)
                yield event

    def _fast(
        self, plan: Plan[ClassicalJob], content: Image.Image, borrowed: ExitStack, models: dict[str, str]
    ) -> "Generator[Step | torch.Tensor, None, None]":
        from styleshot_demo.classical.colour import with_colours_of

        yield Step(0.0, remark("encoding"))
        job = plan.job
        painter = borrow_fast(self.settings, self.cache, plan.device, borrowed, models)
        styles = self._styles(job, plan.device, models)
        yield from read_groups(styles, painter)
        encoded = self._encoded(job, content, painter, styles, plan.device)
        yield Step(0.6, remark("painting"))
        pixels = painter.decode(encoded, job.strength)
        if job.keep_colours:
            pixels = with_colours_of(encoded.pixels, pixels)
        yield pixels

    def _encoded(
        self, job: ClassicalJob, content: Image.Image, painter: "FastTransfer", styles: "CachedStyles", device: str
    ) -> "Encoded":
        """The pair's statistics: remembered, so that moving the strength slider only decodes."""
        of_styles = (job.style_size, job.colour_style, job.transform)
        key = ("pair", device, *pictures_key(content, styles), job.size, *of_styles, job.grain, job.seed)
        encoded = self.cache.recall(key)
        if encoded is None:
            brushes, colours = jobs.roles(styles, job.colour_style)
            encoded = painter.encode(
                to_tensor(content, device), brushes, job.transform, job.grain, job.seed, colour_styles=colours
            )
            self.cache.remember(key, encoded, TITLES["pairs"], KEPT_PAIRS)
        return encoded

    def _patches(
        self, plan: Plan[ClassicalJob], content: Image.Image, borrowed: ExitStack, models: dict[str, str]
    ) -> "Generator[Step | torch.Tensor, None, None]":
        import torch

        from styleshot_demo.classical.colour import with_colours_of
        from styleshot_demo.classical.patches import patch_transfer

        job, device = plan.job, plan.device
        target = to_tensor(content, device)

        def blended(pixels: "torch.Tensor") -> "torch.Tensor":
            if pixels.shape != target.shape:  # at a coarser scale so far
                pixels = torch.nn.functional.interpolate(pixels, size=target.shape[2:], mode="bilinear")
            if job.keep_colours:
                pixels = with_colours_of(target, pixels)
            return torch.lerp(target, pixels, job.strength)

        content_mask = self._regions.face_mask(content, device, models) if job.keep_faces else None
        # What it looks like at full strength is remembered, so that another strength takes a moment.
        styles = self._styles(job, device, models)
        masked = content_mask is not None
        key = ("patched", device, *pictures_key(content, styles), job.size, job.style_size, job.seed, masked)
        patched = self.cache.recall(key)
        last = 0.0
        if patched is None:
            for part in patch_transfer(target, pixels_of(styles), job.seed, content_mask):
                patched, preview, now = part.pixels, None, time.perf_counter()
                if part.step and now - last > PREVIEW_EVERY:
                    preview, last = to_image(blended(patched)), now
                yield Step(part.fraction, remark("piecing", step=part.step, total=part.total), preview)
            self.cache.remember(key, patched, TITLES["patched"], KEPT_PAIRS)
        yield blended(patched)

    def _optimise(
        self, plan: Plan[ClassicalJob], content: Image.Image, borrowed: ExitStack, models: dict[str, str]
    ) -> "Generator[Step | torch.Tensor, None, None]":
        import torch

        from styleshot_demo.classical.cached_style import add_style_textures, target_tones
        from styleshot_demo.classical.colour import with_colours_of
        from styleshot_demo.classical.fast import clean_flat_areas
        from styleshot_demo.classical.grain import flat_masks
        from styleshot_demo.classical.optimise import stylise

        job, device = plan.job, plan.device
        target = to_tensor(content, device)
        styles = self._styles(job, device, models)
        flat = flat_masks(target)
        grain = job.grain * job.strength
        textured = target if flat is None else add_style_textures(target, flat, styles, grain, job.seed)

        def whole(pixels: "torch.Tensor") -> "torch.Tensor":
            if pixels.shape != target.shape:
                # Painted smaller so far; and a thin strip thicker, for the features need sides of 32 pixels.
                pixels = torch.nn.functional.interpolate(pixels, size=target.shape[2:], mode="bilinear", antialias=True)
            if flat is not None:
                pixels = clean_flat_areas(pixels, target, flat, tones, job.strength)
            return with_colours_of(target, pixels) if job.keep_colours else pixels

        yield Step(0.0, remark("encoding"))
        painter = borrow_fast(self.settings, self.cache, device, borrowed, models)
        features = painter.encoder
        if "vgg19" in plan.files:
            features = yield from borrow_vgg(self.settings, self.cache, device, borrowed, models)
        start = None
        if job.start == "noise":
            start = torch.rand(target.shape, generator=torch.Generator().manual_seed(job.seed)).to(device)
        elif job.start == "content":
            start = textured
        # Of other beginnings, flat areas have nothing that should stay.
        ground = flat if start is None and flat is not None and flat.drawing_score else None
        drawing = flat is not None and bool(flat.drawing_score)
        begun = (yield from read_groups(styles, None, ("tones",), end=0.05)) if drawing else 0.0
        tones = target_tones(flat, styles)
        # A descent that was stopped goes on where it was, to the same result.
        key = ("stopped", *optimisation_key(plan, content))
        resume_from = self.cache.recall(key, keep=False)
        last, iteration, pixels = 0.0, None, target
        remaining = OptimisationTime((target.shape[2], target.shape[3]), job.steps)
        iterations = stylise(
            textured,
            pixels_of(styles),
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
            flat=ground,
            resume_from=resume_from,
        )
        try:
            for iteration in iterations:
                pixels = iteration.pixels
                now, seconds = time.perf_counter(), remaining.seconds(iteration.step)
                preview = None
                if now - last > PREVIEW_EVERY:
                    preview, last = to_image(whole(pixels)), now
                message = remark("iterating", step=iteration.step, total=iteration.total, seconds=seconds)
                yield Step(max(begun, remaining.fraction), message, preview)
        except GeneratorExit:
            if iteration is not None:
                self.cache.remember(key, iteration.state(), TITLES["stopped"], KEPT_STATES)
            raise
        yield whole(pixels)

    def _colour(
        self, plan: Plan[ClassicalJob], content: Image.Image, borrowed: ExitStack, models: dict[str, str]
    ) -> "Generator[Step | torch.Tensor, None, None]":
        job, device = plan.job, plan.device
        styles = self._styles(job, device, models)
        begun = yield from read_groups(styles, None)
        yield Step(begun, remark("painting"))
        yield painted_small(job, content, styles, None, device)

    def _tiled(
        self, plan: Plan[ClassicalJob], content: Image.Image, borrowed: ExitStack, models: dict[str, str]
    ) -> Painting:
        """`fast` and `colour` at the photo's own size: first as large as a screen shows it, then all of it in tiles."""
        import numpy as np
        import torch

        from styleshot_demo.classical.colour import with_colours_of
        from styleshot_demo.classical.lazy_picture import LazyPicture
        from styleshot_demo.classical.tiled import stylise_tiled
        from styleshot_demo.classical.tiled_colour import transfer_colours_tiled
        from styleshot_demo.classical.white_ground import subject_on_white

        job, device = plan.job, plan.device
        painter, begun = None, 0.0
        if job.method == "fast":
            painter = borrow_fast(self.settings, self.cache, device, borrowed, models)
        if max(content.size) > SCREEN:
            yield Step(0.0, remark("painting"))
            small = pictures.fit_longest(content, SCREEN)
            smaller = self._styles(job, device, models, style_size_beside(small, content, job.style_size))
            begun = yield from read_groups(smaller, painter, end=0.1)
            yield Step(begun, remark("painting"), to_image(painted_small(job, small, smaller, painter, device)))
            malloc_trim()
        styles = self._styles(job, device, models)
        begun = yield from read_groups(styles, painter, begin=begun, end=0.3)

        def picture(image: Image.Image) -> LazyPicture:
            return LazyPicture(image.height, image.width, lambda box: to_tensor(crop(image, box), device))

        def read_finely(box: "Box") -> "torch.Tensor":
            assert fine is not None
            part = fine[box.top : box.bottom, box.left : box.right].astype(np.float32)
            return torch.from_numpy(part / sixteen_bit.WHITE).permute(2, 0, 1)[None].to(device)

        fine = content_16bit(job, content)
        target = picture(content) if fine is None else LazyPicture(content.height, content.width, read_finely)
        if painter is None:
            thing = subject_on_white(content)
            mask = None if thing is None else picture(thing)
            subject = None if mask is None else lambda box: mask.read(box)[:, :1]
            parts = transfer_colours_tiled(target, styles, job.colour_method, job.strength, subject)
        else:
            brushes, colours = jobs.roles(styles, job.colour_style)
            parts = stylise_tiled(
                painter, target, brushes, job.strength, job.transform, job.grain, job.seed, colour_styles=colours
            )
        painted = np.empty((content.height, content.width, 3), np.uint8)
        painted_finely = None if fine is None else np.empty(painted.shape, np.uint16)
        remaining = RemainingShare()
        for part in parts:
            if part.box is not None and part.pixels is not None:
                rows, columns = slice(*part.box[:2]), slice(*part.box[2:])
                pixels = part.pixels
                if job.keep_colours and painter is not None:
                    pixels = with_colours_of(target.read(part.box), pixels)
                painted[rows, columns] = to_array(pixels)
                if painted_finely is not None:
                    painted_finely[rows, columns] = to_array(pixels, sixteen_bit.WHITE)
            told = remark("painting_whole", seconds=remaining.seconds(part.fraction))
            yield Step(begun + (1 - begun) * part.fraction, told)
        del parts, styles
        yield Painted(Image.fromarray(painted), painted_finely)

    def _styles(
        self, job: ClassicalJob, device: str, models: dict[str, str], size: int | None = None
    ) -> "CachedStyles":
        """The styles, their longest side at `size` pixels; None: as the job says."""
        return styles_of(self.cache, job.styles, size or job.style_size, device, models)
