"""`train small`: the small StyleShot that comes with the program, one command per phase."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from styleshot_demo.cli.paths import in_folder
from styleshot_demo.cli.report import Commands, asked, print_json
from styleshot_demo.cli.train_options import Device, Precision, Rate, Seed, Steps, check_device
from styleshot_demo.destinations import check_folder
from styleshot_demo.errors import Problem
from styleshot_demo.settings import ASSETS

small = typer.Typer(
    cls=Commands,
    help="The small StyleShot, phase by phase: pack, autoencoder, triplets, encoders, joint, content, decoder, export.",
    no_args_is_help=True,
)

Run = Annotated[Path, typer.Argument(file_okay=False, help="Folder of the run; what is in it is continued.")]
RecipeFile = Annotated[
    Path | None,
    typer.Option("--recipe", exists=True, dir_okay=False, help="TOML file in place of the program's own."),
]
Batch = Annotated[int | None, typer.Option(min=1, help="Pictures per step.", show_default=False)]
Start = Annotated[Path | None, in_folder("Exported weights to begin from.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes that make batches ahead.")]
Minutes = Annotated[
    float | None, typer.Option(min=0, help="Stop after so long, with a checkpoint.", show_default=False)
]
Teacher = Annotated[Path | None, in_folder("Folder with the network to compare with (5SE.pth).")]


@small.command("pack")
def pack_command(
    data: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Folder with emoji/, paintings/ and photos/.")
    ],
    run: Run,
    quality: Annotated[int, typer.Option(min=1, max=100, help="Of the pictures; 70 makes about 35 MB.")] = 70,
) -> None:
    """Bring the training pictures into one small file, RUN/pack.zip."""
    from styleshot_demo.training.small import pack, places

    with asked(str(run)):
        check_folder(run)
    print_json(pack.write(data, run / places.PACK, quality))


@small.command("autoencoder")
def autoencoder_command(run: Run, recipe: RecipeFile = None, seed: Annotated[int, typer.Option(min=0)] = 0) -> None:
    """Fit the encoder (principal components of patches) and make the tokenizer; takes a minute."""
    pictures = _pack(run)
    from styleshot_demo.training.small import phases

    print_json(phases.fit(pictures, run, _recipe(recipe, "joint").sizes, seed))


@small.command("triplets")
def triplets_command(
    run: Run,
    things: Annotated[int, typer.Option(min=0, help="Emoji to restyle.")] = 4000,
    photos: Annotated[int, typer.Option(min=0, help="Photos to restyle.")] = 3000,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Restyle emoji and photos with the built-in fast network; resumable, and of use before it is complete."""
    from styleshot_demo.classical.weights import load_fast
    from styleshot_demo.training.small import places, triplets

    weights = ASSETS / "weights"
    fast = load_fast(weights / "encoder.safetensors", weights / "fast.safetensors")
    print_json(triplets.write(_pack(run), run / places.TRIPLETS, fast, things, photos, seed))


def _add_phase(name: str, told: str) -> None:
    """The command of a phase: they differ in their recipe and in what they train."""

    @small.command(name, help=told)
    def command(
        run: Run,
        recipe: RecipeFile = None,
        start: Start = None,
        steps: Steps = None,
        batch: Batch = None,
        rate: Rate = None,
        seed: Seed = None,
        workers: Workers = 1,
        minutes: Minutes = None,
        device: Device = "auto",
        precision: Precision = "auto",
    ) -> None:
        with asked(str(run)):
            check_folder(run)
        from styleshot_demo.training.small import phases

        given = {"steps": steps, "batch": batch, "rate": rate, "seed": seed}
        train = getattr(phases, name)
        _phase(train, run, _recipe(recipe, name, **given), start, workers, minutes, device, precision)


_add_phase("encoders", "Teach the text encoder where things have which colours, the style-aware one what styles share.")
_add_phase("joint", "Train UNet, style-aware encoder and adapter together, from what the encoders know.")
_add_phase("content", "Train the ControlNet on contours, on top of the joint phase.")


@small.command("decoder")
def decoder_command(
    run: Run,
    teacher: Teacher = None,
    steps: Annotated[int, typer.Option(min=1)] = 2500,
    batch: Annotated[int, typer.Option(min=1)] = 8,
    rate: Annotated[float, typer.Option(min=0)] = 1e-3,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    device: Device = "auto",
    precision: Precision = "auto",
) -> None:
    """Train the autoencoder's decoder; can be done before, after or beside the other phases."""
    from styleshot_demo.training.small import decoder

    with asked():
        check_device(device, precision)
    given = decoder.AutoencoderRecipe(steps=steps, batch=batch, rate=rate, seed=seed)
    _fitted(run)
    decoder.train_decoder(_pack(run), run, teacher, given, device, precision)


@small.command("export")
def export_command(
    run: Run,
    to: Annotated[Path, typer.Option(file_okay=False, help="Replaced if it is there.")] = ASSETS
    / "weights"
    / "styleshot-small",
    recipe: RecipeFile = None,
) -> None:
    """Write the averaged weights in half precision, as the program reads them."""
    from styleshot_demo.training.small import export

    with asked(str(to)):
        check_folder(to)
    told = export.export(run, to, _recipe(recipe, "joint").sizes)
    print_json({"parameters": told["parameters"], "bytes": sum(f.stat().st_size for f in to.rglob("*") if f.is_file())})


def _phase(
    train: Any,
    run: Path,
    recipe: Any,
    start: Path | None,
    workers: int,
    minutes: float | None,
    device: str,
    precision: str,
) -> None:
    from styleshot_demo.training.small import places, triplets

    with asked():
        check_device(device, precision)
    began = time.time()
    _fitted(run)
    pictures = _pack(run)
    restyled = triplets.Triplets(run / places.TRIPLETS) if (run / places.TRIPLETS).is_file() else None
    until = None if minutes is None else began + 60 * minutes
    state = train(pictures, restyled, run, recipe, device, precision, start, workers, until=until)
    print_json({"steps": state["step"], "pictures": state["about"]["pictures"]})


def _recipe(path: Path | None, name: str, **changed: Any) -> Any:
    from styleshot_demo.training.small import recipe

    with asked(str(path or "")):
        return recipe.load(path or recipe.FOLDER / f"{name}.toml", **changed)


def _pack(run: Path) -> Any:
    from styleshot_demo.training.small import pack, places

    with asked(str(run)):
        check_folder(run)
        if not (run / places.PACK).is_file():
            raise Problem("no_training_pictures")
        return pack.Pack(run / places.PACK)


def _fitted(run: Path) -> None:
    from styleshot_demo.training.small import places

    with asked(str(run)):
        check_folder(run)
        if not (run / places.AUTOENCODER).is_dir():
            raise Problem("phase_missing", phase="autoencoder")
