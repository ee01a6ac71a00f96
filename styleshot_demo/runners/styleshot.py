"""Runs `TextJob`s and `ImageJob`s: style pictures to tokens, a content picture to lines, all of it to pictures."""

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from styleshot_demo.errors import Problem
from styleshot_demo.events import Event, Finished, Result, Step
from styleshot_demo.jobs import ImageJob, TextJob, seed_of
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runners import small
from styleshot_demo.runners import weights as files
from styleshot_demo.runners.classical import device_of
from styleshot_demo.runners.maps import Maps, beside, opaque, prepare
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.runners.previews import Previews
from styleshot_demo.runners.prompts import unread
from styleshot_demo.runners.schedulers import scheduler
from styleshot_demo.runners.weights import Choice, Weights
from styleshot_demo.runtime import placement as placing
from styleshot_demo.runtime import zerogpu
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    import torch

    from styleshot_demo.styleshot.pipeline import StyleShotPipeline
    from styleshot_demo.small.statistics import Statistics

Job = TextJob | ImageJob
SIZES = tuple(range(1024, 120, -64))
# Shares of the progress bar: what comes before the first step, and what decoding is beside the steps.
BEGIN, DECODE = 0.03, 0.1
CAPTION = 28  # pixels under each picture of a sweep


@dataclass
class _Work:
    """What all pictures of a run have in common."""

    job: Job
    placement: Placement
    size: tuple[int, int]  # width and height, pixels
    progress: "_Progress"
    notes: list[Remark]
    aid: small.Aid


@dataclass(frozen=True)
class Shot:
    """One picture to make."""

    seed: int
    preprocessor: str
    style_strength: float


class StyleShotRunner:
    """Runs StyleShot with models from the cache; pictures are made one after another, so each is what it is alone."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self.settings = settings
        self.cache = cache
        self.maps = Maps(settings, cache)
        self._kept = ExitStack()  # what is held from the start where a GPU is lent by the call
        self._content_mark: str | None = None  # of the ControlNet that was used last

    def choose(self, job: Job) -> Choice:
        """Which model the job gets now, or why none."""
        return self.ready(kind_of(job), getattr(job, "preprocessor", "contour"), job.model)

    def ready(self, kind: str, preprocessor: str = "contour", model: str = "auto") -> Choice:
        """`choose` before there is a job; `kind` is "text" or "image"."""
        return files.choose(self.settings, kind, preprocessor, model)

    def control_map(
        self, content: Image.Image, preprocessor: str, threshold: int, size: int, model: str = "auto"
    ) -> Image.Image:
        """What would be kept of the content: white lines on black; for "both" the two maps side by side."""
        if self.ready("image", preprocessor, model).model == "small":
            return small.lines(prepare(content, min(size, small.SIZE), small.MULTIPLE), threshold)
        picture = prepare(content, size)
        device = "cpu" if zerogpu.lends() else device_of(self.settings)
        wanted = ("contour", "lineart") if preprocessor == "both" else (preprocessor,)
        return beside([self.maps.draw(picture, one, threshold, device) for one in wanted])

    def fits(self, job: Job, tight: bool = False) -> int:
        """The largest `size`, pixels, that the memory free now can take; 128 at least.

        `tight`: memory has just run out, so take half of what the estimate says.
        """
        free = self._free_bytes() * (0.5 if tight else placing.SPARE)
        placement = self._placement(job, 0)
        while placement.lower() != placement:
            placement = placement.lower()
        choice = self.choose(job)
        located = choice.model and _last(files.locate(self.settings, choice.model, _preprocessors(job)[0]))
        numbers = _numbers(job, located) if located else {}
        longer = _pixels(job) / job.size**2
        fitting = (size for size in SIZES if placing.needed(placement, numbers, int(size**2 * longer)) <= free)
        return next(fitting, SIZES[-1])

    def prepare(self) -> None:
        """Where a GPU is lent by the call: loads all that is on this machine, to stay; elsewhere nothing."""
        if not zerogpu.lends():
            return
        for preprocessor in ("contour", "lineart"):
            choice = self.ready("image", preprocessor)
            if choice.model is None:
                continue
            weights = _last(files.locate(self.settings, choice.model, preprocessor))
            placement = Placement("resident", "cuda", "float16", parking=False)
            for part in weights.marks:
                if part not in ("tokenizer", "scheduler"):
                    self._kept.enter_context(self._lend(part, weights, placement))

    def run(self, job: Job, lower: bool = False, strengths: Sequence[float] = ()) -> Iterator[Event]:
        """See `Studio.run`. `lower`: one tier lower than would be chosen, because memory has run out.

        `strengths`: make one picture with each of these style strengths instead, and a strip of them.
        """
        started = time.perf_counter()
        choice = self.choose(job)
        if choice.model is None or choice.why is None:
            raise choice.problem()
        notes = [choice.why]
        if choice.model == "small":
            job, remarks = small.suited(job, files.small_folder(self.settings))
            notes += [remark("preview_model"), *remarks]
        shots = _shots(job, strengths)
        every: dict[str, Weights] = {}
        for preprocessor in dict.fromkeys(shot.preprocessor for shot in shots):
            for found in files.locate(self.settings, choice.model, preprocessor):
                if isinstance(found, Weights):
                    every[preprocessor] = found
                else:
                    yield Step(0.0, found)
        if _uses_content(job) and not all("controlnet" in weights.folders for weights in every.values()):
            raise Problem("no_content_fusion", model="StyleShot")

        placement = self._placement(job, _pixels(job), next(iter(every.values())))
        if lower and placement.lower() != placement:
            placement = placement.lower()
            notes.append(remark("placement_lowered"))
        self._check_memory(job, placement, next(iter(every.values())))
        notes.append(remark(f"placement_{placement.tier}", device=placement.device))

        size, controls = (job.size, job.size), {}
        if isinstance(job, ImageJob):
            content = prepare(job.content, job.size, small.MULTIPLE if choice.model == "small" else 8)
            size = content.size
            if _uses_content(job):
                yield Step(0.0, remark("extracting"))
                for preprocessor in every:
                    if choice.model == "small":
                        controls[preprocessor] = small.lines(content, job.threshold)
                    else:
                        controls[preprocessor] = self.maps.draw(content, preprocessor, job.threshold, placement.device)

        tokens: dict[str, Any] = {}
        if _uses_content(job) or any(shot.style_strength for shot in shots):
            yield Step(0.01, remark("loading", model=files.TITLES["style_encoder"]))
            for preprocessor, weights in every.items():
                tokens[preprocessor] = yield from self._tokens(job, shots, preprocessor, weights, placement)

        images: list[Image.Image] = []
        aid = small.AIDS[kind_of(job)] if choice.model == "small" else small.NO_AID
        work = _Work(job, placement, size, _Progress(len(shots), job.steps), notes, aid)
        for preprocessor, weights in every.items():
            own = [shot for shot in shots if shot.preprocessor == preprocessor]
            for event in self._paint(work, own, weights, tokens.get(preprocessor), controls.get(preprocessor)):
                if isinstance(event, Image.Image):
                    images.append(event)
                else:
                    yield event
        settings = {**job.settings(), "model": choice.model}
        if strengths:
            settings |= {"sweep": [float(strength) for strength in strengths]}
            images = [strip(images, [f"{strength:g}" for strength in strengths]), *images]
        digests = {name: digest for weights in every.values() for name, digest in weights.digests.items()}
        control = beside(list(controls.values())) if controls else None
        seconds = time.perf_counter() - started
        yield Finished(Result(images, control, job.seed, seconds, settings, digests, notes))

    def _tokens(
        self, job: Job, shots: list[Shot], preprocessor: str, weights: Weights, placement: Placement
    ) -> "Iterator[Event]":
        """Returns seed -> style tokens [1, styles, 6, token_dim]."""
        from styleshot_demo.styleshot.tokens import encode_style

        images = [opaque(picture) for picture, _ in job.styles]
        seeds = list(dict.fromkeys(shot.seed for shot in shots if shot.preprocessor == preprocessor))
        with ExitStack() as borrowed:
            encoder, adapter = (
                borrowed.enter_context(self._lend(part, weights, placement)) for part in ("style_encoder", "adapter")
            )
            yield Step(0.02, remark("encoding"))
            tokens = encode_style(images, seeds, encoder, adapter, placement.device)
        if placement.device == "cpu":
            # Reading it again takes a second, beside minutes for a picture; the memory is better used by what paints.
            self.cache.unload(files.TITLES["style_encoder"])
        return {seed: tokens[place : place + 1] for place, seed in enumerate(seeds)}

    def _paint(
        self,
        work: _Work,
        shots: list[Shot],
        weights: Weights,
        tokens: "dict[int, torch.Tensor] | None",
        control: Image.Image | None,
    ) -> Iterator[Event | Image.Image]:
        """The pictures of `shots`, between their steps."""
        placement = work.placement
        with ExitStack() as borrowed:
            parts: dict[str, Any] = {}
            if control:
                self._one_controlnet(weights, placement)
            wanted = {"controlnet": bool(control), "prior": bool(work.aid.prior_share)}
            for part in ("unet", "controlnet", "vae", "text_encoder", "prior", "adapter"):
                if not wanted.get(part, True):
                    continue
                yield Step(work.progress.fraction, remark("loading", model=files.TITLES[part]))
                parts[part] = borrowed.enter_context(self._lend(part, weights, placement))
            pipeline = self._pipeline(parts, weights, work.job, work.aid)
            if not work.progress.done:
                work.notes += unread(work.job, pipeline.tokenizer, pipeline.max_chunks)
            # The linear inverse is built into the small model's autoencoder; TAESD knows nothing of its latents.
            own = getattr(pipeline.vae, "rough", None)
            previews = Previews(self._tiny_decoder(borrowed, placement) if own is None else None, own)
            if placement.tier == "minimal" and max(work.size) > placing.TILE:
                # The seams are blended, but a tiled picture is not the same to the last bit.
                borrowed.callback(pipeline.vae.disable_tiling)
                pipeline.vae.enable_tiling()
            statistics = small.statistics(pipeline.vae, work.job.styles) if work.aid.pull and tokens else None
            for shot in shots:
                style_tokens = tokens[shot.seed] if tokens else None
                yield from self._shot(work, shot, pipeline, previews, style_tokens, statistics, control)

    def _shot(
        self,
        work: _Work,
        shot: Shot,
        pipeline: "StyleShotPipeline",
        previews: Previews,
        tokens: "torch.Tensor | None",
        statistics: "Statistics | None",
        control: Image.Image | None,
    ) -> Iterator[Event | Image.Image]:
        """One picture, after its steps."""
        import torch

        job, progress, aid = work.job, work.progress, work.aid
        helped: dict[str, Any] = {}
        if aid is not small.NO_AID:
            helped = {
                "style_statistics": statistics,
                "statistics_pull": min(1.0, aid.pull * shot.style_strength),
                "prior_share": aid.prior_share,
                "prior_pull": min(1.0, aid.prior_pull * shot.style_strength),
                "content_gain": aid.lines,
            }
        run = pipeline.iterate(
            job.prompt,
            style_weights=[weight for _, weight in job.styles] if tokens is not None else None,
            style_strength=shot.style_strength,
            style_tokens=tokens,
            **helped,
            control_image=control,
            content_strength=job.content_strength if isinstance(job, ImageJob) else 0.0,
            width=work.size[0],
            height=work.size[1],
            num_inference_steps=job.steps,
            guidance_scale=job.guidance_scale,
            negative_prompt=job.negative_prompt,
            # On the CPU also for a GPU: a seed is then the same noise everywhere.
            generator=torch.Generator("cpu").manual_seed(shot.seed),
        )
        names = [name for name in placing.LARGE if work.placement.form(name) == "visiting"]
        guests = [module for name in names if (module := getattr(pipeline, name))]
        visiting = placing.present(guests, work.placement) if guests else nullcontext()
        progress.begin()
        with closing(run), visiting as visit:
            while True:
                try:
                    state = next(run)
                except StopIteration as end:
                    progress.end()
                    yield end.value.images[0]
                    return
                message = progress.step(state.index + 1, state.total)
                yield Step(progress.fraction, message, previews.of(state.latents, state.scheduler, work.size))
                if state.index + 1 == state.total:
                    if visit:
                        visit.end()
                    placing.trim()
                    yield Step(progress.fraction, remark("decoding"))

    def _pipeline(self, parts: dict[str, Any], weights: Weights, job: Job, aid: small.Aid) -> "StyleShotPipeline":
        from styleshot_demo.small.pipeline import SmallStyleShotPipeline
        from styleshot_demo.styleshot.pipeline import StyleShotPipeline
        from styleshot_demo.styleshot.prompts import MAX_CHUNKS

        kind = StyleShotPipeline if aid is small.NO_AID else SmallStyleShotPipeline
        pipeline = kind(
            **parts,
            tokenizer=files.load_tokenizer(weights),
            scheduler=scheduler(job.scheduler, weights.folders["scheduler"]),
            style_encoder=None,
        )
        if kind is StyleShotPipeline:
            pipeline.max_chunks = MAX_CHUNKS
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def _lend(self, part: str, weights: Weights, placement: Placement) -> Any:
        form = placement.form(part)
        key = (part, weights.marks[part], placement.device, placement.dtype, form)
        size = 4 if (form, placement.dtype) == ("resident", "float32") else 2
        return self.cache.lend(
            key,
            lambda: files.load(part, weights, placement),
            name=files.TITLES[part],
            expect_bytes=size * weights.numbers().get(part, 0),
        )

    def _one_controlnet(self, weights: Weights, placement: Placement) -> None:
        """On a CPU, where pictures take minutes and reading it a second, no ControlNet is kept beside another."""
        mark = weights.marks["controlnet"]
        if placement.device == "cpu" and self._content_mark not in (None, mark):
            self.cache.unload(files.TITLES["controlnet"])
        self._content_mark = mark

    def _tiny_decoder(self, borrowed: ExitStack, placement: Placement) -> Any:
        found = hub.find("taesd", self.settings)
        if not found.here:
            return None

        def load() -> Any:
            import diffusers

            with files.broken_as_problem("taesd"):
                decoder = diffusers.AutoencoderTiny.from_pretrained(
                    found.folder, dtype=placement.torch_dtype(), local_files_only=True
                )
            return decoder.eval().requires_grad_(False).to(placement.device)

        key = ("taesd", str(found.folder), placement.device, placement.dtype)
        return borrowed.enter_context(self.cache.lend(key, load, name=files.TITLES["taesd"]))

    def _free_bytes(self) -> int:
        """Memory that a run could take: what is free, and what loaded models would give up."""
        import psutil
        import torch

        device = device_of(self.settings)
        if device.startswith("cuda"):
            return torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)
        return psutil.virtual_memory().available + self.cache.used_bytes

    def _placement(self, job: Job, pixels: int, weights: Weights | None = None) -> Placement:
        if zerogpu.lends():
            return Placement("resident", "cuda", "float16", parking=False)
        numbers = _numbers(job, weights) if weights else {}
        device = device_of(self.settings)
        return placing.choose(self.settings.placement, device, self._free_bytes(), numbers, pixels)

    def _check_memory(self, job: Job, placement: Placement, weights: Weights) -> None:
        """Refuses what cannot fit: a machine that swaps is of no use to anybody."""
        if zerogpu.lends():
            return
        needed = placing.needed(placement, _numbers(job, weights), _pixels(job))
        if needed > self._free_bytes() and placement.lower() == placement:
            raise Problem("out_of_memory", size=self.fits(job))


class _Progress:
    """How far all pictures of a run are, and how long the rest takes."""

    def __init__(self, pictures: int, steps: int) -> None:
        self.pictures, self.steps = pictures, steps
        self.done = 0
        self.fraction = BEGIN
        self._stepped: list[float] = []
        self._decoded: list[float] = []
        self._last = 0.0

    def begin(self) -> None:
        """A picture is begun."""
        self._last = time.perf_counter()

    def step(self, index: int, total: int) -> Remark:
        """Evaluation `index` of `total` of the picture is done."""
        now = time.perf_counter()
        self._stepped.append(now - self._last)
        self._last = now
        # The first step is slower: memory is claimed, kernels are chosen.
        recent = self._stepped[1:] or self._stepped
        rest = total - index + (self.pictures - self.done - 1) * total
        left = sum(recent) / len(recent) * rest
        if self._decoded:
            left += sum(self._decoded) / len(self._decoded) * (self.pictures - self.done)
        self.fraction = BEGIN + (1 - BEGIN) * (self.done + (1 - DECODE) * index / total) / self.pictures
        # Some schedulers evaluate more often than they were asked to; a person counts the steps asked for.
        values = {"step": math.ceil(index * self.steps / total), "total": self.steps, "seconds": round(left)}
        if self.pictures == 1:
            return remark("iterating", **values)
        return remark("denoising", picture=self.done + 1, pictures=self.pictures, **values)

    def end(self) -> None:
        """The picture is decoded."""
        self._decoded.append(time.perf_counter() - self._last)
        self.done += 1
        self.fraction = BEGIN + (1 - BEGIN) * self.done / self.pictures


def kind_of(job: Job) -> str:
    """The kind of a job: "text" or "image"."""
    return "image" if isinstance(job, ImageJob) else "text"


def strip(images: list[Image.Image], captions: list[str]) -> Image.Image:
    """Pictures side by side, each with a caption under it."""
    row = beside(images, gap=8)
    sheet = Image.new("RGB", (row.width, row.height + CAPTION), "white")
    sheet.paste(row, (0, 0))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(CAPTION * 0.6)
    left = 0
    for image, caption in zip(images, captions, strict=True):
        pen.text((left + image.width / 2, row.height + CAPTION / 2), caption, fill="black", font=font, anchor="mm")
        left += image.width + 8
    return sheet


def _numbers(job: Job, weights: Weights) -> dict[str, int]:
    """Part -> how many numbers its weights are, of the parts that the job uses."""
    return {part: count for part, count in weights.numbers().items() if part != "controlnet" or _uses_content(job)}


def _preprocessors(job: Job) -> tuple[str, ...]:
    return job.preprocessors if isinstance(job, ImageJob) else ("contour",)


def _uses_content(job: Job) -> bool:
    return isinstance(job, ImageJob) and job.content_strength > 0


def _pixels(job: Job) -> int:
    if isinstance(job, TextJob):
        return job.size**2
    return int(job.size**2 * max(job.content.size) / min(job.content.size))


def _shots(job: Job, strengths: Sequence[float]) -> list[Shot]:
    if strengths:
        return [Shot(job.seed, _preprocessors(job)[0], float(strength)) for strength in strengths]
    return [
        Shot(seed_of(job.seed, n), preprocessor, job.style_strength)
        for preprocessor in _preprocessors(job)
        for n in range(job.count)
    ]


def _last(iterator: Iterator[Any]) -> Any:
    return deque(iterator, maxlen=1)[0]
