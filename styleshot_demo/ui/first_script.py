"""The page on its way from Gradio to the server: a script that runs before Gradio's own, since `launch(head=...)` comes
after those; and packed, of which Gradio does so to its scripts alone, and the page is larger than any."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


class FirstScript:
    """ASGI middleware: puts a script at the beginning of the page's head, and packs the page for who can unpack it."""

    def __init__(self, app: Any, script: str) -> None:
        self.app, self.tag = app, f"<script>{script}</script>".encode()

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Any, send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http" or scope["path"].removeprefix(scope.get("root_path", "")) != "/":
            return await self.app(scope, receive, send)
        packs = any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
        begun: list[Message] = []
        pieces: list[bytes] = []

        async def with_script(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                begun.append(message)  # how long it is must be said first
            elif not begun:
                await send(message)
            else:
                pieces.append(message.get("body", b""))
                if not message.get("more_body"):
                    body = b"".join(pieces).replace(b"<head>", b"<head>" + self.tag, 1)
                    headers = [(name, value) for name, value in begun[0]["headers"] if name != b"content-length"]
                    headers.append((b"vary", b"accept-encoding"))
                    if packs:
                        body = await asyncio.to_thread(gzip.compress, body, 1)
                        headers.append((b"content-encoding", b"gzip"))
                    await send({**begun[0], "headers": [*headers, (b"content-length", str(len(body)).encode())]})
                    await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, with_script)


def _is_page(message: Message) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/html") for name, value in message.get("headers", []))
