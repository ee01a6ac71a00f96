"""`train gallery`: a set of pictures that StyleShot can be trained on, from a folder for each style."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from styleshot_demo.cli.report import ProgressLine, asked, print_json, settings_asked, tell_problem
from styleshot_demo.cli.train_options import Device, check_device
from styleshot_demo.destinations import check_folder
from styleshot_demo.jobs import choice

CONTOURS = ("auto", "hed", "edges")
DETECTORS = {"hed": "HED", "edges": "difference of Gaussians, without weights", "lineart": "lineart network"}


def gallery(
    source: Annotated[
        Path,
        typer.Argument(exists=True, help="Folder with a sub-folder for each style, or a JSON lines file."),
    ],
    out: Annotated[Path, typer.Argument(file_okay=False, help="Folder for the gallery; a run in it is continued.")],
    per_style: Annotated[
        int | None, typer.Option(min=1, help="At most so many pictures of a style, at random.", show_default="all")
    ] = None,
    size: Annotated[int, typer.Option(min=64, help="Short side in pixels that larger pictures are brought to.")] = 512,
    lines: Annotated[
        list[str] | None,
        typer.Option(metavar="contour|lineart|none", help="Content pictures; repeatable.", show_default="all there is"),
    ] = None,
    contour: Annotated[
        str, typer.Option(metavar="|".join(CONTOURS), help="Contours by HED, or without weights; auto: HED if there.")
    ] = "auto",
    shard: Annotated[
        int | None,
        typer.Option(min=1, help="Write WebDataset shards of so many pictures.", show_default="single files"),
    ] = None,
    keep_words: Annotated[bool, typer.Option("--keep-words", help="Leave words of style in captions.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same gallery.")] = 0,
    device: Device = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a training set: styles balanced, captions without words of style, contours and line drawings made ahead.

    Captions come from a text file beside each picture, from metadata.jsonl or metadata.csv, or from file names.
    """
    from styleshot_demo.training.gallery import controls
    from styleshot_demo.training.gallery.builder import GalleryRecipe, build

    settings = settings_asked()
    with asked(str(out)):
        check_folder(out)
    with asked():
        kinds = _kinds(lines)
        choice("contour", contour, CONTOURS)
        check_device(device)
    plan = controls.plan(settings, kinds, contour)
    for kind, detector in plan.detectors.items():
        typer.echo(f"{kind}: {DETECTORS[detector]}", err=True)
    for kind in plan.missing:
        typer.echo(f"{kind}: left out, because the files of its detector are not on this machine", err=True)

    with ProgressLine() as progress:
        done = build(
            source,
            out,
            GalleryRecipe(per_style=per_style, size=size, seed=seed, shard=shard, words=keep_words),
            plan,
            controls.ConditionRenderer(plan, settings, _place(device, plan.detectors)),
            lambda count, total: progress.show(count / total, f"Picture {count} of {total}", "picture"),
            lambda name, problem: tell_problem(problem, f"Left out: {name}"),
        )
    if as_json:
        print_json({**asdict(done), "lines": plan.detectors})
        return
    held = f" in {done.shards} shards" if done.shards else ""
    left = f"; {done.left_out} left out" if done.left_out else ""
    typer.echo(f"{done.pictures} pictures in {done.styles} styles{held}{left}: {out}")


def _kinds(lines: list[str] | None) -> tuple[str, ...] | None:
    from styleshot_demo.training.gallery.controls import KINDS

    if lines is None:
        return None
    for kind in lines:
        choice("lines", kind, (*KINDS, "none"))
    return tuple(kind for kind in KINDS if kind in lines)


def _place(device: str, detectors: dict[str, str]) -> str:
    """The device for these detectors; without networks nothing is gained by a GPU, nor is torch needed."""
    if device != "auto" or not set(detectors.values()) & {"hed", "lineart"}:
        return "cpu" if device == "auto" else device
    from styleshot_demo.runtime.device import device_of, is_cuda

    found = device_of(settings_asked())
    return found if is_cuda(found) else "cpu"
