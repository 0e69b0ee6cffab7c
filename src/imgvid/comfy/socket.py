"""The websocket of a ComfyUI server: where frames come from, while it lasts.

Frames go to the one socket whose clientId equals the prompt's `client_id`; nothing is kept for a socket that comes late.
So: connect, wait for the frame that carries `sid`, and only then send the prompt. A socket that comes back under the same
id must find the old one closed, or the old one's end takes its frames away (measured on 0.33.0): `connect` closes first.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp

from imgvid.comfy.client import Comfy
from imgvid.comfy.errors import ServerGone, Unauthorized
from imgvid.comfy.frames import Frame, Ready, parse_frame

_CLOSE_S = 1.0
_MOST_BYTES = 64 * 1024**2  # a progress_state names every node that ran; previews are off


class FeedLost(Exception):
    """The socket is closed; the prompt runs on."""


class Feed:
    """One client id's socket, opened as often as needed."""

    def __init__(self, server: Comfy, *, client_id: str) -> None:
        self.client_id = client_id
        self._server = server
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
        if self._session is not None:
            await self._session.close()

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    async def connect(self, *, within_s: float) -> None:
        """Open a socket and wait until the server says that it is there. Raises ServerGone, Unauthorized."""
        await self.close()
        assert self._session is not None, "enter the feed first"
        url = "ws" + self._server.url.removeprefix("http") + "/ws"
        try:
            async with asyncio.timeout(within_s):
                self._socket = await self._session.ws_connect(
                    url,
                    params={"clientId": self.client_id},
                    headers=self._server.headers,
                    max_msg_size=_MOST_BYTES,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                )
                while not isinstance(await self.next(), Ready):
                    pass
        except aiohttp.WSServerHandshakeError as error:
            await self.close()
            if error.status in {401, 403}:
                raise Unauthorized(f"websocket: HTTP {error.status}") from None
            raise ServerGone(f"websocket: HTTP {error.status}") from None
        except (TimeoutError, aiohttp.ClientError, OSError, FeedLost) as error:
            await self.close()
            raise ServerGone(f"websocket: {type(error).__name__}") from None

    async def next(self, *, within_s: float | None = None) -> Frame | None:
        """The next message; None for one that does not matter. Raises TimeoutError, and FeedLost once it is closed."""
        if self._socket is None:
            raise FeedLost
        message = await self._socket.receive(timeout=within_s)
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                return parse_frame(message.data)
            case aiohttp.WSMsgType.CLOSE | aiohttp.WSMsgType.CLOSING | aiohttp.WSMsgType.CLOSED:
                raise FeedLost
            case aiohttp.WSMsgType.ERROR:
                raise FeedLost
        return None  # binary: previews

    async def close(self) -> None:
        """Close the socket, if there is one. Safe to call twice."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()
