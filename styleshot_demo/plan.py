"""What a job will really be: decided once, before anything is loaded. Every door, runner and record reads it here."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PIL import Image

from styleshot_demo import pictures, provenance
from styleshot_demo.errors import Problem
from styleshot_demo.events import Result
from styleshot_demo.jobs import (
    IMAGE_SIZES,
    WHOLE_METHODS,
    ClassicalJob,
    EnlargeJob,
    ImageJob,
    TextJob,
    check_each,
    seed_of,
    seen_at,
)
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.provenance import Record
from styleshot_demo.runners import painter, scenes, small
from styleshot_demo.runners import weights as files
from styleshot_demo.runners.weights import ModelChoice
from styleshot_demo.runtime import placement as placing
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.device import device_of, kind_of, why_not_gpu
from styleshot_demo.runtime.memory import SPARE
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.runtime.precision import precision_of
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    from styleshot_demo.compose.scene import Scene

Job = ClassicalJob | EnlargeJob | TextJob | ImageJob
DiffusionJob = TextJob | ImageJob
NEGATIVE_PROMPT = "monochrome, lowres, bad anatomy, worst quality, low quality"  # the published code's

# Bytes of working memory per pixel of the largest picture, measured by `bench classical` (peak above the idle process,
# plus a fifth).
BYTES_PER_PIXEL = {"fast": 700, "patches": 330, "optimise": 3600, "colour": 350}
FIXED_BYTES = {"patches": 300_000_000}  # whatever the size: the pieces of the styles
# Bytes for each pixel of an enlarged picture (the picture, and a copy while it is saved), and for the tile in work;
# of x4plus with the network itself, 67 MB.
BYTES_PER_ENLARGED, BYTES_PER_TILE = 8, {"animevideov3": 120_000_000, "x4plus": 400_000_000}
# Bytes that finding a subject takes at its peak, before anything is painted.
BYTES_TO_FIND = 350_000_000
# The same of a run at the photo's own size, measured by `bench classical --whole`: bytes in any case, bytes a pixel,
# and the most that it is ever, for what is kept to save time is kept as far as there is room.
WHOLE_BYTES = {"fast": (400_000_000, 75, 1_500_000_000), "colour": (200_000_000, 25, 1_200_000_000)}
CLASSICAL_SIZES = (2048, 1792, 1536, 1280, 1024, 896, 768, 640, 512, 384, 256)
TIGHT = 0.5  # of the free memory is what an estimate may take that has just failed
DIFFUSION_SIZES = tuple(range(1024, 120, -64))


@dataclass(frozen=True)
class Room:
    """What a classical run takes of its device's memory.

    needed   bytes at its peak
    free     bytes that it could have there; None where that is not ours to know (ZeroGPU)
    fitting  the largest `job.size` that would fit
    most     the setting that asks for the most of it: "size", "whole", "brush_size" or "keep_background"
    """

    needed: int
    free: int | None
    fitting: int
    most: str = "size"

    def fits(self) -> bool:
        """Whether there is memory for it."""
        return self.free is None or self.needed <= SPARE * self.free

    def problem(self) -> Problem:
        """That there is not, and what to do about it."""
        return _too_little(self.fitting, self.most)


@dataclass(frozen=True)
class Shot:
    """One picture to make."""

    seed: int
    preprocessor: str
    style_strength: float


@dataclass(frozen=True)
class Plan:
    """A job as it will run.

    job         with every default filled in, and as the model can do it
    model       "fast", "patches", "optimise", "colour", "animevideov3", "x4plus", "styleshot", "composer", "painter" or
                "small"
    files       names of the catalogue's models that are used
    device      as torch names it: "cpu", "cuda", "mps"
    precision   "float32", "float16" or "bfloat16"
    placement   where StyleShot's weights lie, or None where that is no question
    size        width and height of each picture, pixels
    memory      bytes that the run takes on its device at its peak
    free        bytes that it could have there; None where that is not ours to know (ZeroGPU)
    fitting     the largest `job.size` that would fit
    most        the setting that asks for the most memory, as in `Room`
    remarks     what a person should know of all this
    strengths   style strengths of a sweep; empty for a plain run
    scene       what the composer draws, for its own picture or for StyleShot to follow; None where it does not
    """

    job: Job
    model: str
    files: tuple[str, ...]
    device: str
    precision: str
    placement: Placement | None
    size: tuple[int, int]
    memory: int
    free: int | None
    fitting: int
    remarks: tuple[Remark, ...] = ()
    strengths: tuple[float, ...] = ()
    scene: "Scene | None" = None
    most: str = "size"

    @property
    def fits(self) -> bool:
        """Whether there is memory for it."""
        return self.free is None or self.memory <= SPARE * self.free

    def check(self) -> None:
        """`Problem` out_of_memory, or one that names the setting to blame, where there is not: a machine that swaps is
        of no use to anybody."""
        if not self.fits:
            raise _too_little(self.fitting, self.most)

    @cached_property
    def shots(self) -> tuple[Shot, ...]:
        """The pictures to make, in their order; for diffusion jobs."""
        job = self.job
        assert isinstance(job, DiffusionJob)
        if self.strengths:
            return tuple(Shot(job.seed, preprocessors_of(job)[0], strength) for strength in self.strengths)
        return tuple(
            Shot(seed_of(job.seed, n), preprocessor, job.style_strength)
            for preprocessor in preprocessors_of(job)
            for n in range(job.count)
        )

    def settings(self) -> dict[str, Any]:
        """What shaped the result, JSON-ready: of the job as it ran, not as it was asked for."""
        settings = self._as_it_ran(self.job)
        return settings | ({"sweep": list(self.strengths)} if self.strengths else {})

    def _as_it_ran(self, job: Job) -> dict[str, Any]:
        """The settings of the job, or of one that makes a part of its result."""
        settings = job.settings()
        if isinstance(job, DiffusionJob | EnlargeJob):
            settings["model"] = self.model
        return settings if self.scene is None else settings | {"scene": scenes.as_setting(self.scene)}

    def alone(self) -> list[dict[str, Any]]:
        """For each image of the result the settings that make it and nothing else."""
        job = self.job
        if not isinstance(job, DiffusionJob):
            return [self.settings()]
        if self.strengths:
            one = job.alone(0)
            each = [replace(one, style_strength=strength) for strength in self.strengths]
            return [self.settings(), *map(self._as_it_ran, each)]
        return [self._as_it_ran(job.alone(n)) for n in range(job.total)]

    def computed(self) -> dict[str, str]:
        """What it was computed on, for the record."""
        placement = {"placement": self.placement.tier} if self.placement else {}
        return {"device": kind_of(self.device), "precision": self.precision, **placement}

    def inputs(self) -> dict[str, Any]:
        """Which pictures went in: their file names, where they are known, and 16 hex digits of a sha256 of each."""
        content = getattr(self.job, "content", None)
        styles = [picture for picture, _ in self.job.styles]
        named = {"styles": [_name(picture) for picture in styles], "style_sha256": [_short(one) for one in styles]}
        if isinstance(self.job, EnlargeJob):
            named = {}
        return named if content is None else {"content": _name(content), "content_sha256": _short(content), **named}

    def record(self, number: int = 0, models: Mapping[str, str] | None = None) -> Record:
        """What is written into image `number`: how it alone is made. `models`: name -> hash of the weights used."""
        if isinstance(self.job, EnlargeJob) and self.job.made_by is not None:
            made_by = provenance.enlarged(self.job.made_by, self.job.factor, models or {})
            if made_by is not None:
                return made_by
        settings = self.alone()[number]
        made_by = provenance.record(settings, models or {}, settings["seed"])
        return replace(made_by, computed=self.computed(), inputs=self.inputs())

    def result(
        self,
        images: list[Image.Image],
        seconds: float,
        models: dict[str, str],
        notes: Sequence[Remark] = (),
        control: Image.Image | None = None,
        deep: Any = None,
    ) -> Result:
        """What a runner hands out at its end; `notes` are those that only the run could know."""
        return Result(
            images=images,
            control=control,
            seed=self.job.seed,
            seconds=seconds,
            settings=self.settings(),
            models=models,
            notes=[*self.remarks, *notes],
            plan=self,
            deep=deep,
        )

    def as_json(self) -> dict[str, Any]:
        """All of it but the pictures, JSON-ready."""
        return {
            "settings": self.settings(),
            "model": self.model,
            "files": list(self.files),
            **self.computed(),
            "width": self.size[0],
            "height": self.size[1],
            "memory_bytes": self.memory,
            "free_bytes": self.free,
            "fits": self.fits,
            "largest_size": self.fitting,
            "notes": [str(one) for one in self.remarks],
        }


class Planner:
    """Makes plans. It asks the disk and the device, loads nothing, and is the only one who decides."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self.settings = settings
        self.cache = cache

    def plan(
        self, job: Job, strengths: Sequence[float] = (), *, lower: bool = False, lend: bool = True
    ) -> Plan:
        """What a job will be. `lower`: memory has just run out, so take a tier of placement that needs less, and trust
        estimates of what fits only half as far. `lend`: where GPUs are lent by the call (ZeroGPU), for such a call.

        Raises `Problem` where it cannot run at all (no weights, no such device). Whether there is memory for it is
        `Plan.fits`.
        """
        if isinstance(job, ClassicalJob):
            if strengths:
                raise Problem("unknown_setting", name="strengths")
            return self._classical(job, TIGHT if lower else SPARE, lend)
        if isinstance(job, EnlargeJob):
            if strengths:
                raise Problem("unknown_setting", name="strengths")
            return self._enlarge(job, TIGHT if lower else SPARE)
        if not isinstance(job, TextJob | ImageJob):
            raise TypeError(f"a {type(job).__name__} is no job")
        check = check_each(TextJob)["style_strength"]
        return self._diffusion(job, tuple(check("style_strength", strength) for strength in strengths), lower)

    def ready(
        self, kind: str, preprocessor: str = "contour", model: str = "auto", follow_sketch: bool = False
    ) -> ModelChoice:
        """Which model a job would get now, or why none; `kind` is "text" or "image". Asks the disk only."""
        return files.choose(self.settings, kind, preprocessor, model, follow_sketch)

    def room(
        self,
        method: str,
        size: int,
        content: tuple[int, int] | None,
        styles: Sequence[tuple[int, int]],
        *,
        whole: bool = False,
        brush_size: int | None = None,
        keep_background: bool = False,
    ) -> Room:
        """What a classical run will take, before there is a job: as its plan will say.

        content, styles  (width, height) of the pictures, as far as they are known; the others as in `ClassicalJob`
        """
        own = bool(content) and whole and method in WHOLE_METHODS
        styles_at = seen_at(max(content) if own else size, own, None if method == "colour" else brush_size)
        room = self._whole_room(
            method, size, content, styles, device_of(self.settings), SPARE, own, styles_at, keep_background
        )
        return replace(room, free=None, fitting=CLASSICAL_SIZES[0]) if self._lends_to(method) else room

    # Classical ---------------------------------------------------------------------------------------------------

    def _classical(self, job: ClassicalJob, share: float, lend: bool) -> Plan:
        lent = lend and job.strength > 0 and self._lends_to(job.method)
        device = "cuda" if lent else device_of(self.settings)
        styles = [picture.size for picture, _ in job.styles]
        room = self._whole_room(
            job.method,
            job.size,
            job.content.size,
            styles,
            "cpu" if lent else device,
            share,
            job.at_own_size,
            job.styles_at,
            job.keep_background,
        )
        needed = 0 if job.strength == 0 else room.needed  # the content as it is
        free, fitting = (None, CLASSICAL_SIZES[0]) if lent else (room.free, room.fitting)
        remarks = [] if (told := why_not_gpu(self.settings)) is None else [told]
        if job.whole and not job.at_own_size:
            remarks.append(remark("whole_not_optimised", size=job.size))
        names = files.PAINTER if job.method in ("fast", "optimise") else ()
        if job.method == "optimise":
            vgg = hub.find("vgg19", self.settings).here
            names = ("vgg19", *names) if vgg else names
            remarks.append(remark("features_vgg" if vgg else "features_builtin"))
        size = pictures.longest_at(job.content.size, job.longest)
        return Plan(
            job, job.method, names, device, "float32", None, size, needed, free, fitting, tuple(remarks), most=room.most
        )

    def _whole_room(
        self,
        method: str,
        size: int,
        content: tuple[int, int] | None,
        styles: Sequence[tuple[int, int]],
        device: str,
        share: float,
        at_own_size: bool,
        styles_at: int,
        keep_background: bool,
    ) -> Room:
        """`_room` with all that can make a run larger than its size alone."""
        needed, free, fitting = self._room(method, size, [*([content] if content else []), *styles], device, share)
        needs = {"size": needed}
        if at_own_size:
            fixed, each, most = WHOLE_BYTES[method]
            needs = {"whole": min(fixed + each * math.prod(content), most)}
        elif styles_at > size:
            needs["brush_size"] = self._cost(method, styles_at, styles)
        if keep_background:
            needs["keep_background"] = BYTES_TO_FIND
        greatest = max(needs, key=needs.get)
        return Room(needs[greatest], free, fitting, greatest)

    def _room(
        self, method: str, size: int, shapes: Sequence[tuple[int, int]], device: str, share: float
    ) -> tuple[int, int, int]:
        free = self.cache.free_bytes(device)
        fits = (side for side in CLASSICAL_SIZES if self._cost(method, side, shapes) <= share * free)
        return self._cost(method, size, shapes), free, next(fits, CLASSICAL_SIZES[-1])

    @staticmethod
    def _cost(method: str, size: int, shapes: Sequence[tuple[int, int]]) -> int:
        # A style can be larger than a content that is long and thin, as both are brought to the same longest side.
        share = max([min(one) / max(one) for one in shapes], default=1.0)
        return FIXED_BYTES.get(method, 0) + int(size * size * BYTES_PER_PIXEL[method] * share)

    def _enlarge(self, job: EnlargeJob, share: float) -> Plan:
        device = device_of(self.settings)
        model = files.enlarger(self.settings, job.model, device)
        free = self.cache.free_bytes(device)
        width, height = (side * job.factor for side in job.content.size)
        # The longest side of a content that fits; its tiles are the same whatever its size.
        pixels = max(0.0, share * free - BYTES_PER_TILE[model]) / BYTES_PER_ENLARGED / job.factor**2
        fitting = int((pixels * max(width, height) / min(width, height)) ** 0.5)
        needed = width * height * BYTES_PER_ENLARGED + BYTES_PER_TILE[model]
        told = why_not_gpu(self.settings)
        remarks = () if told is None else (told,)
        names = (files.ENLARGERS[model],)
        return Plan(job, model, names, device, "float32", None, (width, height), needed, free, fitting, remarks)

    # StyleShot ---------------------------------------------------------------------------------------------------

    def _diffusion(self, job: DiffusionJob, strengths: tuple[float, ...], lower: bool) -> Plan:
        choice = self.choose(job)
        if choice.model is None or choice.why is None:
            raise choice.problem()
        remarks = [choice.why]
        if choice.model == "composer":
            return self._composed(job, choice.why, strengths, TIGHT if lower else SPARE)
        if choice.model == "painter":
            return self._painted(job, choice.why, strengths, TIGHT if lower else SPARE)
        asked, job = job, filled_in(job, choice.model)
        if asked.negative_prompt and not job.negative_prompt:
            remarks.append(remark("negative_prompt_unused"))
        if getattr(job, "tile", False):
            job = replace(job, tile=False)
            remarks.append(remark("tile_not_composed"))
        if choice.model == "small":
            job, told = small.suited(job, files.small_folder(self.settings))
            remarks += [remark("preview_model"), *told]
        scene = scenes.followed(job.prompt) if follows_sketch(job) else None
        if scene is not None:
            remarks += scenes.not_in_sketch(scene)
        numbers = self._numbers(job, choice.model)
        device, free = self._device()
        precision = precision_of(self.settings, device)
        if free is None:
            placement = Placement("resident", device, precision, parking=False)
        else:
            wanted = self.settings.placement
            placement = placing.choose(wanted, device, precision, free, numbers, _pixels(job, job.size))
        if lower and placement.lower() != placement:
            placement = placement.lower()
            remarks.append(remark("placement_lowered"))
        remarks.append(remark(f"placement_{placement.tier}", device=placement.device))
        if (told_gpu := why_not_gpu(self.settings)) is not None:
            remarks.append(told_gpu)
        preprocessors = preprocessors_of(job)
        largest = small.SIZE if choice.model == "small" else DIFFUSION_SIZES[0]
        if choice.model == "small":
            names = (files.SMALL,)
        else:
            names = (files.BASE, *(files.CHECKPOINT[one] for one in preprocessors))
            names += tuple(files.DETECTOR[one] for one in preprocessors if uses_content(job))
        return Plan(
            job=job,
            model=choice.model,
            files=tuple(dict.fromkeys(names)),
            device=device,
            precision=precision,
            placement=placement,
            size=_size(job, small.MULTIPLE if choice.model == "small" else 8),
            memory=placing.needed(placement, numbers, _pixels(job, job.size)),
            free=free,
            fitting=min(largest, self._fitting(job, placement, numbers, free, TIGHT if lower else SPARE)),
            remarks=tuple(remarks),
            strengths=strengths,
            scene=scene,
        )

    def _composed(self, job: TextJob, why: Remark, strengths: tuple[float, ...], share: float) -> Plan:
        told = scenes.unread(job.prompt, job.negative_prompt if job.negative_prompt != NEGATIVE_PROMPT else "")
        job, resized = scenes.suited(job)
        scene = scenes.scene_of(job.prompt, job.tile)
        remarks = [why, *scenes.not_understood(scene), *told, *resized]
        return self._with_fast("composer", job, (job.size, job.size), remarks, strengths, share, scene)

    def _painted(self, job: ImageJob, why: Remark, strengths: tuple[float, ...], share: float) -> Plan:
        job, told = painter.suited(job)
        return self._with_fast("painter", job, _size(job, 8), [why, *told], strengths, share)

    def _with_fast(
        self,
        model: str,
        job: DiffusionJob,
        size: tuple[int, int],
        remarks: Sequence[Remark],
        strengths: tuple[float, ...],
        share: float,
        scene: "Scene | None" = None,
    ) -> Plan:
        """The plan of what the fast network paints in StyleShot's place, at a `size` of width and height."""
        told = why_not_gpu(self.settings)
        device = device_of(self.settings)
        styles = [picture.size for picture, _ in job.styles]
        around = 0 if scene is None else 2 * scene.margin
        needed, free, fitting = self._room("fast", max(size) + around, [size, *styles], device, share)
        fitting = max(fitting - around, CLASSICAL_SIZES[-1])
        if model == "painter":  # its brush grows beyond a style strength of 1
            boldest = max(1.0, *(strengths or (job.style_strength,)))
            needed = max(needed, self._cost("fast", min(CLASSICAL_SIZES[0], round(max(size) * boldest)), styles))
        return Plan(
            job=job,
            model=model,
            files=files.PAINTER,
            device=device,
            precision="float32",
            placement=None,
            size=size,
            memory=needed,
            free=free,
            fitting=min(int(fitting * min(size) / max(size)), DIFFUSION_SIZES[0]),  # `job.size` is the short side
            remarks=tuple(remarks) if told is None else (*remarks, told),
            strengths=strengths,
            scene=scene,
        )

    def choose(self, job: DiffusionJob) -> ModelChoice:
        """Which model a job gets now, or why none."""
        kind = "image" if isinstance(job, ImageJob) else "text"
        return self.ready(kind, getattr(job, "preprocessor", "contour"), job.model, follows_sketch(job))

    def _lends(self) -> bool:
        """Whether a GPU is lent by the call, and wanted."""
        return zerogpu.lends() and self.settings.device != "cpu"

    def _lends_to(self, method: str) -> bool:
        """Whether a classical run gets a lent GPU: the other methods take a moment, which is not worth a loan."""
        return method == "optimise" and self._lends()

    def _device(self) -> tuple[str, int | None]:
        """(the device of a StyleShot run, bytes free there). Where a GPU is lent by the call, it is all ours."""
        if self._lends():
            return "cuda", None
        device = device_of(self.settings)
        return device, self.cache.free_bytes(device)

    def _numbers(self, job: DiffusionJob, model: str) -> dict[str, int]:
        """Part -> how many numbers its weights are, of the parts that the job uses."""
        located = files.parts(self.settings, model, preprocessors_of(job)[0])
        counts = located.numbers() if located else {}
        if located and located.converted and uses_content(job) and "controlnet" not in located.folders:
            raise Problem("no_content_fusion", model="StyleShot")
        return {part: count for part, count in counts.items() if part != "controlnet" or uses_content(job)}

    def _fitting(
        self, job: DiffusionJob, placement: Placement, numbers: dict[str, int], free: int | None, share: float
    ) -> int:
        """The largest `size` that fits in the tier that needs least; the smallest of all where none does."""
        if free is None:
            return DIFFUSION_SIZES[0]
        while placement.lower() != placement:
            placement = placement.lower()
        fits = (
            size for size in DIFFUSION_SIZES if placing.needed(placement, numbers, _pixels(job, size)) <= share * free
        )
        return next(fits, DIFFUSION_SIZES[-1])


def defaults(kind: str, model: str | None) -> dict[str, Any]:
    """What the None of a job's field stands for, and what the page shows for it.

    `kind` is "text" or "image", `model` "styleshot", "composer", "painter" or "small".
    """
    if model == "small":
        return {"size": small.SIZE, "guidance_scale": small.GUIDANCE[kind], "negative_prompt": ""}
    return {"size": 512, "guidance_scale": 7.5, "negative_prompt": NEGATIVE_PROMPT}


def smallest(model: str | None) -> int:
    """The smallest side, pixels, that the page offers for a model; None is one whose files are not here."""
    return scenes.SMALLEST if model == "composer" else IMAGE_SIZES[0]


def filled_in(job: DiffusionJob, model: str) -> Any:
    """The job with the model's own value in place of each None, and without a negative prompt that is not read."""
    own = defaults("image" if isinstance(job, ImageJob) else "text", model)
    job = replace(job, **{name: value for name, value in own.items() if getattr(job, name) is None})
    return job if job.guidance_scale > 1 else replace(job, negative_prompt="")


def preprocessors_of(job: DiffusionJob) -> tuple[str, ...]:
    """What of a content picture is looked at; "contour" for the checkpoint that a text job uses, and for its sketch."""
    return job.preprocessors if isinstance(job, ImageJob) else ("contour",)


def follows_sketch(job: DiffusionJob) -> bool:
    """Whether the sketch of the prompt is the job's content picture."""
    return isinstance(job, TextJob) and job.follow_sketch


def content_strength(job: DiffusionJob) -> float:
    """How closely the lines of a content picture are followed, 0 to 2."""
    if isinstance(job, ImageJob):
        return job.content_strength
    return ImageJob.content_strength if job.follow_sketch else 0.0


def uses_content(job: DiffusionJob) -> bool:
    """Whether the job needs a ControlNet and a detector."""
    return content_strength(job) > 0


def _too_little(fitting: int, most: str) -> Problem:
    keys = {
        "size": "out_of_memory",
        "whole": "out_of_memory_whole",
        "brush_size": "out_of_memory_brush_size",
        "keep_background": "out_of_memory_keep_background",
    }
    return Problem(keys[most], size=fitting)


def _pixels(job: DiffusionJob, size: int) -> int:
    if isinstance(job, TextJob):
        return size**2
    return int(size**2 * max(job.content.size) / min(job.content.size))


def _size(job: DiffusionJob, multiple: int) -> tuple[int, int]:
    """Width and height of each picture: as `content.resize_to` makes them of a content picture."""
    if isinstance(job, TextJob):
        return job.size, job.size
    scale = job.size / min(job.content.size)
    width, height = (max(round(side * scale / multiple), 1) * multiple for side in job.content.size)
    return width, height


def _name(picture: Any) -> str | None:
    return picture.info.get("file_name")


def _short(picture: Any) -> str:
    if "pixels_sha256" not in picture.info:
        picture.info["pixels_sha256"] = pictures.digest(picture)
    return picture.info["pixels_sha256"][:16]
