"""How long the service waits for a request that comes slowly, and for how many at once from one address.

Whoever sends half a request and then nothing keeps a connection open. Enough of them would leave none for anybody else,
so every part of a request has its time, and strangers have less of it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 48\r\nconnection: close\r\n\r\n"
    b"The request came too slowly. Please send it anew"
)
CREDENTIALS = frozenset({b"authorization", b"cookie"})


class PatientProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with an end to waiting.

    A credential is taken at its word here, because nobody has read it yet: it buys time, and nothing else.
    """

    HEADERS_WITHIN: ClassVar[float] = 10.0
    """Seconds from the first sign of a request to the end of its headers."""
    BODY_WITHIN: ClassVar[float] = 60.0
    """Seconds for the body of a request that shows a credential: five megabytes through a bad signal."""
    BODY_OF_A_STRANGER_WITHIN: ClassVar[float] = 10.0
    UNFINISHED_AT_ONCE: ClassVar[int] = 100
    """Connections of one address that have not sent a whole request. A school behind one address stays far below it."""
    TRUSTED: ClassVar[frozenset[str]] = frozenset()
    """Addresses that are not counted: the proxy's, which stands for everybody."""
    unfinished: ClassVar[Counter[str]] = Counter()

    _waiting: asyncio.TimerHandle | None = None
    _counted: str = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Counts the connection until it has sent a whole request."""
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._settled()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A further request on the same connection is counted and has its time, too."""
        super().on_message_begin()
        if self._waiting is None:
            self._begin()

    def on_headers_complete(self) -> None:
        """From here on the body is waited for."""
        known = any(name in CREDENTIALS for name, _ in self.headers)
        self._wait(self.BODY_WITHIN if known else self.BODY_OF_A_STRANGER_WITHIN)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._settled()
        super().on_message_complete()

    def _begin(self) -> None:
        """Waits for a whole request, unless too many of this address are waited for already."""
        address = self.client[0] if self.client else ""
        if address not in self.TRUSTED:
            if self.unfinished[address] >= self.UNFINISHED_AT_ONCE:
                self.transport.abort()
                return
            self._counted = address
            self.unfinished[address] += 1
        self._wait(self.HEADERS_WITHIN)

    def _wait(self, seconds: float) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(seconds, self._give_up)

    def _settled(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self._counted:
            self.unfinished[self._counted] -= 1
            if not self.unfinished[self._counted]:
                del self.unfinished[self._counted]
            self._counted = ""

    def _give_up(self) -> None:
        self._waiting = None
        cycle: Any = self.cycle
        answering = cycle is not None and cycle.response_started and not cycle.response_complete
        if not self.transport.is_closing() and not answering:
            self.transport.write(TOO_SLOW)
        self.transport.close()


def patient_protocol(proxy: str | None) -> type[PatientProtocol]:
    """The protocol of one service. `proxy` is the address of what stands before it, if anything does."""
    return type(
        "ServedProtocol", (PatientProtocol,), {"TRUSTED": frozenset({proxy} if proxy else ()), "unfinished": Counter()}
    )
