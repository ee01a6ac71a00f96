"""The command line, from outside: what it prints where, how it ends, and what it does not load."""

import io
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from classifiers import save_onnx
from PIL import Image, ImageChops
from typer.testing import CliRunner

from styleshot_demo import ClassicalJob, Settings, Studio, cli, jobs, pictures, provenance
from styleshot_demo.cli import classical as command
from styleshot_demo.cli.app import app
from styleshot_demo.cli.report import ProgressLine
from styleshot_demo.errors import Problem
from styleshot_demo.models import hub
from styleshot_demo.models.catalogue import MODELS

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = [
    [],
    ["classical"],
    ["batch"],
    ["text"],
    ["image"],
    ["grid"],
    ["enlarge"],
    ["mask"],
    ["serve"],
    ["provenance"],
    ["styles"],
    *(["styles", name] for name in ("list", "save", "add", "show", "rename", "delete", "undo", "export", "import")),
    ["models"],
    ["models", "list"],
    ["models", "fetch"],
    ["models", "convert"],
    ["bench"],
    ["bench", "classical"],
    ["bench", "styleshot"],
    ["bench", "batch"],
    ["evaluate"],
    ["evaluate", "classical"],
    ["evaluate", "small"],
    ["train"],
    ["train", "gallery"],
    ["train", "style"],
    ["train", "content"],
    ["train", "teach"],
    ["train", "small"],
    ["train", "small", "joint"],
    ["train", "classical"],
    ["train", "classical", "encoder"],
    ["train", "classical", "decoder"],
]


def run(*args: object):
    return CliRunner().invoke(app, [str(arg) for arg in args])


def sentences(text: str) -> None:
    """Asserts that an error is two sentences, and neither a traceback nor a place on this machine."""
    assert text.count("\n") == 1
    assert len(re.findall(r"[.](?= |\n)", text)) >= 2
    assert "Traceback" not in text
    assert str(ROOT) not in text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """photo.png, wave.png, moon.png and text.png, which is no picture; the current folder during the test."""
    across = Image.linear_gradient("L").rotate(90)
    Image.merge("RGB", (across, Image.linear_gradient("L"), across.rotate(180))).crop((0, 0, 256, 160)).save(
        tmp_path / "photo.png"
    )
    Image.effect_noise((128, 128), 80).convert("RGB").save(tmp_path / "wave.png")
    Image.new("RGB", (64, 64), (200, 40, 20)).save(tmp_path / "moon.png")
    (tmp_path / "text.png").write_text("no picture")
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


# Help ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(words: list[str]) -> None:
    done = run(*words, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout
    assert not done.stderr


def test_the_help_of_classical_names_every_field_of_the_job() -> None:
    text = run("classical", "--help").stdout
    for name in jobs.check_each(jobs.ClassicalJob):
        assert f"--{name.replace('_', '-')}" in text
    for choices in (jobs.METHODS, jobs.TRANSFORMS, jobs.STARTS, jobs.OPTIMISERS, jobs.COLOUR_METHODS):
        assert "|".join(choices) in text


def test_defaults_are_those_of_the_job(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(command, "ClassicalJob", lambda *args, **fields: asked.append(fields) or ClassicalJob(*args))
    assert run("classical", "photo.png", "moon.png", "-o", "out.png").exit_code == 0
    default = ClassicalJob(Image.new("RGB", (32, 32)), [Image.new("RGB", (32, 32))])
    assert asked == [{"mask": None, **{name: getattr(default, name) for name in jobs.check_each(jobs.ClassicalJob)}}]


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    asked = [["classical", "--help"], ["--help"], ["train", "classical", "decoder", "--help"]]
    heavy = ("torch", "numpy", "gradio", "diffusers", "transformers", "controlnet_aux", "huggingface_hub", "cv2")
    code = (
        "import runpy, sys, time\n"
        f"for words in {asked!r}:\n"
        "    sys.argv = ['styleshot_demo', *words]\n"
        "    try:\n        runpy.run_module('styleshot_demo', run_name='__main__')\n"
        "    except SystemExit as end:\n        assert not end.code\n"
        f"    print('LOADED', *[name for name in {heavy!r} if name in sys.modules])\n"
        "    print('SECONDS', time.process_time())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    told = [line.split() for line in done.stdout.splitlines()]
    assert [line for line in told if line[:1] == ["LOADED"]] == [["LOADED"]] * 3
    first, *_ = (float(line[1]) for line in told if line[:1] == ["SECONDS"])
    assert first < 2


def test_version_and_no_arguments() -> None:
    from styleshot_demo import __version__

    assert run("--version").stdout.strip() == __version__
    assert run().exit_code == 2


def test_a_misspelt_command_ends_with_2() -> None:
    done = run("clasical")
    assert done.exit_code == 2
    assert "classical" in done.stderr and "Traceback" not in done.stderr


def test_the_module_runs_as_a_program(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "styleshot_demo", "provenance", "photo.png"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"photo.png: {Problem('no_provenance')}\n"


# classical ----------------------------------------------------------------------------------------------------------


def test_classical_paints_and_says_what_it_did(folder: Path) -> None:
    args = ("photo.png", "wave.png", "moon.png", "-o", "out.png", "--weight", 3, "--weight", 1)
    done = run("classical", *args, "--strength", 0.8, "--size", 256, "--seed", 7, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"files", "seed", "seconds", "models", "notes", "settings", "plan", "inputs"}
    assert told["files"] == ["out.png"]
    assert told["seed"] == 7 and told["seconds"] > 0
    assert set(told["models"]) == {"encoder", "fast"}
    assert told["settings"]["strength"] == 0.8
    assert told["settings"]["style_weights"] == [3, 1]
    assert "%" in done.stderr and "Painting" in done.stderr
    with Image.open("out.png") as image:
        assert image.size == (256, 160)
    assert provenance.read("out.png").settings == told["settings"]


def test_the_shell_paints_what_python_paints(folder: Path) -> None:
    done = run("classical", "photo.png", "wave.png", "-o", "out.png", "--size", 256, "--transform", "adain", "-q")
    assert done.exit_code == 0 and not done.stderr
    assert "out.png  256 x 160, seed 0" in done.stdout
    job = ClassicalJob("photo.png", ["wave.png"], size=256, transform="adain")
    expected = Studio(Settings()).finish(job).images[0]
    with Image.open("out.png") as image:
        assert image.tobytes() == expected.tobytes()


def test_colours_of_one_style_and_of_a_palette(folder: Path) -> None:
    given = ("classical", "photo.png", "wave.png", "moon.png", "-o", "out.png", "--size", 256, "--colours-from", "last")
    done = run(*given, "--palette", "e63946, 1d3557", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)["settings"]
    assert (told["colours_from"], told["palette"]) == ("last", "#e63946 #1d3557")
    job = ClassicalJob("photo.png", ["wave.png", "moon.png"], size=256, colours_from="last", palette="#e63946 #1d3557")
    with Image.open("out.png") as image:
        assert image.tobytes() == Studio(Settings()).finish(job).images[0].tobytes()
    done = run(*given, "--palette", "reddish")
    assert done.exit_code != 0 and "reddish in palette is not a colour" in " ".join(done.stderr.split())


def test_every_option_reaches_the_job(folder: Path) -> None:
    options = {
        "strength": 0.7,
        "size": 256,
        "seed": 5,
        "keep_colours": True,
        "steps": 2,
        "content_weight": 2.5,
        "style_weight": 0.5,
        "tv_weight": 0.0,
        "start": "noise",
        "optimiser": "lbfgs",
        "grain": 0.25,
        "keep_background": True,
    }
    flags = []
    for name, value in options.items():
        flags += [f"--{name.replace('_', '-')}"] + ([] if value is True else [value])
    flags.append("--paint-faces")
    done = run("classical", "photo.png", "moon.png", "-o", "o.jpg", "--method", "optimise", *flags, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["settings"] == {"method": "optimise", **options, "keep_faces": False, "style_weights": [1.0]}
    assert told["notes"]
    assert "Step 2 of 2" in done.stderr or "Step 1 of 2" in done.stderr
    done = run(
        "classical", "photo.png", "moon.png", "-o", "o.webp", "--method", "colour", "--colour-method", "reinhard"
    )
    assert done.exit_code == 0, done.stderr
    assert provenance.read("o.webp").settings["colour_method"] == "reinhard"


def test_a_mask_says_where_to_paint_and_the_record_which_it_was(folder: Path) -> None:
    mask = Image.new("L", (256, 160))
    mask.paste(255, (60, 40, 160, 120))
    mask.save("mask.png")
    args = ("photo.png", "moon.png", "-o", "out.png", "--size", 256, "--mask", "mask.png", "--feather", 0)
    done = run("classical", *args, "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["settings"]["region"] == "mask" and told["settings"]["feather"] == 0
    assert told["inputs"]["mask"] == "mask.png" and len(told["inputs"]["mask_sha256"]) == 16
    with Image.open("out.png") as image:
        made = image.convert("RGB")
    was = pictures.fit_longest(pictures.open_picture("photo.png"), 256)
    changed = ImageChops.difference(made, was).getbbox()
    assert changed is not None and changed[:2] >= (60, 40) and changed[2] <= 160 and changed[3] <= 120
    # One of two things that do not go together is not dropped without a word.
    done = run("classical", *args, "--region", "everywhere")
    assert (done.exit_code, done.stderr) == (2, f"mask.png: {Problem('mask_unused', region='everywhere')}\n")
    Image.new("L", (256, 160)).save("mask.png")
    done = run("classical", *args)
    assert (done.exit_code, done.stderr) == (2, f"mask.png: {Problem('mask_empty')}\n")


@pytest.mark.parametrize(
    "flags, variable, kept",
    [
        ([], None, True),
        (["--no-provenance"], None, False),
        ([], "off", False),
        (["--provenance"], "off", True),
    ],
)
def test_provenance_can_be_switched(folder: Path, monkeypatch, flags, variable, kept) -> None:
    if variable:
        monkeypatch.setenv("STYLESHOT_PROVENANCE", variable)
    args = ("photo.png", "moon.png", "-o", "o.png", "--method", "colour", "--size", 256)
    assert run("classical", *args, *flags).exit_code == 0
    assert (b"styleshot" in Path("o.png").read_bytes()) == kept


@pytest.mark.parametrize(
    "args, about, key",
    [
        (["photo.png", "absent.png"], "absent.png", "picture_missing"),
        (["text.png", "moon.png"], "text.png", "not_a_picture"),
        (["photo.png", "moon.png", "text.png"], "text.png", "not_a_picture"),
        (["photo.png", "moon.png", "--strength", "1.5"], "", "out_of_range"),
        (["photo.png", "moon.png", "--strength", "nan"], "", "not_a_number"),
        (["photo.png", "moon.png", "--size", "100"], "", "out_of_range"),
        (["photo.png", "moon.png", "--method", "magic"], "", "unknown_choice"),
        (["photo.png", "moon.png", "--start", "here"], "", "unknown_choice"),
        (["photo.png", "moon.png", "--weight", "1", "--weight", "2"], "", "weights_count"),
        (["photo.png", "moon.png", "--weight", "0"], "", "weights_all_zero"),
        (["photo.png", *["moon.png"] * 5], "", "too_many_styles"),
        (["photo.png", "moon.png", "-o", "out.gif"], "out.gif", "output_format"),
        (["photo.png", "moon.png", "-o", "out"], "out", "output_format"),
        (["photo.png", "moon.png", "-o", "nowhere/out.png"], "nowhere/out.png", "cannot_write"),
        (["photo.png", "moon.png", "-o", "photo.png"], "photo.png", "overwrites_input"),
        (["photo.png", "moon.png", "-o", "./moon.png"], "moon.png", "overwrites_input"),
        (["photo.png", "moon.png", "--region", "mask"], "", "mask_needed"),
        (["photo.png", "moon.png", "--region", "sky"], "", "unknown_choice"),
        (["photo.png", "moon.png", "--mask", "text.png"], "text.png", "not_a_picture"),
        (["photo.png", "moon.png", "--mask", "moon.png", "-o", "moon.png"], "moon.png", "overwrites_input"),
    ],
)
def test_what_cannot_be_asked_for_ends_with_2_and_two_sentences(folder, monkeypatch, args, about, key) -> None:
    raised = []
    told = cli.report.tell_problem
    monkeypatch.setattr(
        cli.report, "tell_problem", lambda problem, *rest: raised.append(problem) or told(problem, *rest)
    )
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    out = [] if "-o" in args else ["-o", "out.png"]
    done = run("classical", *args, *out, "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert [problem.key for problem in raised] == [key]
    assert done.stderr == (f"{about}: " if about else "") + f"{raised[0]}\n"
    sentences(done.stderr)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_bad_variable_ends_with_2(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLESHOT_PORT", "many")
    done = run("classical", "photo.png", "moon.png", "-o", "o.png")
    assert done.exit_code == 2
    assert "STYLESHOT_PORT" in done.stderr
    sentences(done.stderr)


def paints(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def failing(self, job):
        raise error
        yield

    monkeypatch.setattr(Studio, "run", failing)


def test_what_could_not_be_done_ends_with_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paints(monkeypatch, Problem("out_of_memory", size=384))
    done = run("classical", "photo.png", "moon.png", "-o", "o.png", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "384" in done.stderr
    sentences(done.stderr)
    assert not Path("o.png").exists()


@pytest.mark.parametrize("error", [RuntimeError(f"secret at {ROOT}"), OSError("secret"), ZeroDivisionError("secret")])
def test_a_defect_shows_a_reference_and_nothing_else(folder: Path, monkeypatch, caplog, error) -> None:
    paints(monkeypatch, error)
    done = run("classical", "photo.png", "moon.png", "-o", "o.png")
    assert done.exit_code == 1
    assert "secret" not in done.output
    sentences(done.stderr)
    reference = re.search(r"reference (\w+)", done.stderr)[1]
    with caplog.at_level("ERROR", logger="styleshot_demo"):
        done = run("--verbose", "classical", "photo.png", "moon.png", "-o", "o.png")
    again = re.search(r"reference (\w+)[.]", done.stderr)[1]
    assert again != reference and again in caplog.text and "secret" in caplog.text


def test_ctrl_c_ends_with_130_and_leaves_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paints(monkeypatch, KeyboardInterrupt())
    done = run("classical", "photo.png", "moon.png", "-o", "o.png")
    assert done.exit_code == 130
    assert "Traceback" not in done.output
    assert not Path("o.png").exists()


def test_a_picture_of_one_pixel_row_too_many_is_refused_by_its_name(folder: Path) -> None:
    Image.new("RGB", (400, 20)).save("strip.png")
    done = run("classical", "strip.png", "moon.png", "-o", "o.png")
    assert done.exit_code == 2
    assert done.stderr.startswith("strip.png: ")


# provenance ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def record() -> provenance.Record:
    return provenance.Record(
        {"method": "fast", "strength": 0.5, "note": "蓝\u202eevil"}, {"fast": "0123abcd"}, 9, {"p": "1"}
    )


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_provenance_is_read_back(folder: Path, record, name) -> None:
    provenance.write(Image.new("RGB", (32, 32)), name, record)
    done = run("provenance", name)
    assert done.exit_code == 0 and not done.stderr
    lines = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in done.stdout.splitlines())
    assert lines["method"] == "fast" and lines["strength"] == "0.5" and lines["seed"] == "9"
    assert "0123abcd" in lines["weights of fast"]
    assert done.stdout.isascii()  # nothing in a stranger's file steers the terminal
    told = json.loads(run("provenance", name, "--json").stdout)
    assert told["settings"] == record.settings and told["seed"] == 9
    assert told["digital_source_type"].endswith("compositeWithTrainedAlgorithmicMedia")


@pytest.mark.parametrize("name, key", [("photo.png", "no_provenance"), ("none.png", "picture_missing")])
def test_no_provenance_ends_with_2(folder: Path, name, key) -> None:
    done = run("provenance", name)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"{name}: {Problem(key)}\n"


# models -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["models"], ["models", "list"]])
def test_models_lists_each_with_size_and_licence(words: list[str]) -> None:
    done = run(*words)
    assert done.exit_code == 0 and not done.stderr
    rows = done.stdout.splitlines()[1:]
    assert [row.split()[0] for row in rows] == list(MODELS)
    assert all(model.licence in row for model, row in zip(MODELS.values(), rows, strict=True))
    told = json.loads(run(*words, "--json").stdout)["models"]
    assert [model["name"] for model in told] == list(MODELS)
    by_name = {model["name"]: model for model in told}
    assert by_name["fast"]["here"] and by_name["fast"]["bytes"] > 100_000
    assert not by_name["sd15"]["here"] and by_name["sd15"]["bytes_to_fetch"] > 2e9


def test_fetch_shows_progress_and_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found = hub.FoundModel(MODELS["hed"], Path("."), {}, None)

    def fetching(model, settings):
        yield hub.DownloadProgress("ControlNetHED.pth", 1_000_000, 29_444_406, 1e6)
        yield hub.DownloadProgress("ControlNetHED.pth", 29_444_406, 29_444_406, 1e6)

    monkeypatch.setattr(hub, "fetching", fetching)
    monkeypatch.setattr(hub, "require", lambda model, settings: found)
    done = run("models", "fetch", "hed")
    assert done.exit_code == 0
    assert "HED contour detector" in done.stdout
    assert "29 MB to fetch, licence Apache 2.0" in done.stderr
    assert "1 MB of 29 MB, about 28 s left" in done.stderr
    assert json.loads(run("models", "fetch", "hed", "--json", "-q").stdout)["name"] == "hed"


def test_fetch_of_an_unknown_model_ends_with_2() -> None:
    done = run("models", "fetch", "dream")
    assert done.exit_code == 2
    sentences(done.stderr)


def test_fetch_with_downloads_off_ends_with_1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STYLESHOT_OFFLINE", "on")
    monkeypatch.setenv("STYLESHOT_MODELS", str(tmp_path))
    done = run("models", "fetch", "hed", "--quiet")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"{Problem('downloads_off')}\n"


# bench, evaluate, train ---------------------------------------------------------------------------------------------


def test_bench_styleshot_hands_over_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from styleshot_demo.evaluation import benchmark_styleshot

    def asked(on_stage, **given):
        on_stage("text")
        return given

    monkeypatch.setattr(benchmark_styleshot, "styleshot", asked)
    done = run("bench", "styleshot", "--synthetic", "--as-original", "--steps", 1, "--json")
    assert json.loads(done.stdout) == {
        "synthetic": True,
        "as_original": True,
        "size": 512,
        "steps": 1,
        "model": "styleshot",
    }
    assert run("bench", "styleshot", "--size", 10).exit_code == 2


def test_bench_of_whole_photos_hands_over_what_was_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from styleshot_demo.evaluation import benchmark_whole

    monkeypatch.setattr(benchmark_whole, "whole", lambda counts, content: {"asked": [*counts, str(content)]})
    done = run("bench", "classical", "--whole", 4, "--whole", 0.5, "--json")
    assert json.loads(done.stdout) == {"asked": [4, 0.5, "None"]}
    assert run("bench", "classical", "--whole", 41).exit_code == 2
    assert run("bench", "classical", "--whole", 1, "--content", tmp_path / "nothing.jpg").exit_code == 2


def test_bench_hands_over_what_was_asked_and_prints_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from styleshot_demo.evaluation import benchmark

    monkeypatch.setattr(benchmark, "classical", lambda sizes, repeats: {"a": {"b": 0.25}, "asked": [*sizes, repeats]})
    assert json.loads(run("bench", "classical", "--json").stdout) == {"a": {"b": 0.25}, "asked": [384, 512, 1024, 3]}
    done = run("bench", "classical", "--size", 300, "--repeats", 1)
    assert done.stdout.splitlines() == ["a.b    0.25", "asked  [300, 1]"]
    done = run("bench", "classical", "--size", 10)
    assert done.exit_code == 2
    sentences(done.stderr)


def test_evaluate_hands_over_what_was_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from styleshot_demo.evaluation import classical

    asked = {}

    def evaluate(content, style, pairs, **options):
        asked.update(options, content=content, style=style, pairs=pairs)
        options["on_pair"](1, 2)
        return {"pairs": pairs}

    monkeypatch.setattr(classical, "evaluate", evaluate)
    flags = ("--pairs", 5, "--method", "fast", "--part", "all", "--seed", 4, "--sheet", "sheet.png")
    done = run("evaluate", "classical", "--content", folder, "--style", folder, "--crops", "--json", *flags)
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == {"pairs": 5}
    assert "Pair 1 of 2" in done.stderr
    del asked["on_pair"]
    assert asked == {
        "content": folder,
        "style": folder,
        "pairs": 5,
        "size": 384,
        "methods": ["fast"],
        "teacher": None,
        "network": None,
        "microast": None,
        "seed": 4,
        "part": "all",
        "sheet": Path("sheet.png"),
        "crops": True,
    }


def test_evaluate_judges_by_squeezenet(folder: Path) -> None:
    import torch
    import torchvision

    torch.manual_seed(0)
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), folder / "net.pth")
    (folder / "text.png").unlink()
    flags = ("--pairs", 1, "--size", 256, "--method", "fast", "--part", "all", "--squeezenet", folder / "net.pth")
    done = run("evaluate", "classical", "--content", folder, "--style", folder, *flags, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["features"] == "SqueezeNet 1.1"
    (folder / "net.pth").write_bytes(b"cut off")
    done = run("evaluate", "classical", "--content", folder, "--style", folder, *flags, "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    sentences(done.stderr)


@pytest.mark.parametrize(
    "flags", [["--method", "magic"], ["--part", "some"], ["--size", 8], ["--sheet", "nowhere/sheet.png"]]
)
def test_evaluate_refuses_what_makes_no_sense(folder: Path, flags) -> None:
    done = run("evaluate", "classical", "--content", folder, "--style", folder, *flags)
    assert (done.exit_code, done.stdout) == (2, "")
    sentences(done.stderr)


def training_folders(folder: Path) -> list[object]:
    for name in ("photos", "paintings", "teacher"):
        (folder / name).mkdir()
    for name in ("photos", "paintings"):
        for number in range(3):
            Image.new("RGB", (64, 64), (40 * number, 9, 9)).save(folder / name / f"{number}.png")
    (folder / "teacher" / "5SE.pth").write_bytes(b"a teacher")
    (folder / "run").mkdir()
    (folder / "run" / "log.jsonl").write_text(
        '{"step": 0, "validation": {"gram": 3.0}}\n{"step": 50, "loss": {"gram": 2.0}}\n'
        '{"step": 60, "validation": {"gram": 1.0}}\n'
    )
    return ["--contents", "photos", "--styles", "paintings", "--teacher", "teacher", "--out", "run"]


def test_train_encoder_writes_weights_and_how_they_came_to_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from styleshot_demo.classical.features import Encoder
    from styleshot_demo.classical.weights import load_encoder
    from styleshot_demo.training import classical_encoder

    asked = {}

    def distil(contents, styles, teacher, out, **options):
        asked.update(options)
        return Encoder()

    monkeypatch.setattr(classical_encoder, "distil", distil)
    done = run("train", "classical", "encoder", *training_folders(folder), "--steps", 60, "--device", "cpu")
    assert done.exit_code == 0, done.output
    assert asked == {"steps": 60, "device": "cpu", "precision": "auto"}
    assert done.stdout.strip() == str(Path("run", "encoder.safetensors"))
    assert load_encoder(Path("run/encoder.safetensors")).widths == Encoder().widths
    about = json.loads(Path("run/encoder.json").read_text())["training"]
    assert about["validation"] == {"step": 60, "gram": 1.0}
    assert about["loss"] == [{"step": 50, "gram": 2.0}]
    assert sum(about["pictures"]["contents"].values()) == 3


def test_train_decoder_passes_the_recipe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from styleshot_demo.classical.decoder import Decoder
    from styleshot_demo.classical.weights import load_decoder
    from styleshot_demo.training import classical_decoder

    asked = []

    def train_decoder(contents, styles, teacher, encoder, out, recipe, **options):
        asked.append(recipe)
        return Decoder(encoder.widths, fused=recipe.fused)

    monkeypatch.setattr(classical_decoder, "train_decoder", train_decoder)
    flags = ("--batch", 2, "--fused", "relu2_1", "--gram-weight", 0.5)
    done = run("train", "classical", "decoder", *training_folders(folder), *flags)
    assert done.exit_code == 0, done.output
    assert asked == [classical_decoder.DecoderRecipe(batch=2, fused=("relu2_1",), gram_weight=0.5)]
    assert load_decoder(Path("run/fast.safetensors")).fused == ("relu2_1",)


def test_train_decoder_gives_each_network_its_feed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from styleshot_demo.classical.decoder import Decoder
    from styleshot_demo.training import classical_decoder

    asked = []

    def train_decoder(contents, styles, teacher, encoder, out, recipe, **options):
        asked.append([(network.source, network.blue_first) for network in options["networks"]])
        return Decoder(encoder.widths)

    monkeypatch.setattr(classical_decoder, "train_decoder", train_decoder)
    flags = [flag for name in ("one", "two") for flag in ("--network", save_onnx(folder / f"{name}.onnx"))]
    command = ("train", "classical", "decoder", *training_folders(folder), *flags)
    assert run(*command, "--network-feed", "caffe", "--network-feed", "tf").exit_code == 0
    assert run(*command, "--network-feed", "caffe").exit_code == 0
    assert run(*command).exit_code == 0
    assert asked == [[("one.onnx", first), ("two.onnx", other)] for first, other in ((1, 0), (1, 1), (0, 0))]
    done = run(*command, *("--network-feed", "caffe") * 3)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "3 feeds for 2 networks" in done.stderr
    sentences(done.stderr)


@pytest.mark.parametrize("flags", [["--precision", "fp8"], ["--device", "tpu"], ["--fused", "relu9_9"]])
def test_train_refuses_what_makes_no_sense(folder: Path, flags) -> None:
    done = run("train", "classical", "decoder", *training_folders(folder), *flags)
    assert (done.exit_code, done.stdout) == (2, "")
    sentences(done.stderr)


@pytest.mark.parametrize("lost", ["photos/", "teacher/5SE.pth"])
def test_train_names_what_is_missing(folder: Path, lost: str) -> None:
    args = training_folders(folder)
    for path in folder.glob(lost + "*") if lost.endswith("/") else [folder / lost]:
        path.unlink()
    done = run("train", "classical", "encoder", *args)
    assert done.exit_code == 2
    assert done.stderr.startswith(lost.split("/")[0] + ": ")
    sentences(done.stderr)


# serve, progress ----------------------------------------------------------------------------------------------------


def test_serve_launches_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from styleshot_demo.ui import build

    launched = []

    class Page:
        is_running = False

        def launch(self, **options):
            launched.append(options)

        def close(self, **_):
            pass

    monkeypatch.setenv("STYLESHOT_PORT", "7999")
    monkeypatch.setattr(build, "end_within", lambda seconds: None)
    monkeypatch.setattr(build, "leave", lambda: None)
    monkeypatch.setattr(build, "build", lambda settings, studio: Page())
    assert run("serve").exit_code == 0
    assert launched[0]["server_port"] == 7999 and launched[0]["server_name"] == "127.0.0.1"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_renews_one_line_in_a_terminal_and_wipes_it() -> None:
    stream = Terminal()
    with ProgressLine(stream) as progress:
        progress.show(0.5, "Step 10 of 20")
        progress.show(1, "Done")
    text = stream.getvalue()
    assert "\n" not in text
    assert text.startswith("\r 50%  Step 10 of 20\r100%  Done")
    assert text.endswith("\r")


def test_progress_in_a_file_is_not_one_line_per_step(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    with ProgressLine(stream) as progress:
        for step in range(1000):
            progress.show(step / 1000, f"Step {step}", "iterating")
        now[0] += 10
        progress.show(1, "Step 1000", "iterating")
    assert stream.getvalue().splitlines() == ["  0%  Step 0", "100%  Step 1000"]


def test_a_terminal_that_cannot_show_a_name_does_not_break_the_run(folder: Path) -> None:
    Path("蓝.png").write_bytes(Path("photo.png").read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "styleshot_demo", "provenance", "蓝.png"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("\\u84dd.png: ")
