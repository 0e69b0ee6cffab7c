"""One house for many tests: it runs in a thread with a loop of its own, so that each test's loop stays its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from imgvid.sandbox.demo.gpu import PREVIEW, Engine
from imgvid.sandbox.demo.house import House, open_house
from imgvid.sandbox.demo.logbook import Logbook

T = TypeVar("T")
START_S = 50.0
SETTINGS = {
    "UNKNOWN_WAIT_S": "4",
    "LEASE_S": "2",
    "STATUS_POLL_S": "0.5",
    "CHAT_JOBS_PER_MINUTE": "100",
    "RUNPOD_MAX_IN_FLIGHT": "20",  # requests that RunPod forgot keep their places until their end, which no test waits for
    "LOG_LEVEL": "INFO",
}
STAYS = timedelta(minutes=10)  # a GPU worker that started once serves all tests


class Town:
    """`call` runs a function in the house's own loop; everything else about it is looked at over sockets."""

    def __init__(self, engine: Engine = PREVIEW) -> None:
        self.logbook, self._engine = Logbook(), engine
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="house")
        self._up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._down: asyncio.Event | None = None
        self._house: House | None = None
        self._trouble: BaseException | None = None

    def start(self) -> None:
        self._thread.start()
        assert self._up.wait(START_S), "the house did not stand in time"
        if self._trouble is not None:
            raise RuntimeError("the house could not be started") from self._trouble

    def stop(self) -> None:
        assert self._loop is not None
        assert self._down is not None
        self._loop.call_soon_threadsafe(self._down.set)
        self._thread.join(30)

    async def _live(self) -> None:
        self._loop, self._down = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with open_house(
                port=0, logbook=self.logbook, settings=SETTINGS, idle_timeout=STAYS, engine=self._engine
            ) as house:
                self._house = house
                self._up.set()
                await self._down.wait()
        except BaseException as trouble:
            self._trouble = trouble
            raise
        finally:
            self._up.set()

    @property
    def house(self) -> House:
        assert self._house is not None
        return self._house

    async def call(self, work: Callable[[House], T]) -> T:
        """What `work` answers about the house, done where nothing else touches it."""
        assert self._loop is not None

        async def there() -> T:
            return work(self.house)

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(there(), self._loop))
