"""A run made ready with tiny networks."""

import shutil
from pathlib import Path

import pytest
from training.small.made import SIZES, recipe, write_data

from styleshot_demo.training.small import export, pack, phases, places


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def fitted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pack, tokenizer and fitted autoencoder; to be copied, not trained in."""
    run = tmp_path_factory.mktemp("run")
    pack.write(data, run / places.PACK)
    phases.FIT_PICTURES = 100
    phases.fit(pack.Pack(run / places.PACK), run, SIZES)
    return run


@pytest.fixture(scope="session")
def packed(fitted: Path) -> pack.Pack:
    return pack.Pack(fitted / places.PACK)


@pytest.fixture(scope="session")
def joined(fitted: Path, packed: pack.Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same after two steps of the joint phase; to be copied, not trained in."""
    run = Path(shutil.copytree(fitted, tmp_path_factory.mktemp("joined") / "run"))
    phases.joint(packed, None, run, recipe(steps=2), device="cpu", precision="fp32")
    return run


@pytest.fixture(scope="session")
def begun_weights(joined: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `joined` exports, without a ControlNet."""
    to = tmp_path_factory.mktemp("begun") / "exported"
    export.export(joined, to, SIZES)
    return to
