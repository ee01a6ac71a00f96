import pytest
from styleshot import tiny


@pytest.fixture(scope="session")
def parts():
    """Tiny components, shared by all tests: whoever changes one puts it back."""
    return tiny.components()
