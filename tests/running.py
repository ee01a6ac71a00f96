"""The real app in a process of its own, spoken to as a browser speaks to it, but without one."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class RunningApp:
    """The page at a host and port; every request goes straight there, past any proxy."""

    def __init__(self, process: subprocess.Popen, host: str, port: int, log: Path) -> None:
        self.process, self.host, self.port, self.log = process, host, port, log

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """(status, body) of one request."""
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=60)) as line:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            return answer.status, answer.read()

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Sends a file; returns what stands for it in later requests."""
        edge = uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        body = f"{head}Content-Type: image/png\r\n\r\n".encode() + content + f"\r\n--{edge}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={edge}"}
        status, answer = self.ask("POST", "/gradio_api/upload", body, **headers)
        assert status == 200, (status, answer[:500])
        return {"path": json.loads(answer)[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def press(self, button: str, values: dict[str, Any]) -> Iterator[str]:
        """Presses the button with that id, with other values than the page's own for some controls, by their ids;
        yields what the page is told, one JSON text after another."""
        config = json.loads(self.ask("GET", "/config")[1])
        ids = {part["id"]: part["props"] for part in config["components"]}
        pressed = next(number for number, props in ids.items() if props.get("elem_id") == button)
        job = next(job for job in config["dependencies"] if [pressed, "click"] in [list(t) for t in job["targets"]])
        data = [values.get(ids[number].get("elem_id"), ids[number].get("value")) for number in job["inputs"]]
        session = uuid.uuid4().hex
        order = {"data": data, "fn_index": job["id"], "session_hash": session, "trigger_id": pressed}
        status, answer = self.ask(
            "POST", "/gradio_api/queue/join?", json.dumps(order).encode(), **{"Content-Type": "application/json"}
        )
        assert status == 200, (status, answer[:500])
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=120)) as line:
            line.request("GET", f"/gradio_api/queue/data?session_hash={session}")
            answer = line.getresponse()
            while told := answer.readline():
                if told.startswith(b"data:"):
                    text = told[5:].decode().strip()
                    yield text
                    if json.loads(text).get("msg") in ("process_completed", "close_stream"):
                        return

    def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Tells the app to end; returns its exit code and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(30), time.monotonic() - began

    def told(self) -> str:
        """All that the app has printed."""
        return self.log.read_text(errors="replace")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without settings of this program and of Gradio, and without a models folder of this user's."""
    # Commands that were run in this very process have told libraries to keep quiet.
    theirs = ("STYLESHOT_", "GRADIO_", "TRANSFORMERS_", "DIFFUSERS_", "TQDM_", "HF_HUB_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    return kept | {"OMP_NUM_THREADS": "1", "STYLESHOT_DEVICE": "cpu", "HF_ENDPOINT": "http://127.0.0.1:9"} | more


@contextmanager
def app(folder: Path, host: str = "127.0.0.1", code: str | None = None, **environ: str) -> Iterator[RunningApp]:
    """Runs app.py, or other `code`, until the page answers; `environ` is added to the environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = clean_environment(STYLESHOT_PORT=str(port), STYLESHOT_HOST=host, PYTHONPATH=str(ROOT), **environ)
    log = folder / f"app-{port}.txt"
    program = ["-c", code] if code else [str(ROOT / "app.py")]
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *program], cwd=folder, env=settings, stdout=output, stderr=output)
    running = RunningApp(process, "::1" if ":" in host else "127.0.0.1", port, log)
    try:
        end = time.monotonic() + 120
        while True:
            try:
                status, body = running.ask("GET", "/")
                assert status == 200 and b"StyleShot" in body
                if "The page is at" in running.told():  # Gradio has asked its own page by then
                    break
            except OSError:
                pass
            assert process.poll() is None, running.told()
            assert time.monotonic() < end, running.told()
            time.sleep(0.1)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(20)
