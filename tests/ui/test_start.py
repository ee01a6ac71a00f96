"""The page starts quickly, loads nothing it does not need, and asks no network."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "diffusers", "transformers", "controlnet_aux", "cv2", "skimage", "scipy", "timm")

# Starts the app with every socket but those to this machine itself refused, asks it for its page, and tells the tale.
STORY = """
import gzip, json, resource, socket, sys, time, urllib.request

foreign = []
def local(address):
    return not isinstance(address, tuple) or str(address[0]) in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "")
def watched(name):
    real = getattr(socket.socket, name)
    def watch(self, address, *rest):
        if not local(address):
            foreign.append(str(address))
            raise OSError("no network in this test")
        return real(self, address, *rest)
    setattr(socket.socket, name, watch)
for name in ("connect", "connect_ex", "sendto"):
    watched(name)
ask = socket.getaddrinfo
def asked(host, *rest, **more):
    if host is not None and not local((host.decode() if isinstance(host, bytes) else host,)):
        foreign.append(str(host))
        raise OSError("no network in this test")
    return ask(host, *rest, **more)
socket.getaddrinfo = asked

stubs = []
def note_stub(event, args):
    if event == "open" and str(args[0]).endswith(".pyi"):
        stubs.append(str(args[0]))
sys.addaudithook(note_stub)

import styleshot_demo
began = time.process_time()
import styleshot_demo.ui  # sets up what Gradio reads while it is imported, and imports it
gradio_alone = time.process_time() - began
from styleshot_demo.settings import Settings
from styleshot_demo.ui.build import build, launch_options

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
page = build(Settings(port=port))
page.launch(prevent_thread_lock=True, quiet=True, **launch_options(Settings(port=port)))
text = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).read().decode()
asked = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Accept-Encoding": "gzip, br"})
with urllib.request.urlopen(asked, timeout=60) as answer:
    packed, encoding = answer.read(), answer.headers["Content-Encoding"]
seconds = time.process_time()
time.sleep(1)  # whatever is sent from a thread of its own would be on its way by now
woken = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
time.sleep(1)
woken = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - woken
print(json.dumps({
    "modules": [name for name in %r if name in sys.modules],
    "foreign": foreign,
    "stubs": stubs,
    "seconds": seconds,
    "gradio": gradio_alone,
    "title": "StyleShot" in text,
    "outside": [word for word in ("fonts.googleapis.com", "gradio.live", "cdn.") if word in text],
    "host": page.local_url,
    "woken": woken,
    "packed": encoding == "gzip" and len(gzip.decompress(packed)) == len(text.encode()) and len(packed) / len(text),
}), flush=True)
page.close(verbose=False)
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """What the story tells."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("STYLESHOT_", "GRADIO_"))}
    environ |= {"PYTHONPATH": str(ROOT), "GRADIO_TEMP_DIR": str(tmp_path_factory.mktemp("gradio"))}
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(STORY) % (HEAVY,)],
        capture_output=True,
        text=True,
        timeout=600,
        env=environ,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout.strip().splitlines()[-1])


def test_nothing_heavy_is_imported(started):
    assert started["modules"] == []


def test_gradio_compares_no_stub_files_of_its_components(started):
    # Much of what importing it takes, at each start.
    assert started["stubs"] == []


def test_no_network_is_asked(started):
    assert started["foreign"] == []
    assert started["outside"] == []


def test_the_page_answers_on_this_machine_alone(started):
    assert started["title"]
    assert started["host"].startswith("http://127.0.0.1:")


def test_the_start_costs_little_beside_importing_gradio(started):
    # Processor time, not the clock's, and against something that grows alike: neither what else a machine does nor how
    # fast it is must decide a test.
    ours = started["seconds"] - started["gradio"]
    assert 0 < ours < 1.1 * started["gradio"], started


def test_the_page_travels_packed_where_the_browser_can_unpack_it(started):
    assert 0 < started["packed"] < 0.5


def test_a_page_that_nobody_uses_hardly_runs(started):
    # Gradio alone looks a thousand times each second whether somebody waits.
    assert 0 < started["woken"] < 300


def test_a_setting_that_cannot_be_used_is_told_in_a_sentence():
    run = subprocess.run(
        [sys.executable, "app.py"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "STYLESHOT_PORT": "eighty"},
        cwd=ROOT,
    )
    assert run.returncode == 1
    assert run.stderr.strip() == (
        "The environment variable STYLESHOT_PORT has a value that cannot be used. "
        "Set it to a number between 1 and 65535."
    )
