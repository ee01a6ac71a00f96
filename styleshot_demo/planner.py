"""The one who decides what a job will be. It asks the disk and the device, and loads nothing."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.job_defaults import (
    NEGATIVE_PROMPT,
    DiffusionJob,
    filled_in,
    follows_sketch,
    optimised,
    pixels_of,
    preprocessors_of,
    side_of,
    size_of,
    uses_content,
)
from styleshot_demo.jobs import (
    FOUND,
    WHOLE_METHODS,
    ClassicalJob,
    EnlargeJob,
    ImageJob,
    TextJob,
    moved,
    style_size_for,
)
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.needs import (
    BYTES_PER_ENLARGED,
    BYTES_PER_TILE,
    BYTES_TO_FIND,
    DIFFUSION_SIZES,
    SIZES_TO_FIT,
    TIGHT,
    WHOLE_BYTES,
    MemoryNeed,
    bytes_to_find,
    classical_bytes,
)
from styleshot_demo.plan import Job, Plan
from styleshot_demo.runners import painter, scenes, small
from styleshot_demo.runners import weights as files
from styleshot_demo.runners.paintings import RememberedPainting, remembered_paintings
from styleshot_demo.runners.styles import told_of_groups
from styleshot_demo.runners.weights import ModelChoice
from styleshot_demo.runtime import placement as placing
from styleshot_demo.runtime import zerogpu
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.runtime.device import device_of, why_not_gpu
from styleshot_demo.runtime.memory import SPARE
from styleshot_demo.runtime.placement import Placement
from styleshot_demo.runtime.precision import precision_of
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    from styleshot_demo.compose.scene import Scene


class Planner:
    """Makes plans. It asks the disk and the device, loads nothing, and is the only one who decides."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self.settings = settings
        self.cache = cache

    def plan(
        self, job: Job, *, lower: bool = False, acquire: bool = True, held: tuple[RememberedPainting, ...] = ()
    ) -> Plan:
        """What a job will be. `lower`: memory has just run out, so take a tier of placement that needs less, and trust
        estimates of what fits only half as far. `acquire`: where GPUs are lent by the call (ZeroGPU), for such a call.
        `held`: `Plan.remembered` of an earlier plan of this job, whatever has become of it in the cache.

        Raises `Problem` where it cannot run at all (no weights, no such device). Whether there is memory for it is
        `Plan.fits`.
        """
        if isinstance(job, EnlargeJob):
            return self._enlarge(job, TIGHT if lower else SPARE)
        if not isinstance(job, ClassicalJob | TextJob | ImageJob):
            raise TypeError(f"a {type(job).__name__} is no job")
        if isinstance(job, ClassicalJob):
            plan = self._classical(job, TIGHT if lower else SPARE, acquire, held)
        else:
            plan = self._diffusion(job, lower, acquire)
        return replace(plan, remarks=(*plan.remarks, *told_of_groups(plan)))

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
        region: str = "everywhere",
    ) -> MemoryNeed:
        """What a classical run will take, before there is a job: as its plan will say.

        content, styles  (width, height) of the pictures, as far as they are known; the others as in `ClassicalJob`
        """
        own = content is not None and whole and method in WHOLE_METHODS
        styles_at = style_size_for(
            max(content) if own and content else size, own, None if method == "colour" else brush_size
        )
        room = self._whole_room(
            method,
            size,
            content,
            styles,
            device_of(self.settings),
            SPARE,
            own,
            styles_at,
            _finding(keep_background, region),
        )
        return replace(room, free=None, fitting=SIZES_TO_FIT[0]) if self._lends_to(method) else room

    # Classical ---------------------------------------------------------------------------------------------------

    def _classical(self, job: ClassicalJob, share: float, acquire: bool, held: tuple[RememberedPainting, ...]) -> Plan:
        lent = acquire and job.strength > 0 and self._lends_to(job.method)
        device = "cuda" if lent else device_of(self.settings)
        styles = [picture.size for picture, _ in job.styles]
        finding = _finding(job.keep_background, job.region)
        room = self._whole_room(
            job.method,
            job.size,
            job.content.size,
            styles,
            "cpu" if lent else device,
            share,
            job.at_own_size,
            job.style_size,
            finding,
        )
        needed = 0 if job.strength == 0 else room.needed  # the content as it is
        free, fitting = (None, SIZES_TO_FIT[0]) if lent else (room.free, room.fitting)
        remarks = [] if (told := why_not_gpu(self.settings)) is None else [told]
        if job.whole and not job.at_own_size:
            remarks.append(remark("whole_not_optimised", size=job.size))
        remarks += _rest_told(job)
        names, told_of = self._networks(job.method)
        remarks += told_of
        if 0 < job.opacity < 1:
            remarks.append(remark("blended", strength=f"{job.paintings[0].strength:g}"))
        size = pictures.longest_at(job.content.size, job.longest)
        plan = Plan(
            job, job.method, names, device, "float32", None, size, needed, free, fitting, tuple(remarks), most=room.most
        )
        remembered = held or remembered_paintings(plan, self.cache)
        if not remembered:
            return plan
        return replace(plan, remembered=remembered, memory=0 if finding is None else BYTES_TO_FIND)

    def _networks(self, method: str) -> tuple[tuple[str, ...], list[Remark]]:
        """(the catalogue's models that a classical method paints with, what a person should know of that)."""
        if method != "optimise":
            return files.PAINTER if method == "fast" else (), []
        if hub.find("vgg19", self.settings).here:
            return ("vgg19", *files.PAINTER), [remark("features_vgg")]
        return files.PAINTER, [remark("features_builtin")]

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
        finding: str | None,
    ) -> MemoryNeed:
        """`_room` with all that can make a run larger than its size alone; `finding` names what has a network look."""
        needed, free, fitting = self._room(method, size, [*([content] if content else []), *styles], device, share)
        needs = {"size": needed}
        if at_own_size and content:
            fixed, each, most = WHOLE_BYTES[method]
            needs = {"whole": min(fixed + each * math.prod(content), most)}
        elif styles_at > size:
            needs["brush_size"] = classical_bytes(method, styles_at, styles)
        if finding is not None:
            needs[finding] = BYTES_TO_FIND
        greatest = max(needs, key=needs.__getitem__)
        return MemoryNeed(needs[greatest], free, fitting, greatest)

    def _room(
        self, method: str, size: int, shapes: Sequence[tuple[int, int]], device: str, share: float
    ) -> tuple[int, int, int]:
        free = self.cache.free_bytes(device)
        fits = (side for side in SIZES_TO_FIT if classical_bytes(method, side, shapes) <= share * free)
        return classical_bytes(method, size, shapes), free, next(fits, SIZES_TO_FIT[-1])

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

    def _diffusion(self, job: DiffusionJob, lower: bool, acquire: bool) -> Plan:
        choice = self.choose(job)
        if choice.model is None or choice.why is None:
            raise choice.problem()
        remarks = [choice.why]
        if choice.model == "composer" and isinstance(job, TextJob):
            return self._composed(job, choice.why, TIGHT if lower else SPARE, acquire)
        if choice.model == "painter" and isinstance(job, ImageJob):
            return self._painted(job, choice.why, TIGHT if lower else SPARE)
        asked, job = job, filled_in(job, choice.model)
        if asked.negative_prompt and not job.negative_prompt:
            remarks.append(remark("negative_prompt_unused"))
        remarks += _rest_told(job)
        if getattr(job, "tile", False):
            job = replace(job, tile=False)
            remarks.append(remark("tile_not_composed"))
        if optimised(job):
            job = replace(job, painted_by=TextJob.painted_by)
            remarks.append(remark("optimise_not_composed"))
        if choice.model == "small":
            job, told = small.adapt_job(job, files.small_folder(self.settings))
            remarks += [remark("preview_model"), *told]
        scene = None
        if isinstance(job, TextJob):
            if not job.prompt.strip():
                remarks.append(remark("no_words"))
            scene = scenes.followed(job.prompt, job.moved) if follows_sketch(job) else None
            job = replace(job, moved=moved.as_text({} if scene is None else scene.places))
        if scene is not None:
            remarks += scenes.not_in_sketch(scene)
        numbers = self._numbers(job, choice.model)
        device, free = self._device()
        precision = precision_of(self.settings, device)
        if free is None:
            placement = Placement("resident", device, precision, offloading=False)
        else:
            wanted = self.settings.placement
            placement = placing.choose(wanted, device, precision, free, numbers, pixels_of(job, side_of(job)))
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
            size=size_of(job, small.multiple_of(choice.model)),
            memory=max(placing.needed(placement, numbers, pixels_of(job, side_of(job))), bytes_to_find(job)),
            free=free,
            fitting=min(largest, self._fitting(job, placement, numbers, free, TIGHT if lower else SPARE)),
            remarks=tuple(remarks),
            scene=scene,
        )

    def _composed(self, job: TextJob, why: Remark, share: float, acquire: bool) -> Plan:
        method = "optimise" if optimised(job) else "fast"
        if method == "optimise":
            why = remark("model_composer_optimise")
            if job.tile:
                raise Problem("optimise_no_tile")
        told = scenes.unread(job.prompt, job.negative_prompt if job.negative_prompt != NEGATIVE_PROMPT else "")
        job, resized = scenes.adapt_job(job)
        scene = scenes.scene_of(job.prompt, job.tile, job.moved)
        job = replace(job, moved=moved.as_text(scene.places))  # without those of things that are not there
        remarks = [why, *scenes.not_understood(scene), *told, *resized]
        lent = acquire and self._lends_to(method)
        return self._in_its_place("composer", job, (side_of(job), side_of(job)), remarks, share, scene, method, lent)

    def _painted(self, job: ImageJob, why: Remark, share: float) -> Plan:
        job, told = painter.adapt_job(job)
        return self._in_its_place("painter", job, size_of(job, 8), [why, *told], share)

    def _in_its_place(
        self,
        model: str,
        job: DiffusionJob,
        size: tuple[int, int],
        remarks: Sequence[Remark],
        share: float,
        scene: "Scene | None" = None,
        method: str = "fast",
        lent: bool = False,
    ) -> Plan:
        """The plan of what a classical method paints in StyleShot's place, at a `size` of width and height."""
        told = why_not_gpu(self.settings)
        device = "cuda" if lent else device_of(self.settings)
        names, told_of = self._networks(method)
        remarks = [*remarks, *told_of, *_rest_told(job)]
        styles = [picture.size for picture, _ in job.styles]
        around = 0 if scene is None else 2 * scene.margin
        shapes, own = [size, *styles], "cpu" if lent else device
        needed, free, fitting = self._room(method, max(size) + around, shapes, own, share)
        fitting = SIZES_TO_FIT[0] if lent else fitting
        fitting = max(fitting - around, SIZES_TO_FIT[-1])
        if model == "painter":  # its brush grows beyond a style strength of 1
            boldest = max(1.0, job.style_strength)
            bold = classical_bytes("fast", min(SIZES_TO_FIT[0], round(max(size) * boldest)), styles)
            needed = max(needed, bold, bytes_to_find(job))
        return Plan(
            job=job,
            model=model,
            files=names,
            device=device,
            precision="float32",
            placement=None,
            size=size,
            memory=needed,
            free=None if lent else free,
            fitting=min(int(fitting * min(size) / max(size)), DIFFUSION_SIZES[0]),  # `job.size` is the short side
            remarks=tuple(remarks) if told is None else (*remarks, told),
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
            size for size in DIFFUSION_SIZES if placing.needed(placement, numbers, pixels_of(job, size)) <= share * free
        )
        return next(fits, DIFFUSION_SIZES[-1])


def _rest_told(job: Job) -> list[Remark]:
    """That no style paints the rest of the picture, where that was asked for."""
    asked = isinstance(job, ClassicalJob | ImageJob) and job.region != "everywhere" and job.rest == "last"
    return [remark("rest_needs_style")] if asked and len(job.styles) < 2 else []


def _finding(keep_background: bool, region: str) -> str | None:
    """The setting by which a network looks for something in the photo; None where none does."""
    return "keep_background" if keep_background else "region" if region in FOUND else None
