"""Who a visitor is, and the files of his history: between the server and Gradio.

A browser gets an id in a cookie that no script can read. What it has kept is served to that cookie alone, so the
address of a picture is of no use to anybody else.
"""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import IO, Any

from styleshot_demo.errors import Problem
from styleshot_demo.history import Histories, History, is_visitor, new_visitor
from styleshot_demo.history.packing import packed

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

COOKIE = "styleshot-visitor"
ALL = "history/all.zip"  # everything that is kept, in one file
_YEAR = 365 * 24 * 3600  # seconds
_PIECE = 2**18  # bytes that are sent at a time
_FILE = re.compile(r"/history/([0-9a-f]{32})\.(png|jpg)", re.ASCII)
_NAMED = re.compile(rf"(?:^|;)\s*{COOKIE}=([^;\s]*)")


def visitor_in(cookies: str | None) -> str | None:
    """The id in a request's header of cookies; None where there is none that could be one."""
    found = [name for name in _NAMED.findall(cookies or "") if is_visitor(name)]
    return found[0] if found else None


class Visitors:
    """ASGI middleware: hands out the cookie with the page, and answers below /history/."""

    def __init__(self, app: Any, histories: Histories, framed: bool = "SPACE_ID" in os.environ) -> None:
        """framed: whether the page stands inside another site's, as on a Space; browsers then want to be told so."""
        self.app, self.histories = app, histories
        self.ends = "; SameSite=None; Secure; Partitioned" if framed else "; SameSite=Lax"

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return await self.app(scope, receive, send)
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
        visitor = visitor_in(cookies)
        if path.startswith("/history/"):
            return await self.answer(path, visitor, send, scope["method"] == "HEAD")
        if path != "/":
            return await self.app(scope, receive, send)
        # Whoever comes back keeps the id for another year.
        cookie = f"{COOKIE}={visitor or new_visitor()}; Path=/; Max-Age={_YEAR}; HttpOnly{self.ends}"

        async def with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(b"set-cookie", cookie.encode()), (b"cache-control", b"no-store")]
                message["headers"] = [*message.get("headers", []), *own]
            await send(message)

        await self.app(scope, receive, with_cookie)

    async def answer(self, path: str, visitor: str | None, send: Send, head: bool = False) -> None:
        """A file of the visitor's own history, or 404; `head`: nothing but whether it is there."""
        try:
            history = self.histories.of(visitor)
            if path == f"/{ALL}":
                entries = await asyncio.to_thread(history.entries)
                if not entries:
                    raise Problem("history_gone")
                return await _send_all(packed([] if head else entries), send)
            asked = _FILE.fullmatch(path)
            if asked is None:
                raise Problem("history_gone")
            file = await asyncio.to_thread(_opened, history, *asked.groups())
        except (Problem, OSError):
            return await _say(404, [("cache-control", "no-store")], b"", send)
        kind = "image/png" if path.endswith(".png") else "image/jpeg"
        await _stream(file, kind, "private, max-age=3600", send)


async def _send_all(pieces: Iterator[bytes], send: Send) -> None:
    await _say(200, [("content-type", "application/zip"), ("cache-control", "no-store")], None, send)
    while piece := await asyncio.to_thread(next, pieces, b""):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _opened(history: History, key: str, suffix: str) -> IO[bytes]:
    entry = history.find(key)
    return (entry.path if suffix == "png" else entry.with_thumbnail()).open("rb")


async def _stream(file: IO[bytes], kind: str, cache: str, send: Send) -> None:
    with file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        headers = [("content-type", kind), ("content-length", str(size)), ("cache-control", cache)]
        await _say(200, headers, None, send)
        left = size
        while left > 0 and (piece := await asyncio.to_thread(file.read, min(_PIECE, left))):
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})


async def _say(status: int, headers: list[tuple[str, str]], body: bytes | None, send: Send) -> None:
    given = [*headers, ("x-content-type-options", "nosniff")]
    encoded = [(name.encode(), value.encode()) for name, value in given]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    if body is not None:
        await send({"type": "http.response.body", "body": body})
