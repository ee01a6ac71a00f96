"""`train`: make the networks that come with the program anew, or better."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from styleshot_demo import __version__
from styleshot_demo.cli.network import Feeds, all_opened
from styleshot_demo.cli.paths import in_file, in_folder
from styleshot_demo.cli.report import Commands, asked
from styleshot_demo.cli.train_gallery import gallery
from styleshot_demo.cli.train_options import Device, Out, Precision, Rate, Seed, Steps, check_device
from styleshot_demo.cli.train_small import small
from styleshot_demo.cli.train_stages import add_to
from styleshot_demo.destinations import check_folder
from styleshot_demo.errors import Problem
from styleshot_demo.jobs import choice
from styleshot_demo.settings import ASSETS

CURVE = 40  # points of the loss curve that are kept beside the weights

app = typer.Typer(cls=Commands, help="Train networks from folders of pictures.", no_args_is_help=True)
classical = typer.Typer(cls=Commands, help="The networks of the classical methods.", no_args_is_help=True)
app.add_typer(classical, name="classical")
app.add_typer(small, name="small")
app.command("gallery")(gallery)
add_to(app)  # style, content, teach

Contents = Annotated[Path, in_folder("Folder of photos.")]
Styles = Annotated[Path, in_folder("Folder of paintings.")]
Teacher = Annotated[Path, in_folder("Folder with the teacher, 5SE.pth.")]
Batch = Annotated[int | None, typer.Option(min=1, help="Crops per step.", show_default=False)]
Size = Annotated[int | None, typer.Option(min=64, help="Side of a crop, pixels.", show_default=False)]


@classical.command("encoder")
def encoder(
    contents: Contents,
    styles: Styles,
    teacher: Teacher,
    out: Out,
    steps: Steps = None,
    batch: Batch = None,
    size: Size = None,
    rate: Rate = None,
    seed: Seed = None,
    device: Device = "auto",
    precision: Precision = "auto",
) -> None:
    """Distil the built-in encoder from a teacher. Writes OUT/encoder.safetensors and its JSON.

    The JSON beside the built-in weights says what they were trained with.
    """
    _check(contents, styles, teacher, out, device, precision)
    from styleshot_demo.training.classical_encoder import distil

    given = _given(steps=steps, batch=batch, size=size, rate=rate, seed=seed)
    model = distil(contents, styles, teacher, out, **given, device=device, precision=precision)
    _save(model, {"widths": model.widths}, out, "encoder", contents, styles)


# One piece: its length is its options, each said once.
@classical.command("decoder")
def decoder(
    contents: Contents,
    styles: Styles,
    teacher: Teacher,
    out: Out,
    encoder: Annotated[Path, in_file("The encoder's file.", "the built-in one")] = ASSETS
    / "weights"
    / "encoder.safetensors",
    start: Annotated[Path | None, in_file("Decoder to train further.", "a new one")] = None,
    steps: Steps = None,
    rebuild_steps: Annotated[
        int | None, typer.Option(min=0, help="Steps that only rebuild, first of all.", show_default=False)
    ] = None,
    batch: Batch = None,
    size: Size = None,
    rate: Rate = None,
    seed: Seed = None,
    fused: Annotated[
        list[str] | None,
        typer.Option(
            metavar="relu1_1|relu2_1|relu3_1",
            help="Depth where content features are fed in; repeatable.",
            show_default=False,
        ),
    ] = None,
    blocks: Annotated[
        int | None, typer.Option(min=0, max=8, help="Residual blocks at stride 8.", show_default=False)
    ] = None,
    content_weight: Annotated[
        float | None, typer.Option(min=0, help="Hold on to the photo.", show_default=False)
    ] = None,
    gram_weight: Annotated[float | None, typer.Option(min=0, help="Gram matrices.", show_default=False)] = None,
    moment_weight: Annotated[
        float | None, typer.Option(min=0, help="Means and deviations.", show_default=False)
    ] = None,
    sliced_weight: Annotated[
        float | None, typer.Option(min=0, help="Sliced Wasserstein distance.", show_default=False)
    ] = None,
    network: Annotated[
        list[Path] | None,
        in_file("ONNX file of an image classifier: another network for the losses beside the teacher; repeatable."),
    ] = None,
    network_feed: Feeds = None,
    network_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Their share of the losses.", show_default=False)
    ] = None,
    device: Device = "auto",
    precision: Precision = "auto",
) -> None:
    """Train the decoder of the fast method. Writes OUT/fast.safetensors and its JSON.

    The JSON beside the built-in weights says what they were trained with.
    """
    _check(contents, styles, teacher, out, device, precision)
    from styleshot_demo.classical.decoder import LAYERS
    from styleshot_demo.classical.weights import load_decoder, load_encoder
    from styleshot_demo.training.classical_decoder import DecoderRecipe, train_decoder

    with asked():
        for depth in fused or ():
            choice("fused", depth, LAYERS[1:])
    given = _given(
        steps=steps,
        rebuild_steps=rebuild_steps,
        batch=batch,
        size=size,
        rate=rate,
        seed=seed,
        fused=tuple(fused) if fused else None,
        blocks=blocks,
        content_weight=content_weight,
        gram_weight=gram_weight,
        moment_weight=moment_weight,
        sliced_weight=sliced_weight,
        network_share=network_share,
    )
    model = train_decoder(
        contents,
        styles,
        teacher,
        load_encoder(encoder),
        out,
        DecoderRecipe(**given),
        networks=all_opened(network or [], network_feed or ["torch"]),
        start=load_decoder(start) if start else None,
        device=device,
        precision=precision,
    )
    _save(model, model.architecture, out, "fast", contents, styles)


def _given(**options: Any) -> dict[str, Any]:
    """Only what the person named; the recipe's own defaults stand for the rest."""
    return {name: value for name, value in options.items() if value is not None}


def _check(contents: Path, styles: Path, teacher: Path, out: Path, device: str, precision: str) -> None:
    from styleshot_demo.training.folders import pictures_in

    with asked(str(out)):
        check_folder(out)
    with asked():
        check_device(device, precision)
    for folder in (contents, styles):
        with asked(str(folder)):
            if len(pictures_in(folder)) < 2:
                raise Problem("picture_missing")
    with asked(str(teacher)):
        if not (teacher / "5SE.pth").is_file():
            raise Problem("weights_missing", model="the teacher")


def _save(model: Any, architecture: dict[str, Any], out: Path, name: str, contents: Path, styles: Path) -> None:
    from styleshot_demo.classical.weights import save
    from styleshot_demo.training.core.loop import writing

    path = out / f"{name}.safetensors"
    with writing():
        save(model, path, {"architecture": architecture, "training": _training(out, contents, styles)})
    typer.echo(str(path))


def _training(out: Path, contents: Path, styles: Path) -> dict[str, Any]:
    """How the weights came to be: settings, data, loss curve and the last figures on the pictures held out."""
    from styleshot_demo.training.core.checkpoint import latest
    from styleshot_demo.training.folders import pictures_in, split

    state = latest(out) or {"identity": {}, "step": 0}
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    losses = [{"step": line["step"], **line["loss"]} for line in lines if "loss" in line]
    figures = [{"step": line["step"], **line["validation"]} for line in lines if "validation" in line]
    counts = {
        role: dict(zip(("trained_on", "held_out"), map(len, split(pictures_in(folder))), strict=True))
        for role, folder in (("contents", contents), ("styles", styles))
    }
    return {
        "program": __version__,
        "settings": {**state["identity"], "steps": state["step"]},
        "pictures": counts,
        "loss": losses[:: max(1, len(losses) // CURVE)],
        "validation": figures[-1] if figures else {},
    }
