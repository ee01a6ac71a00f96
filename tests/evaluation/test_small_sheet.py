"""The sheet of the small model: every style with every prompt and content, bad input in two sentences."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from styleshot_demo import Settings, TextJob
from styleshot_demo.cli.app import app
from styleshot_demo.evaluation import small_sheet
from styleshot_demo.events import Result


class Painter:
    """In place of the studio: paints words red and contents blue."""

    def __init__(self) -> None:
        self.settings, self.jobs = Settings(provenance=False), []

    def finish(self, job) -> Result:
        self.jobs.append(job)
        image = Image.new("RGB", (256, 256), "red" if isinstance(job, TextJob) else "blue")
        return Result([image], None, job.seed, 0.0, {}, {}, [])


def test_each_style_meets_each_prompt_and_each_content():
    painter, told = Painter(), []
    styles = [Image.new("RGB", (200, 200), colour) for colour in ("green", "yellow")]
    contents = [Image.new("RGB", (300, 200), "white")]
    sheet = small_sheet.sheet(
        painter,
        styles,
        contents,
        ("a", "b"),
        steps=3,
        seed=5,
        on_picture=lambda done, total: told.append((done, total)),
    )
    assert told == [(n, 6) for n in range(1, 7)]
    assert {(job.model, job.steps, job.seed) for job in painter.jobs} == {("small", 3, 5)}
    pixels = np.asarray(sheet).reshape(-1, 3).tolist()
    assert pixels.count([255, 0, 0]) == 4 * 256**2
    assert pixels.count([0, 0, 255]) == 2 * 256**2


@pytest.mark.parametrize("case", ["no styles", "damaged", "no folder", "no picture format"])
def test_bad_input_is_said_in_two_sentences(tmp_path, case):
    folder, to = tmp_path / "styles", tmp_path / "out.jpg"
    folder.mkdir()
    if case != "no styles":
        Image.new("RGB", (64, 64), "red").save(folder / "a.png")
    if case == "damaged":
        (folder / "a.png").write_bytes(b"no picture")
    if case == "no folder":
        to = tmp_path / "nowhere" / "out.jpg"
    if case == "no picture format":
        to = tmp_path / "out.txt"
    done = CliRunner().invoke(app, ["evaluate", "small-sheet", str(to), "--style", str(folder)])
    assert done.exit_code == 2
    assert done.output.count(".") >= 2 and "reference" not in done.output and "Traceback" not in done.output
    assert str(tmp_path) not in done.output
    assert not to.exists()
