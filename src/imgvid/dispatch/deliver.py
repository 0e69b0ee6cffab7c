"""Results that we fetch and bring to the chat ourselves.

    claim ▸ look (the message says "sending") ▸ fetch into memory ▸ make it ready ▸ still wanted? ▸ upload ▸ completed
      └─ renewed while it lasts; a dead dispatcher's claim runs out, and another one fetches again: it never generates again

No byte touches a disk. Results are paced by a purse of bytes: each takes twice its size, once as it came and once as it goes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from imgvid import log
from imgvid.catalog import Mode
from imgvid.dispatch.actions import Action
from imgvid.dispatch.crew import Clockwork, Crew
from imgvid.dispatch.errand import ClaimLost, Errand, Over, Tools
from imgvid.jobs.errors import Code
from imgvid.jobs.model import Running
from imgvid.jobs.state import State
from imgvid.providers.base import Fetching, ProviderError
from imgvid.store.pool import StoreUnavailable
from imgvid.telegram.errors import Flood, TelegramError

DELIVERIES = 8  # side by side; the purse decides how many bytes that may be


class Deliverer:
    """Brings finished results to their chats. `act` carries out what follows (the reconciler's `do`)."""

    def __init__(
        self,
        *,
        tools: Tools,
        providers: Mapping[str, object],
        catalogue: Mapping[str, Mode],
        act: Callable[[Running, Action], Awaitable[None]],
        clockwork: Clockwork,
        size: int = DELIVERIES,
    ) -> None:
        self._tools, self._providers, self._catalogue = tools, providers, catalogue
        self._act, self._clockwork, self._size = act, clockwork, size
        self._crew: Crew | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Open until `stop`; then what is under way may end."""
        async with Crew(size=self._size, health=self._clockwork.health) as crew:
            self._crew = crew
            await stop.wait()
            self._crew = None

    def take(self, row: Running) -> bool:
        """Begin a delivery beside the caller. False: no hand is free now."""
        crew, provider = self._crew, self._providers.get(row.backend)
        if crew is None or crew.is_full or not isinstance(provider, Fetching):
            return False
        crew.go(self._deliver(row, provider), job=row.short, attempt=row.attempt, state=State.DELIVERING)
        return True

    async def _deliver(self, row: Running, provider: Fetching) -> None:
        tools = self._tools
        claimed = await tools.jobs.claim_delivery(row.id, row.attempt, by=tools.by, span=tools.pace.delivery_claim)
        if claimed is None:  # another dispatcher brings it, or the row has moved on
            return
        log.get().info(log.JOB_DELIVERING, job=row.short, attempt=row.attempt, state=State.DELIVERING, next="fetched")
        errand = Errand(tools, row=row, claimed=claimed, provider=provider, mode=self._catalogue.get(row.mode))
        try:
            async with self._renewed(row):
                action = await errand.run()
        except Over as over:
            action = over.action
        except (ClaimLost, ProviderError, TelegramError, TimeoutError) as trouble:
            await self._later(row, trouble)
            return
        await self._act(row, action)
        with contextlib.suppress(ProviderError):  # best effort by contract
            await provider.forget(errand.request)

    async def _later(self, row: Running, trouble: Exception) -> None:
        """Nothing is decided: somebody looks again, until the attempt's time is long over."""
        tools = self._tools
        if row.deadline_at is not None and row.now >= row.deadline_at + tools.pace.late_result:
            await self._act(row, tools.judge.fail(row, Code.RESULT_LOST, over=False, said=str(trouble)))
            return
        wait = tools.pace.status_poll
        if isinstance(trouble, Flood):
            wait = max(wait, trouble.retry_after)
        log.get().warning(
            log.DELIVERY_POSTPONED,
            job=row.short,
            attempt=row.attempt,
            state=State.DELIVERING,
            said=str(trouble) or type(trouble).__name__,
            wait_s=wait.total_seconds(),
            next="fetched again",
        )
        if await tools.jobs.release_delivery(row.id, row.attempt, by=tools.by, wait=wait):
            self._clockwork.wake_in("poll", wait)

    @contextlib.asynccontextmanager
    async def _renewed(self, row: Running) -> AsyncIterator[None]:
        """Keep the claim while the block runs; when it is lost, the block is cut off with ClaimLost."""
        tools, span = self._tools, self._tools.pace.delivery_claim
        lost = asyncio.timeout(None)

        async def keep() -> None:
            while True:
                await asyncio.sleep(span.total_seconds() / 3)
                try:
                    kept = await tools.jobs.renew_delivery(row.id, row.attempt, by=tools.by, span=span)
                except StoreUnavailable as error:
                    self._clockwork.health.store_lost(error)
                    continue
                if not kept.ours:
                    lost.reschedule(asyncio.get_running_loop().time())
                    return

        keeping = asyncio.create_task(keep())
        try:
            async with lost:
                yield
        except TimeoutError:
            if lost.expired():
                raise ClaimLost("another dispatcher delivers it") from None
            raise
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
