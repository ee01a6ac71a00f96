"""What holds for every test: no network, no models of this user's, no settings of this machine's."""

import gc
import logging
import os
import socket
import tempfile

import pytest
from hypothesis import settings

# Before any test imports a library that reads them.
for _name in [name for name in os.environ if name.startswith(("STYLESHOT_", "HF_", "SPACE_"))]:
    if _name != "STYLESHOT_TEST_BROWSER":
        del os.environ[_name]
_home = tempfile.TemporaryDirectory(prefix="styleshot-tests-")
os.environ["HF_HOME"] = _home.name
os.environ["XDG_CACHE_HOME"] = os.path.join(_home.name, "cache")
os.environ["XDG_DATA_HOME"] = os.path.join(_home.name, "data")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
# With them pytest compares two files of some 100 kB line by line, which takes longer than a test may.
for _name in ("CI", "BUILD_NUMBER"):
    os.environ.pop(_name, None)

# Nothing of what is imported while tests are collected is ever let go of, so nobody has to look through it.
gc.disable()

# A machine that is busy with other things may be slow; a test that hangs ends by its own limit.
settings.register_profile("without deadlines", deadline=None)
settings.load_profile("without deadlines")

_LONG = ("browser", "parity", "training", "runtime", "batch")  # folders


def pytest_collection_modifyitems(items):
    """The long files first: of several processes none is left with one of them while the others are done."""
    items.sort(key=lambda item: not set(_LONG).intersection(item.path.parts))


def pytest_collection_finish():
    gc.enable()


# The files whose tests share an app with weights (`open_studio`). In one process, they start one; each in a process of
# its own, one after the other would start another, and import all that StyleShot needs.
_WITH_WEIGHTS = ("browser/test_axe.py", "browser/test_image_page.py", "browser/test_text_page.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """`--dist loadfile`, which hands out one file after the other; those above as if they were one."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class ByApp(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "with weights" if file.endswith(_WITH_WEIGHTS) else file

    return ByApp(config, log)


@pytest.fixture(autouse=True, scope="module")
def frozen_imports():
    """What has been imported is not looked through at every collection, of which each unloaded model asks for one
    (`runtime/cache.py`): those were a third of all the time of tests that run StyleShot."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def log_level():
    """A command that is run in the tests' own process silences the log; the next test may want to read it."""
    yield
    logging.getLogger("styleshot_demo").setLevel(logging.NOTSET)


_LOCAL = {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "", None}


@pytest.fixture(autouse=True, scope="session")
def only_this_machine():
    """Connections to anywhere else fail at once, as they do without a network."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def checked(address):
        if isinstance(address, tuple) and address[0] not in _LOCAL:
            raise OSError(f"the tests have no network: {address[0]}")
        return address

    def find(host, *args, **options):
        name = host.decode() if isinstance(host, bytes) else host
        if name not in _LOCAL:
            raise socket.gaierror(socket.EAI_NONAME, f"the tests have no network: {name}")
        return getaddrinfo(host, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", lambda self, address: connect(self, checked(address)))
        patch.setattr(socket.socket, "connect_ex", lambda self, address: connect_ex(self, checked(address)))
        patch.setattr(socket, "getaddrinfo", find)
        yield
    _home.cleanup()
