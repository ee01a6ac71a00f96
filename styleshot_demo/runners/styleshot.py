"""Paints `TextJob`s and `ImageJob`s as they were planned: style pictures to tokens, a content picture to lines, all of
it to pictures."""

import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from PIL import Image

from styleshot_demo import jobs
from styleshot_demo.errors import Problem
from styleshot_demo.events import Event, Finished, Step
from styleshot_demo.images.ops import grid, on_white
from styleshot_demo.job_defaults import DiffusionJob, content_strength, guidance_of, side_of, uses_content
from styleshot_demo.jobs import ImageJob
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.plan import Plan, PlannedPicture
from styleshot_demo.runners import inpainting, scenes, small
from styleshot_demo.runners import weights as files
from styleshot_demo.runners.computed_tokens import StoredTokens, group_tokens, style_statistics
from styleshot_demo.runners.maps import Maps, prepare
from styleshot_demo.runners.palettes import apply_palette
from styleshot_demo.runners.previews import Previews
from styleshot_demo.runners.progress import BEGIN, StepProgress
from styleshot_demo.runners.prompts import unread
from styleshot_demo.runners.regions import RegionFinder
from styleshot_demo.runners.schedulers import scheduler
from styleshot_demo.runners.styles import identity
from styleshot_demo.runners.weights import ModelParts
from styleshot_demo.runtime import placement as placing
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.memory import malloc_trim
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.runtime.precision import BYTES, precision_for
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    import torch

    from styleshot_demo.small.statistics import Statistics
    from styleshot_demo.styleshot.pipeline import StyleShotPipeline

KEPT_TOKENS = 16  # six tokens of a few styles: some 100 kB


@dataclass
class _Work:
    """What all pictures of a run have in common."""

    plan: Plan[DiffusionJob]
    progress: StepProgress
    notes: list[Remark]
    sampling: small.SamplingGuidance
    part: inpainting.Inpainting | None

    @property
    def job(self) -> DiffusionJob:
        return self.plan.job

    @property
    def placement(self) -> Placement:
        assert self.plan.placement is not None  # StyleShot always has one
        return self.plan.placement


class StyleShotRunner:
    """Runs StyleShot with models from the cache; pictures are made one after another, so each is what it is alone."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self.settings = settings
        self.cache = cache
        self.maps = Maps(settings, cache)
        self._regions = RegionFinder(settings, cache)
        self._kept = ExitStack()  # what is held from the start where a GPU is lent by the call
        self._last_controlnet: str | None = None  # of the ControlNet that was used last

    def control_map(
        self, content: Image.Image, preprocessor: str, threshold: int, size: int, model: str, device: str
    ) -> Image.Image:
        """What would be kept of the content: white lines on black; for "both" the two maps side by side.

        model  "small" or "styleshot"; `device` is where the detector runs
        """
        if model == "small":
            return small.lines(prepare(content, min(size, small.SIZE), small.MULTIPLE), threshold)
        picture = prepare(content, size)
        wanted = ("contour", "lineart") if preprocessor == "both" else (preprocessor,)
        return grid([[self.maps.draw(picture, one, threshold, device) for one in wanted]])

    def hold(self, weights: ModelParts, placement: Placement, preprocessor: str | None) -> None:
        """Loads all parts, to stay, and the detector of lines where one is named."""
        if preprocessor:
            self.maps.hold(self._kept, preprocessor, placement.device)
        for part in weights.fingerprints:
            if part not in ("tokenizer", "scheduler"):
                self._kept.enter_context(self._lend(part, weights, placement))

    def run(self, plan: Plan[DiffusionJob]) -> Generator[Event, None, None]:
        """Yields `Step`s and at last one `Finished`. Raises `Problem`s of weights that turn out to be unusable."""
        started = time.perf_counter()
        job, placement = plan.job, plan.placement
        assert placement is not None  # StyleShot always has one
        notes: list[Remark] = []
        every: dict[str, ModelParts] = {}
        for preprocessor in dict.fromkeys(shot.preprocessor for shot in plan.shots):
            for found in files.locate(self.settings, plan.model, preprocessor):
                if isinstance(found, ModelParts):
                    every[preprocessor] = found
                else:
                    yield Step(0.0, found.message)
        if uses_content(job) and not all("controlnet" in weights.folders for weights in every.values()):
            raise Problem("no_content_fusion", model="StyleShot")
        if plan.free is not None:
            self.cache.make_free(plan.device, plan.memory)

        digests: dict[str, str] = {}
        part = None
        if isinstance(job, ImageJob) and job.region != "everywhere":
            photo = prepare(job.content, side_of(job), small.multiple_of(plan.model))
            part = yield from inpainting.inpainting_for(job, photo, self._regions, digests, notes)
        controls = (yield from self._controls(plan)) if uses_content(job) else {}
        tokens: dict[str, Any] = {}
        if uses_content(job) or any(shot.style_strength for shot in plan.shots):
            for preprocessor, weights in every.items():
                seeds = list(dict.fromkeys(shot.seed for shot in plan.shots if shot.preprocessor == preprocessor))
                tokens[preprocessor] = yield from self._tokens(job, seeds, weights, placement)

        digests |= {name: digest for weights in every.values() for name, digest in weights.digests.items()}
        images: list[Image.Image] = []
        kind = "image" if isinstance(job, ImageJob) or uses_content(job) else "text"
        sampling = small.SAMPLING_GUIDANCE[kind] if plan.model == "small" else small.NO_SAMPLING_GUIDANCE
        work = _Work(plan, StepProgress(len(plan.shots), job.steps), notes, sampling, part)
        for preprocessor, weights in every.items():
            own = [shot for shot in plan.shots if shot.preprocessor == preprocessor]
            for event in self._paint(work, own, weights, tokens.get(preprocessor), controls):
                if isinstance(event, Image.Image):
                    images.append(event)
                    made = remark("made", picture=len(images), pictures=len(plan.shots))
                    yield Step(work.progress.fraction, made, event, plan.record(len(images) - 1, digests))
                else:
                    yield event
        # The photo's lines are the same for every seed, and shown once.
        shown = {id(lines): lines for lines in controls.values()}
        control = grid([list(shown.values())]) if shown else None
        yield Finished(plan.result(images, time.perf_counter() - started, digests, notes, control))

    def _controls(self, plan: Plan[DiffusionJob]) -> Generator[Event, None, dict[tuple[str, int], Image.Image]]:
        """Returns (preprocessor, seed) -> the lines to follow: of the photo, or of the sketch of that seed."""
        job = plan.job
        multiple = small.multiple_of(plan.model)
        threshold = getattr(job, "threshold", ImageJob.threshold)
        drawn: dict[tuple[str, int | None], Image.Image] = {}
        controls = {}
        for shot in plan.shots:
            key = (shot.preprocessor, None if plan.scene is None else shot.seed)
            if key not in drawn:
                if plan.scene is None:
                    yield Step(0.0, remark("extracting"))
                    assert isinstance(job, ImageJob)  # a text job's lines are those of its scene
                    content = job.content
                else:
                    yield Step(0.0, remark("composing"))
                    content = scenes.sketch_of(plan.scene, side_of(job), shot.seed)
                    yield Step(0.0, remark("sketched"), content)
                content = prepare(content, side_of(job), multiple)
                if plan.model == "small":
                    drawn[key] = small.lines(content, threshold)
                else:
                    drawn[key] = self.maps.draw(content, shot.preprocessor, threshold, plan.device)
            controls[shot.preprocessor, shot.seed] = drawn[key]
        return controls

    def _tokens(
        self, job: DiffusionJob, seeds: list[int], weights: ModelParts, placement: Placement
    ) -> "Iterator[Event]":
        """Returns seed -> style tokens [1, styles, 6, token_dim]; those of the last runs are remembered."""
        from styleshot_demo.styleshot.tokens import encode_style

        images = [on_white(picture) for picture, _ in job.styles]
        fingerprints = tuple(weights.fingerprints[part] for part in ("style_encoder", "adapter"))
        known = tuple(identity(picture) for picture, _ in job.styles)
        common = ("tokens", *fingerprints, placement.device, placement.dtype, known)
        stored = StoredTokens(self.cache, job.styles, weights, placement)
        tokens: dict[int, torch.Tensor | None] = {}
        for seed in seeds:
            tokens[seed] = self.cache.recall((*common, seed))
            if tokens[seed] is None and (found := stored.get(seed)) is not None:
                tokens[seed] = found
                self.cache.remember((*common, seed), found, files.TITLES["tokens"], KEPT_TOKENS)
        missing = [seed for seed in seeds if tokens[seed] is None]
        if missing:
            yield Step(0.01, remark("loading", model=files.TITLES["style_encoder"]))
            with ExitStack() as borrowed:
                encoder, adapter = (
                    borrowed.enter_context(self._lend(part, weights, placement))
                    for part in ("style_encoder", "adapter")
                )
                yield Step(0.02, remark("encoding"))
                encoded = encode_style(images, missing, encoder, adapter, placement.device)

                def alone(picture: Image.Image) -> "torch.Tensor":
                    return encode_style([on_white(picture)], [0], encoder, adapter, placement.device)[0, 0]

                means = yield from group_tokens(self.cache, job.styles, weights, placement, alone, 0.02, BEGIN)
                for place, mean in means.items():
                    encoded[:, place] = mean
            if placement.device == "cpu":
                # Reading it again takes a second, beside minutes for a picture; the memory is better used by what
                # paints.
                self.cache.unload(files.TITLES["style_encoder"])
            for place, seed in enumerate(missing):
                tokens[seed] = made = encoded[place : place + 1].clone()
                self.cache.remember((*common, seed), made, files.TITLES["tokens"], KEPT_TOKENS)
                stored.put(seed, made)
        return tokens

    def _paint(
        self,
        work: _Work,
        shots: list[PlannedPicture],
        weights: ModelParts,
        tokens: "dict[int, torch.Tensor] | None",
        controls: dict[tuple[str, int], Image.Image],
    ) -> Iterator[Event | Image.Image]:
        """The pictures of `shots`, between their steps."""
        placement = work.placement
        with ExitStack() as borrowed:
            parts: dict[str, Any] = {}
            if controls:
                self._one_controlnet(weights, placement)
            wanted = {"controlnet": bool(controls), "prior": bool(work.sampling.prior_share)}
            for part in ("unet", "controlnet", "vae", "text_encoder", "prior", "adapter"):
                if not wanted.get(part, True):
                    continue
                yield Step(work.progress.fraction, remark("loading", model=files.TITLES[part]))
                parts[part] = borrowed.enter_context(self._lend(part, weights, placement))
            pipeline = self._pipeline(parts, weights, work.job, work.sampling)
            if not work.progress.done:
                work.notes += unread(work.job, pipeline.tokenizer, pipeline.max_chunks)
            # The linear inverse is built into the small model's autoencoder; TAESD knows nothing of its latents.
            own = getattr(pipeline.vae, "decode_linear", None)
            previews = Previews(self._tiny_decoder(borrowed, placement) if own is None else None, own)
            if placement.tier == "minimal" and max(work.plan.size) > placing.TILE:
                # The seams are blended, but a tiled picture is not the same to the last bit.
                borrowed.callback(pipeline.vae.disable_tiling)
                pipeline.vae.enable_tiling()
            statistics: list[Statistics] = []
            if work.sampling.pull and tokens:
                part = work.part
                seen = [work.job.styles] if part is None or part.rest is None else [part.styles, part.rest]
                at = work.progress.fraction
                for styles in seen:
                    found = yield from style_statistics(self.cache, weights, pipeline.vae, styles, at)
                    statistics.append(found)
            for shot in shots:
                style_tokens = tokens[shot.seed] if tokens else None
                control = controls.get((shot.preprocessor, shot.seed))
                yield from self._shot(work, shot, pipeline, previews, style_tokens, statistics, control)

    def _shot(
        self,
        work: _Work,
        shot: PlannedPicture,
        pipeline: "StyleShotPipeline",
        previews: Previews,
        tokens: "torch.Tensor | None",
        statistics: "list[Statistics]",
        control: Image.Image | None,
    ) -> Iterator[Event | Image.Image]:
        """One picture, after its steps."""
        import torch

        job, progress, sampling, part = work.job, work.progress, work.sampling, work.part
        helped: dict[str, Any] = {}
        if sampling is not small.NO_SAMPLING_GUIDANCE:
            helped = {
                "style_statistics": statistics[0] if statistics else None,
                "rest_statistics": statistics[1] if len(statistics) > 1 else None,
                "statistics_pull": min(1.0, sampling.pull * shot.style_strength),
                "prior_share": sampling.prior_share,
                "prior_pull": min(1.0, sampling.prior_pull * shot.style_strength),
                "content_gain": sampling.lines,
            }
        # On the CPU also for a GPU: a seed is then the same noise everywhere.
        generator = torch.Generator("cpu").manual_seed(shot.seed)
        styles: dict[str, Any] = {"style_tokens": tokens, "style_strength": shot.style_strength}
        if tokens is not None:
            styles["style_weights"] = jobs.normalised_weights(job.styles)
            if part is not None and part.rest is not None:
                styles = part.arguments(tokens, shot.style_strength)
        noise, blend = None, None
        if part is not None and part.rest is None:
            noise, blend = part.prepare_blending(pipeline, generator, work.placement.device)
        run = pipeline.iterate(
            job.prompt,
            **styles,
            **helped,
            latents=noise,
            control_image=control,
            content_strength=content_strength(job),
            width=work.plan.size[0],
            height=work.plan.size[1],
            num_inference_steps=job.steps,
            guidance_scale=guidance_of(job),
            negative_prompt=job.negative_prompt,
            generator=generator,
        )
        names = [name for name in placing.LARGE if work.placement.form(name) == "model_offload"]
        offloaded = [module for name in names if (module := getattr(pipeline, name))]
        onloaded = placing.on_device(offloaded, work.placement) if offloaded else nullcontext()
        progress.begin()
        with closing(run), onloaded as onload:
            while True:
                try:
                    state = next(run)
                except StopIteration as end:
                    progress.end()
                    image = apply_palette(job.palette, end.value.images[0])
                    yield image if part is None else part.composite(image)
                    return
                if blend is not None:
                    blend(state)
                message = progress.step(state.index + 1, state.total)
                preview = previews.of(state.latents, state.scheduler, work.plan.size)
                if preview is not None:
                    preview = apply_palette(job.palette, preview)
                    preview = preview if part is None else part.composite(preview)
                yield Step(progress.fraction, message, preview)
                if state.index + 1 == state.total:
                    if onload:
                        onload.end()
                    malloc_trim()
                    yield Step(progress.fraction, remark("decoding"))

    def _pipeline(
        self, parts: dict[str, Any], weights: ModelParts, job: DiffusionJob, sampling: small.SamplingGuidance
    ) -> "StyleShotPipeline":
        from styleshot_demo.small.pipeline import SmallStyleShotPipeline
        from styleshot_demo.styleshot.pipeline import StyleShotPipeline
        from styleshot_demo.styleshot.prompts import MAX_CHUNKS

        kind = StyleShotPipeline if sampling is small.NO_SAMPLING_GUIDANCE else SmallStyleShotPipeline
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

    def _lend(self, part: str, weights: ModelParts, placement: Placement) -> Any:
        form = placement.form(part)
        key = (part, weights.fingerprints[part], placement.device, placement.dtype, form)
        size = BYTES[precision_for(part, placement.dtype)] if form == "resident" else 2
        return self.cache.acquire(
            key,
            lambda: files.load(part, weights, placement),
            name=files.TITLES[part],
            expect_bytes=size * weights.numbers().get(part, 0),
            device=placement.device if form == "resident" else "cpu",
        )

    def _one_controlnet(self, weights: ModelParts, placement: Placement) -> None:
        """On a CPU, where pictures take minutes and reading it a second, no ControlNet is kept beside another."""
        fingerprint = weights.fingerprints["controlnet"]
        if placement.device == "cpu" and self._last_controlnet not in (None, fingerprint):
            self.cache.unload(files.TITLES["controlnet"])
        self._last_controlnet = fingerprint

    def _tiny_decoder(self, borrowed: ExitStack, placement: Placement) -> Any:
        found = hub.find("taesd", self.settings)
        if not isinstance(found, hub.FoundModel):
            return None

        def load() -> Any:
            import diffusers
            from torch import nn

            with files.broken_as_problem("taesd"):
                decoder = diffusers.AutoencoderTiny.from_pretrained(
                    found.folder, dtype=placement.torch_dtype(), local_files_only=True
                )
            return cast(nn.Module, decoder).eval().requires_grad_(False).to(placement.device)

        key = ("taesd", str(found.folder), placement.device, placement.dtype)
        return borrowed.enter_context(
            self.cache.acquire(key, load, name=files.TITLES["taesd"], device=placement.device)
        )
