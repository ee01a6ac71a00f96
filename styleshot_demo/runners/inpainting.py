"""A part of a photo by StyleShot: around it the photo is kept, in latents and in pixels, or another style paints."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from styleshot_demo import jobs, pictures
from styleshot_demo.events import Step
from styleshot_demo.jobs import ImageJob
from styleshot_demo.messages import Remark, remark
from styleshot_demo.runners.compositing import composite
from styleshot_demo.runners.regions import RegionFinder, not_empty

if TYPE_CHECKING:
    import torch

    from styleshot_demo.styleshot.latent_blending import LatentBlending
    from styleshot_demo.styleshot.pipeline import StyleShotPipeline


Weighted = Sequence[tuple[Image.Image, float]]


@dataclass(frozen=True)
class Inpainting:
    """The part that is painted.

    photo  as large as the pictures, RGB
    mask   the same size, mode "L": 255 where it is painted
    styles, rest  with their weights: what paints it, and what paints around it; None: the photo stays there
    """

    photo: Image.Image
    mask: Image.Image
    styles: Weighted
    rest: Weighted | None

    def composite(self, picture: Image.Image) -> Image.Image:
        """A picture of the size of the photo, with the photo around the part to the byte, where nobody paints there."""
        return composite(self.photo, self.mask, picture) if self.rest is None else picture

    def arguments(self, tokens: "torch.Tensor", strength: float) -> dict[str, Any]:
        """What `StyleShotPipeline.iterate` gets for styles of which the last one paints the rest.

        tokens  of the job's styles, [1, styles, 6, token_dim]
        """
        import torch

        inside = self._share()
        shares = jobs.normalised_weights(self.styles)
        mixed = torch.einsum("bsnd,s->bnd", tokens[:, :-1], torch.tensor(shares).to(tokens))
        # What the ControlNet sees has one set of tokens for all of the picture: each by how much of that it paints.
        area = float(inside.mean())
        return {
            "style_tokens": torch.stack([mixed, tokens[:, -1]], 1),
            "style_strength": [strength, strength],
            "style_weights": [area, 1 - area],
            "style_masks": torch.stack([inside, 1 - inside]),
        }

    def prepare_blending(
        self, pipeline: "StyleShotPipeline", generator: "torch.Generator", device: str
    ) -> "tuple[torch.Tensor, LatentBlending]":
        """(the noise that a run begins with, drawn from the generator as it would have; what keeps the photo in it)."""
        import torch

        from styleshot_demo.styleshot.decoding import encode
        from styleshot_demo.styleshot.latent_blending import LatentBlending
        from styleshot_demo.styleshot.preparing import seeded_noise

        with torch.no_grad():
            pixels = pipeline.image_processor.preprocess(self.photo).to(device)
            photo = encode(pipeline.vae, pixels) * pipeline.vae.config["scaling_factor"]
        noise = seeded_noise(tuple(photo.shape), generator, torch.device(device))
        return noise, LatentBlending(photo, self._share().to(device), noise)

    def _share(self) -> "torch.Tensor":
        """[H, W] in 0..1."""
        import numpy as np
        import torch

        return torch.from_numpy(np.asarray(self.mask).astype(np.float32) / 255)


def inpainting_for(
    job: ImageJob, photo: Image.Image, regions: RegionFinder, models: dict[str, str], notes: list[Remark]
) -> Generator[Step, None, Inpainting | None]:
    """Returns the part of a photo that a job names; None: all of it.

    photo          the job's, RGB, as large as the pictures
    models, notes  as in `RegionFinder.where`
    """
    if job.region in jobs.FOUND:
        yield Step(0.0, remark("finding"))
    mask = regions.region(job, photo, pictures.split_alpha(job.content)[1], models, notes)
    styles, rest = jobs.divided(job.region, job.rest, job.styles)
    if rest is None:
        if mask is None:
            return None
        not_empty(mask)
    return Inpainting(photo, mask or Image.new("L", photo.size, 255), styles, rest)
