"""What a job will really be: decided once, before anything is loaded. Every door, runner and record reads it here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PIL import Image

from styleshot_demo import pictures, provenance
from styleshot_demo.events import Result
from styleshot_demo.job_defaults import optimised, preprocessors_of
from styleshot_demo.jobs import ClassicalJob, EnlargeJob, ImageJob, TextJob, seed_of
from styleshot_demo.library.computed import count_of
from styleshot_demo.messages import Remark
from styleshot_demo.needs import too_little
from styleshot_demo.provenance import Record
from styleshot_demo.runners import scenes
from styleshot_demo.runtime.device import kind_of
from styleshot_demo.runtime.memory import SPARE
from styleshot_demo.runtime.placement import Placement

if TYPE_CHECKING:
    from styleshot_demo.compose.scene import Scene
    from styleshot_demo.runners.paintings import RememberedPainting

Job = ClassicalJob | EnlargeJob | TextJob | ImageJob
JobT = TypeVar("JobT", bound=Job, covariant=True)


@dataclass(frozen=True)
class PlannedPicture:
    """One picture to make."""

    seed: int
    preprocessor: str
    style_strength: float


@dataclass(frozen=True)
class Plan(Generic[JobT]):
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
    most        the setting that asks for the most memory, as in `MemoryNeed`
    remembered  what `optimise` would paint, of `ClassicalJob.paintings` each, where all of it is in the cache already,
                so that the run takes a moment; held here, for the cache may drop it while the run waits
    remarks     what a person should know of all this
    scene       what the composer draws, for its own picture or for StyleShot to follow; None where it does not
    """

    job: JobT
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
    scene: "Scene | None" = None
    most: str = "size"
    remembered: "tuple[RememberedPainting, ...]" = ()

    @property
    def fits(self) -> bool:
        """Whether there is memory for it."""
        return self.free is None or self.memory <= SPARE * self.free

    def check(self) -> None:
        """`Problem` out_of_memory, or one that names the setting to blame, where there is not: a machine that swaps is
        of no use to anybody."""
        if not self.fits:
            raise too_little(self.fitting, self.most)

    @property
    def style_pictures(self) -> int:
        """How many pictures the styles of the job consist of, those counted that a kept one stands for."""
        return sum(map(count_of, self._styles()))

    @property
    def by_typical(self) -> bool:
        """Whether of a kept style of many those alone paint that stand for the others: the method takes no more."""
        return self.optimises or (isinstance(self.job, ClassicalJob) and self.job.method == "patches")

    def _styles(self) -> list[Image.Image]:
        return [picture for picture, _ in getattr(self.job, "styles", ())]

    @property
    def optimises(self) -> bool:
        """Whether `optimise` paints: step by step, in minutes."""
        job = self.job
        if isinstance(job, ClassicalJob):
            return job.method == "optimise" and job.strength > 0
        return self.model == "composer" and isinstance(job, TextJob) and optimised(job)

    @property
    def iterations(self) -> int:
        """How many of them `optimise` makes, of all pictures together; where it paints."""
        job = self.job
        return len(job.paintings) * job.steps if isinstance(job, ClassicalJob) else len(self.shots) * ClassicalJob.steps

    @cached_property
    def shots(self) -> tuple[PlannedPicture, ...]:
        """The pictures to make, in their order; for diffusion jobs."""
        job = self.job
        assert isinstance(job, TextJob | ImageJob)
        return tuple(
            PlannedPicture(seed_of(job.seed, n), preprocessor, job.style_strength)
            for preprocessor in preprocessors_of(job)
            for n in range(job.count)
        )

    def settings(self) -> dict[str, Any]:
        """What shaped the result, JSON-ready: of the job as it ran, not as it was asked for."""
        return self._as_it_ran(self.job)

    def _as_it_ran(self, job: Job) -> dict[str, Any]:
        """The settings of the job, or of one that makes a part of its result."""
        settings = job.settings()
        if isinstance(job, TextJob | ImageJob | EnlargeJob):
            settings["model"] = self.model
        return settings if self.scene is None else settings | {"scene": scenes.as_setting(self.scene)}

    def settings_per_image(self) -> list[dict[str, Any]]:
        """For each image of the result the settings that make it and nothing else."""
        job = self.job
        if not isinstance(job, TextJob | ImageJob):
            return [self.settings()]
        return [self._as_it_ran(job.single(n)) for n in range(job.total)]

    def computed(self) -> dict[str, str]:
        """What it was computed on, for the record."""
        placement = {"placement": self.placement.tier} if self.placement else {}
        return {"device": kind_of(self.device), "precision": self.precision, **placement}

    def inputs(self) -> dict[str, Any]:
        """Which pictures went in: their file names, where they are known, and 16 hex digits of a sha256 of each."""
        content, mask = getattr(self.job, "content", None), getattr(self.job, "mask", None)
        styles = self._styles()
        named = {"styles": [_name(picture) for picture in styles], "style_sha256": [_short(one) for one in styles]}
        if isinstance(self.job, EnlargeJob):
            named = {}
        elif not self.by_typical and self.style_pictures > len(styles):
            named["style_pictures"] = [count_of(one) for one in styles]
        if mask is not None:
            named |= {"mask": _name(mask), "mask_sha256": _short(mask)}
        return named if content is None else {"content": _name(content), "content_sha256": _short(content), **named}

    def record(self, number: int = 0, models: Mapping[str, str] | None = None) -> Record:
        """What is written into image `number`: how it alone is made. `models`: name -> hash of the weights used."""
        if isinstance(self.job, EnlargeJob) and self.job.made_by is not None:
            made_by = provenance.enlarged(self.job.made_by, self.job.factor, models or {})
            if made_by is not None:
                return made_by
        settings = self.settings_per_image()[number]
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


def _name(picture: Any) -> str | None:
    return picture.info.get("file_name")


def _short(picture: Any) -> str:
    if "pixels_sha256" not in picture.info:
        picture.info["pixels_sha256"] = pictures.digest(picture)
    return picture.info["pixels_sha256"][:16]
