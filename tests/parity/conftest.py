import os
from pathlib import Path

import pytest
from parity.recorded import Recorded


@pytest.fixture(scope="session")
def recorded():
    """The recorded set in PARITY_DIR, or the one that comes with the tests."""
    return Recorded(Path(os.environ.get("PARITY_DIR") or Path(__file__).parent / "data"))
