"""Stage 2: the content fusion encoder (StyleShot, arXiv:2407.01414, section 3.5)."""

from diffusers import ControlNetModel

from styleshot_demo.training.stages.objective import CONTENT_BOUNDS, Objective
from styleshot_demo.training.stages.parts import Base, StyleShot
from styleshot_demo.training.stages.stage import Stage


def content_stage(base: Base, styleshot: StyleShot, anew: bool = True) -> Stage:
    """The ControlNet alone learns. `anew`: it is made from the UNet, as published, also where there is one already."""
    if anew or styleshot.controlnet is None:
        styleshot.controlnet = ControlNetModel.from_unet(base.unet)
    parts = (base.unet, styleshot.style_encoder, styleshot.adapter, base.scheduler, styleshot.controlnet)
    objective = Objective(*parts).requires_grad_(False)
    styleshot.controlnet.requires_grad_(True)
    return Stage("content", objective, CONTENT_BOUNDS, uses_content=True)
