"""A network between a browser and the service that goes wrong on purpose, one request at a time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Literal

Mode = Literal["ok", "down", "silent", "500-before", "500-after", "reset-after", "portal"]
SENDING = b"POST /api/v1/entries"
PORTAL = b"<!doctype html><title>Hotspot</title><p>Welcome. Buy some data."


class Chaos:
    """A TCP proxy. `mode` says what goes wrong; of the sending modes, `times` says how often before all is well again.

    `down` resets every connection, `silent` takes requests and never answers, `portal` answers everything with a page of its
    own. `500-before` fails before the service hears of it; `500-after` and `reset-after` lose the answer once it has.
    """

    def __init__(self, target: int) -> None:
        self.target, self.mode, self.times, self.hits = target, "ok", 0, 0
        # How many sends wait in the silence.
        self.unanswered = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        # Set where the mode is another one; each wait has its own.
        self._changed = asyncio.Event()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def go(self, mode: Mode, times: int = 0) -> None:
        """From now on this goes wrong. What is open is cut, as it is when a signal goes."""
        self.mode, self.times = mode, times
        self._loop.call_soon_threadsafe(self._wake)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        if self.mode == "down":
            self._cut_all()

    def _cut_all(self) -> None:
        for writer in list(self._open):
            self._cut(writer)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)

        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()
        server.close()
        self._cut_all()
        going = asyncio.all_tasks(self._loop)
        for task in going:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*going, return_exceptions=True))
        self._loop.close()

    @staticmethod
    def _cut(writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, AttributeError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self.mode == "down":
                self._cut(writer)
                return
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
            await self._answer(head, await reader.readexactly(length), writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self._cut(writer)
        finally:
            self._open.discard(writer)
            await self._close(writer)

    async def _answer(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        mode = self.mode
        waits = int(mode == "silent" and head.startswith(SENDING))
        self.unanswered += waits
        while self.mode == "silent":
            await self._changed.wait()
        self.unanswered -= waits
        faulty = mode.startswith(("500", "reset")) and head.startswith(SENDING) and self.times > 0
        if faulty:
            self.times, self.hits = self.times - 1, self.hits + 1
        said = b"" if mode in ("down", "silent", "portal") or (faulty and mode == "500-before") else await self._ask(head, body)
        if mode in ("down", "silent") or (faulty and mode == "reset-after"):
            self._cut(writer)
        elif mode == "portal":
            await self._say(writer, b"200 OK", b"text/html", PORTAL)
        elif faulty:
            await self._say(writer, b"500 Internal Server Error", b"text/plain", b"broken")
        else:
            writer.write(said)
            await writer.drain()

    async def _ask(self, head: bytes, body: bytes) -> bytes:
        up, down = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            return await self._pass_on(up, down, head, body)
        finally:
            await self._close(down)

    @staticmethod
    async def _close(writer: asyncio.StreamWriter) -> None:
        """Closes a connection, and waits until it is."""
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    @staticmethod
    async def _pass_on(up: asyncio.StreamReader, down: asyncio.StreamWriter, head: bytes, body: bytes) -> bytes:
        lines = [line for line in head.rstrip(b"\r\n").split(b"\r\n") if not line.lower().startswith(b"connection:")]
        down.write(b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body)
        await down.drain()
        return await up.read(-1)

    @staticmethod
    async def _say(writer: asyncio.StreamWriter, status: bytes, kind: bytes, body: bytes) -> None:
        writer.write(b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, kind, len(body), body))
        await writer.drain()


@contextlib.contextmanager
def between(url: str) -> Iterator[Chaos]:
    """A proxy before the service at a URL."""
    made = Chaos(int(url.rsplit(":", 1)[1]))
    yield made
    made.stop()
