"""Where a picture is to be painted, as its job says: what is found is remembered, so that a slider only paints."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PIL import Image, ImageChops, ImageOps

from styleshot_demo import pictures
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import ClassicalJob, ImageJob
from styleshot_demo.messages import Remark, remark
from styleshot_demo.models import hub
from styleshot_demo.runners.weights import TITLES, short_hash
from styleshot_demo.runtime.cache import ModelCache
from styleshot_demo.settings import Settings

if TYPE_CHECKING:
    import torch

    from styleshot_demo.classical.face_preservation import FaceLocation

KEPT_MASKS = 2
Found = Image.Image | None


@dataclass(frozen=True)
class Where:
    """Where a picture is painted: masks of mode "L" and its size, with their soft edges.

    painted  255 where it is painted at all; None: everywhere
    rest     255 where another style is laid over the first; None: nowhere
    """

    painted: Found
    rest: Found = None


def not_empty(painted: Image.Image, least: int = 1) -> Image.Image:
    """Where to paint, mode "L"; `Problem` nothing_to_paint where it is nowhere as much as `least`, of 255."""
    if cast(tuple[int, int], painted.getextrema())[1] < least:
        raise Problem("nothing_to_paint")
    return painted


class RegionFinder:
    """Finds regions of contents, each a picture of mode "L" and the content's size, 255 where to paint; and faces."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self.settings = settings
        self.cache = cache

    def where(
        self,
        job: ClassicalJob,
        content: Image.Image,
        alpha: Image.Image | None,
        models: dict[str, str],
        notes: list[Remark],
    ) -> Where:
        """Where to paint.

        content, alpha  what is painted, RGB, and its opacity
        models, notes   get the hashes of the networks that were asked, and what a person should know
        """
        kept = self.subject(content, models, notes) if job.keep_background else None
        if kept is None and job.keep_background:
            notes.append(remark("no_subject"))
        region = self.region(job, content, alpha, models, notes)
        if region is None:
            return Where(kept)
        if len(job.paintings) > 1:
            return Where(kept, ImageOps.invert(region))
        if kept is None:
            return Where(not_empty(region))
        # Of two parts that exclude one another, soft edges are left.
        return Where(not_empty(ImageChops.multiply(region, kept), 128))

    def region(
        self,
        job: ClassicalJob | ImageJob,
        content: Image.Image,
        alpha: Image.Image | None,
        models: dict[str, str],
        notes: list[Remark],
    ) -> Found:
        """The region that a job names, with its soft edge; None: everywhere, or there is none. As `where`."""
        found = self._found(job, content, alpha, models, notes)
        if found is None:
            return None
        from styleshot_demo.classical.feather import feathered

        if found.size != content.size:
            # Not by a filter that overshoots: what is black must stay black.
            found = found.resize(content.size, _SMOOTH)
        if job.outside is not (job.region == "background"):  # the background is what is outside of a subject
            found = ImageOps.invert(found)
        return feathered(found, job.feather)

    def _found(
        self,
        job: ClassicalJob | ImageJob,
        content: Image.Image,
        alpha: Image.Image | None,
        models: dict[str, str],
        notes: list[Remark],
    ) -> Found:
        if job.region == "everywhere":
            return None
        if job.region == "mask":
            return job.mask
        if job.region == "alpha":
            found, missing = alpha, "no_alpha"
        elif job.region == "person":
            found, missing = self.person(content, models), "nobody_found"
        else:
            found, missing = self.subject(content, models), "no_subject"
        if found is None and (told := remark(missing)) not in notes:  # as of a background that is kept
            notes.append(told)
        return found

    def subject(self, content: Image.Image, models: dict[str, str], notes: list[Remark] | None = None) -> Found:
        """What stands on a plain background, exactly; else what a network tells from any other, which is a note."""
        from styleshot_demo.classical.background import subject

        found = subject(content)
        if found is None:
            from styleshot_demo.helpers.subject import subject_mask

            models |= short_hash(hub.require("subject", self.settings), self.settings)
            found = self._remembered("subject", "subjects", content, subject_mask)
            if found is not None and notes is not None:
                notes.append(remark("subject_found"))
        return found

    def person(self, content: Image.Image, models: dict[str, str]) -> Found:
        """The people in a picture, by a network."""
        from styleshot_demo.helpers.person import person_mask

        for name in ("faces", "person"):
            models |= short_hash(hub.require(name, self.settings), self.settings)
        return self._remembered("person", "people", content, person_mask)

    def faces(self, content: Image.Image) -> "tuple[list[FaceLocation], dict[str, str]]":
        """(where faces are, hash of the network if it found some)."""
        from styleshot_demo.classical.face_preservation import FaceLocation
        from styleshot_demo.helpers.faces import faces

        key = ("faces", pictures.digest(content))
        places = self.cache.recall(key)
        if places is None:
            boxes = [(face.box, face.size) for face in faces(content)]
            places = [FaceLocation((left + right) / 2, (top + low) / 2, s) for (left, top, right, low), s in boxes]
            self.cache.remember(key, places, TITLES["faces"], KEPT_MASKS, lambda found: 64 * (1 + len(found)))
        return places, short_hash(hub.require("faces", self.settings), self.settings) if places else {}

    def face_mask(self, content: Image.Image, device: str, models: dict[str, str]) -> "torch.Tensor | None":
        """Where the heads of a content are, [1, 1, H, W]; None where it has none. `models` gets the network's hash."""
        from styleshot_demo.classical.face_preservation import head_mask

        places, hashes = self.faces(content)
        models.update(hashes)
        if not places:
            return None
        import torch

        return torch.from_numpy(head_mask(places, content.height, content.width))[None, None].to(device)

    def _remembered(self, kind: str, title: str, content: Image.Image, find: Callable[[Image.Image], Found]) -> Found:
        key = (kind, pictures.digest(content))
        kept = self.cache.recall(key)
        if kept is None:  # remembered even if there is none
            kept = (find(content),)
            size = content.width * content.height
            self.cache.remember(key, kept, TITLES[title], KEPT_MASKS, lambda _: size)
        return kept[0]


_SMOOTH = Image.Resampling.BILINEAR
