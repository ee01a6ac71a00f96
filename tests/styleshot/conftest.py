import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def parts():
    """Tiny components, shared by all tests: whoever changes one puts it back."""
    import tiny

    return tiny.components()
