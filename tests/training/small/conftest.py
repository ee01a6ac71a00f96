"""A run made ready with tiny networks."""

from pathlib import Path

import pytest
from training.small.made import SIZES, write_data

from styleshot_demo.training.small import pack, phases, places


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
