import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@pytest.fixture(scope="session")
def recorded():
    """The recorded set in PARITY_DIR, or the one that comes with the tests."""
    from recorded import Recorded

    return Recorded(Path(os.environ.get("PARITY_DIR") or HERE / "data"))
