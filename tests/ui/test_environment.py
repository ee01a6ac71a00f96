"""The page starts, paints and ends in surroundings that are not kind to it."""

import io
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image
from running import ROOT, app

from styleshot_demo.errors import Problem
from styleshot_demo.messages import remark
from styleshot_demo.settings import Settings
from styleshot_demo.ui import build, environment


def picture(size=(96, 64), colour=(200, 40, 20)) -> bytes:
    file = io.BytesIO()
    image = Image.linear_gradient("L").resize(size)
    Image.merge("RGB", [image.point(lambda value, c=c: (value + c) % 256) for c in colour]).save(file, "PNG")
    return file.getvalue()


def left_in(temporary: Path) -> list[str]:
    """What lies in a temporary folder, but for what PyTorch makes there when it is imported."""
    found = [str(path.relative_to(temporary)) for path in temporary.rglob("*")]
    return [name for name in found if not name.startswith("torchinductor_")]


def test_without_a_home_and_behind_proxies_it_paints_and_when_told_to_end_it_leaves_nothing(tmp_path):
    temporary, work = tmp_path / "temporary", tmp_path / "work"
    temporary.mkdir()
    work.mkdir()
    # Gradio's own choice of folder belongs to somebody else: nothing can be made in a file.
    (temporary / "gradio").write_text("not yours")
    code = (
        "import os, pwd, runpy\n"
        "for name in ('HOME', 'USER', 'LOGNAME', 'LNAME', 'USERNAME', 'HF_HOME', 'XDG_CACHE_HOME'):\n"
        "    os.environ.pop(name, None)\n"
        "def nobody(number): raise KeyError(f'getpwuid(): uid not found: {number}')\n"
        "pwd.getpwuid = nobody\n"
        "from styleshot_demo.messages import remark\n"
        "from styleshot_demo.runtime import device\n"
        "device.why_not_gpu = lambda settings: remark('gpu_driver_too_old')\n"  # as where there is a card
        f"runpy.run_path({str(ROOT / 'app.py')!r}, run_name='__main__')\n"
    )
    # A kind of proxy that no HTTP client here knows, and certificates that are gone: each fails at once by itself.
    wrong = {"ALL_PROXY": "socks4://127.0.0.1:9", "SSL_CERT_FILE": "/nonexistent/ca.pem", "GRADIO_DEBUG": "1"}
    proxies = {name: "http://127.0.0.1:9" for name in ("http_proxy", "HTTP_PROXY", "https_proxy")}
    with app(work, "::", code=code, TMPDIR=str(temporary), **wrong, **proxies) as page:
        assert f"http://[::1]:{page.port}" in page.told()
        [shared] = [path for path in temporary.iterdir() if path.name.startswith("styleshot_demo-")]
        assert stat.S_IMODE(shared.stat().st_mode) == 0o700
        photo, style = page.upload("photo.png", picture()), page.upload("style.png", picture(colour=(0, 90, 170)))
        inputs = {"content": photo, "style-1": style, "size": 256}
        told = list(page.press("classical-run", inputs))
        assert "photo-fast-style-strength1-seed0.png" in told[-1], told[-1][:2000]
        assert str(remark("gpu_driver_too_old")) in page.told()
        # And now a long run, broken off by SIGTERM while a page listens.
        steps = page.press("classical-run", inputs | {"method": "optimise", "steps": 5000})
        assert any("process_generating" in next(steps) for _ in range(20))
        ending = threading.Thread(target=lambda: list(steps), daemon=True)
        ending.start()
        code, seconds = page.end(signal.SIGTERM)
        assert code == 0 and seconds < 10, (code, seconds, page.told())
        assert "Traceback" not in page.told()
    assert left_in(temporary) == ["gradio"]
    assert [path.name for path in work.iterdir() if path != page.log] == []  # no folder named "~" either


# The folder ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path.resolve()


def test_each_process_has_a_folder_that_only_its_user_can_enter(temporary):
    one, other = environment.new_folder(), environment.new_folder()
    assert one != other and one.parent == other.parent and one.parent.parent == temporary
    for folder in (one, one.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has a temporary folder for each user")
@pytest.mark.parametrize("taken", ["link", "file", "another user's", "open to all"])
def test_a_folder_that_is_not_ours_is_not_used(temporary, monkeypatch, taken):
    shared = temporary / f"styleshot_demo-{os.getuid()}"
    if taken == "link":
        (temporary / "elsewhere").mkdir()
        shared.symlink_to(temporary / "elsewhere")
    elif taken == "file":
        shared.write_text("")
    else:
        shared.mkdir()
        shared.chmod(0o777)
    if taken == "another user's":
        number = os.getuid()
        shared = shared.rename(temporary / f"styleshot_demo-{number + 1}")
        monkeypatch.setattr(os, "getuid", lambda: number + 1)
    folder = environment.new_folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    if taken == "open to all":  # ours, and closed now
        assert folder.parent == shared and stat.S_IMODE(shared.stat().st_mode) == 0o700
    else:
        assert folder.parent == temporary and shared not in folder.parents


def test_what_was_ended_by_force_is_removed_later(temporary):
    shared = environment.new_folder().parent
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    for name in (f"{done.pid}-old", f"{done.pid}-new", f"{os.getpid()}-old", "other"):
        (shared / name).mkdir()
        (shared / name / "upload.png").write_text("")
        if not name.endswith("new"):
            os.utime(shared / name, (time.time() - 90_000,) * 2)
    environment.new_folder()
    left = {path.name for path in shared.iterdir()}
    assert {f"{done.pid}-new", f"{os.getpid()}-old", "other"} < left and f"{done.pid}-old" not in left


def test_a_host_s_own_choice_is_respected_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "mine"))
    environment.prepare()
    assert os.environ["GRADIO_TEMP_DIR"] == str(tmp_path / "mine")
    environment.check_folder()
    assert list((tmp_path / "mine").iterdir()) == []
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "file"))
    with pytest.raises(Problem, match="GRADIO_TEMP_DIR"):
        environment.check_folder()


# Addresses and proxies ----------------------------------------------------------------------------------------------


def test_inside_alone_no_client_has_a_proxy_and_afterwards_all_is_as_before(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks4://127.0.0.1:9")
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent")
    monkeypatch.setenv("no_proxy", "example.org")
    with pytest.raises((ValueError, OSError)), httpx.Client():
        pass
    before = dict(os.environ)
    with environment.without_proxy(), httpx.Client() as client:
        assert not client._mounts
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("host", "key"),
    [("192.0.2.1", "address_foreign"), ("no such host", "address_foreign"), ("localhost", None), ("::", None)],
)
def test_an_address_that_nothing_can_listen_on_is_told_before_anything_is_built(host, key):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if key is None:
        environment.check_address(host, port)
        return
    with pytest.raises(Problem) as caught:
        environment.check_address(host, port)
    assert caught.value.key == key and "STYLESHOT_HOST" in caught.value.todo


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_an_address_in_use_is_told_as_a_browser_takes_it_before_anything_is_built(monkeypatch, family, host):
    monkeypatch.setattr(build, "Studio", lambda settings: pytest.fail("it is built"))
    with socket.socket(family) as taken:
        taken.bind((host, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Problem) as caught:
            build.serve(Settings(host=host, port=port))
    assert caught.value.key == "address_taken" and f"{environment.written(host)}:{port}" in str(caught.value)
    assert "STYLESHOT_PORT" in caught.value.todo


def test_a_port_that_this_user_may_not_open(monkeypatch):
    def refuse(self, address):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(Problem) as caught:
        environment.check_address("127.0.0.1", 80)
    assert caught.value.key == "port_forbidden"
