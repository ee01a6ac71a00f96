"""`train style`, `train content` and `train teach`: StyleShot's own stages, and a finished StyleShot taught a style.

The same commands run on many processes: `accelerate launch -m styleshot_demo train style ...`.
"""

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from styleshot_demo.cli.paths import in_folder
from styleshot_demo.cli.report import asked, settings_asked, tell_problem
from styleshot_demo.cli.train_options import Out
from styleshot_demo.destinations import check_folder
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import choice

if TYPE_CHECKING:
    from styleshot_demo.settings import Settings
    from styleshot_demo.training.stages.parts import Base, StyleShot
    from styleshot_demo.training.stages.recipe import StageRecipe
    from styleshot_demo.training.stages.stage import Stage

Data = Annotated[
    Path,
    typer.Option(
        exists=True,
        help="Gallery: a .jsonl file, a folder of `train gallery`, of .tar shards, or of pictures by style.",
        show_default=False,
    ),
]
BaseFolder = Annotated[
    Path | None,
    typer.Option(
        "--base",
        exists=True,
        file_okay=False,
        help="Stable Diffusion 1.5 as a diffusers folder.",
        show_default="the one on this machine",
    ),
]
Balance = Annotated[float, typer.Option(min=0, max=1, help="0: styles as they are; 1: every style the same.")]
Prompt = Annotated[
    list[str] | None,
    typer.Option(help="Painted in the validation pictures; repeatable.", show_default="captions of the gallery"),
]
Preprocessor = Annotated[str, typer.Option(metavar="contour|lineart", help="What the content pictures are.")]
START = in_folder("Folder of a StyleShot to go on from.")

# Option of the shell -> field of the recipe, type, what it says.
SHARED: dict[str, tuple[str, type, str]] = {
    "steps": ("steps", int, "Weight updates in all, also of a continued run."),
    "batch": ("batch", int, "Examples at once in each process."),
    "accumulate": ("accumulate", int, "Batches that make one update."),
    "rate": ("rate", float, "Highest learning rate."),
    "decay": ("decay", float, "Weight decay."),
    "schedule": ("schedule", str, "constant or cosine."),
    "warmup": ("warmup", int, "Updates until the highest learning rate."),
    "clip": ("clip", float, "Highest norm of the gradients; 0: no clipping."),
    "ema": ("average", float, "Decay of a moving average of the weights; 0: none."),
    "seed": ("seed", int, "Same seed, same run."),
    "resolution": ("resolution", int, "Side of the training pictures, pixels."),
    "precision": ("precision", str, "no (float32), fp16, bf16; auto: what `accelerate launch` was told."),
    "checkpointing": ("checkpointing", bool, "Less memory, a third more time."),
    "workers": ("workers", int, "Processes that read pictures, for each training process."),
    "checkpoint_every": ("checkpoint_every", int, "Updates between checkpoints."),
    "validate_every": ("validate_every", int, "Updates between validation pictures; 0: none."),
}
# Few pictures are soon learnt, and a finished StyleShot is soon forgotten.
TEACHING = {
    "steps": 600,
    "rate": 2e-5,
    "schedule": "cosine",
    "warmup": 50,
    "clip": 1.0,
    "checkpoint_every": 200,
    "validate_every": 200,
}


def add_to(app: typer.Typer) -> None:
    """Makes the three commands part of `app`."""
    app.command("style")(_with_recipe(style))
    app.command("content")(_with_recipe(content))
    app.command("teach")(_with_recipe(teach, **TEACHING))


def style(
    data: Data,
    out: Out,
    vision: Annotated[
        Path | None, in_folder("Folder of the CLIP to begin with (published: OpenCLIP ViT-H/14).")
    ] = None,
    start: Annotated[Path | None, START] = None,
    base: BaseFolder = None,
    balance: Balance = 0.5,
    prompt: Prompt = None,
    *,
    recipe: "StageRecipe",
) -> None:
    """Stage 1: train the style-aware encoder and the adapters. Writes OUT/models, for STYLESHOT_MODELS.

    A new StyleShot begins with --vision, another one goes on from --start.
    """
    from styleshot_demo.training.stages.parts import begin, load_styleshot, styleshot_folder
    from styleshot_demo.training.stages.style import style_stage

    settings = settings_asked()
    with asked():
        if (vision is None) == (start is None):
            raise Problem("vision_or_start")
    where = _named(start, lambda: styleshot_folder(settings, start)) if start else None

    def make(parts: "Base") -> "tuple[StyleShot, Stage]":
        if vision:
            own = begin(parts.unet, vision, recipe.seed)
        else:
            assert where is not None  # one of the two is named
            own = load_styleshot(where, parts.unet)
        return own, style_stage(parts, own)

    _train(make, data, out, base, balance, prompt, recipe, settings)


def content(
    data: Data,
    out: Out,
    start: Annotated[
        Path | None, in_folder("Folder of a StyleShot, such as OUT of stage 1.", "the one on this machine")
    ] = None,
    base: BaseFolder = None,
    preprocessor: Preprocessor = "contour",
    anew: Annotated[
        bool, typer.Option("--anew/--go-on", help="Make content fusion from the UNet, or go on from the start's own.")
    ] = True,
    balance: Balance = 0.5,
    prompt: Prompt = None,
    *,
    recipe: "StageRecipe",
) -> None:
    """Stage 2: train content fusion. Writes OUT/models, for STYLESHOT_MODELS."""
    from styleshot_demo.training.stages.content import content_stage
    from styleshot_demo.training.stages.parts import load_styleshot, styleshot_folder

    settings = settings_asked()
    with asked():
        choice("preprocessor", preprocessor, ("contour", "lineart"))
    where = _named(start, lambda: styleshot_folder(settings, start))

    def make(parts: "Base") -> "tuple[StyleShot, Stage]":
        own = load_styleshot(where, parts.unet)
        return own, content_stage(parts, own, anew)

    _train(make, data, out, base, balance, prompt, recipe, settings, preprocessor, contents=True)


def teach(
    data: Data,
    out: Out,
    start: Annotated[Path | None, in_folder("Folder of a StyleShot.", "the one on this machine")] = None,
    base: BaseFolder = None,
    method: Annotated[
        str, typer.Option(metavar="adapter|lora", help="Change the adapters, or add low-rank changes to them.")
    ] = "adapter",
    rank: Annotated[int, typer.Option(min=1, max=256, help="Rank of lora's changes.")] = 16,
    preprocessor: Preprocessor = "contour",
    balance: Balance = 0.5,
    prompt: Prompt = None,
    *,
    recipe: "StageRecipe",
) -> None:
    """Teach a finished StyleShot one style from 20 to 200 pictures. Writes OUT/models, for STYLESHOT_MODELS."""
    from styleshot_demo.training.stages.parts import load_styleshot, styleshot_folder
    from styleshot_demo.training.stages.teach import METHODS, teach_stage

    settings = settings_asked()
    with asked():
        choice("method", method, METHODS)
        choice("preprocessor", preprocessor, ("contour", "lineart"))
    where = _named(start, lambda: styleshot_folder(settings, start, preprocessor))

    def make(parts: "Base") -> "tuple[StyleShot, Stage]":
        own = load_styleshot(where, parts.unet)
        return own, teach_stage(parts, own, method, rank, recipe.seed)

    _train(make, data, out, base, balance, prompt, recipe, settings, preprocessor)


def _train(
    make: "Callable[[Base], tuple[StyleShot, Stage]]",
    data: Path,
    out: Path,
    base: Path | None,
    balance: float,
    prompts: list[str] | None,
    recipe: "StageRecipe",
    settings: "Settings",
    preprocessor: str = "contour",
    contents: bool = False,
) -> None:
    from styleshot_demo.training.gallery.opening import open_gallery
    from styleshot_demo.training.stages import export
    from styleshot_demo.training.stages.parts import base_folder, load_base
    from styleshot_demo.training.stages.runner import accelerator_of, train

    with _one_voice():
        folder = _named(base, lambda: base_folder(settings, base))
        with asked(str(data)):
            gallery = open_gallery(
                data,
                seed=recipe.seed,
                balance=balance,
                control=preprocessor,
                contents=contents,
                report=_left_out,
            )
        parts = load_base(folder)
        styleshot, stage = make(parts)
        accelerator = accelerator_of(recipe, cpu=settings.device == "cpu")
        state = train(stage, parts, gallery, recipe, out, accelerator, prompts or ())
        if accelerator.is_main_process:
            models = export.write(state, parts.unet, styleshot, out, folder, settings, preprocessor)
            typer.echo(str(models))
        accelerator.wait_for_everyone()
        accelerator.end_training()


def _left_out(name: str, problem: Problem) -> None:
    from tqdm import tqdm

    with tqdm.external_write_mode():  # the progress bar stays below what is told
        tell_problem(problem, f"Left out: {name}")


@contextmanager
def _one_voice() -> Iterator[None]:
    """Of many processes that meet the same problem, the first one tells of it."""
    try:
        yield
    except Problem:
        if int(os.environ.get("RANK", 0)):
            raise typer.Exit(1) from None
        raise


def _named(given: Path | None, find: Callable[[], Path]) -> Path:
    """A folder that a person named has to be what it is named as; what is missing on the machine is another matter."""
    with asked() if given else nullcontext():
        return find()


def _with_recipe(command: Callable[..., None], **defaults: Any) -> Callable[..., None]:
    """The command with an option for each field of the recipe, in place of its argument `recipe`."""

    def run(**given: Any) -> None:
        from styleshot_demo.training.stages.recipe import StageRecipe

        with asked(str(given["out"])):
            check_folder(given["out"])
        with asked():
            chosen = {field: given.pop(option) for option, (field, _, _) in SHARED.items()}
            recipe = StageRecipe(**chosen)
        command(**given, recipe=recipe)

    own = [one for one in inspect.signature(command).parameters.values() if one.name != "recipe"]
    standard = _defaults() | defaults
    shared = [
        inspect.Parameter(
            option,
            inspect.Parameter.KEYWORD_ONLY,
            default=standard[field],
            annotation=Annotated[kind, typer.Option(help=text)],
        )
        for option, (field, kind, text) in SHARED.items()
    ]
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + shared
    run.__signature__ = inspect.Signature(parameters)
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    run.__doc__, run.__name__ = command.__doc__, command.__name__
    return run


def _defaults() -> dict[str, Any]:
    from styleshot_demo.training.stages.recipe import StageRecipe

    return {field.name: field.default for field in fields(StageRecipe)}
