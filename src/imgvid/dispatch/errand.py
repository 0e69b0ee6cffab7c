"""One delivery of a fetched result, step by step: what is done, and what each trouble means."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from imgvid.catalog import Makes, Mode
from imgvid.dispatch.actions import Action, Again, Close, Complete, Moved
from imgvid.dispatch.decide import Judge
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.pack import Pack
from imgvid.dispatch.purse import Purse
from imgvid.dispatch.scribe import Scribe
from imgvid.jobs.errors import Code
from imgvid.jobs.model import Claimed, Running
from imgvid.jobs.state import State
from imgvid.media.memory import MemoryFile
from imgvid.media.parcel import MAX_FILE_BYTES, Parcel, Shown, Unfit
from imgvid.providers.base import Fetching, NotFound, Rejected, RequestId, Result
from imgvid.store.jobs import JobStore
from imgvid.telegram.budget import MethodClass, Priority
from imgvid.telegram.client import Telegram
from imgvid.telegram.delivery import Delivery, End, deliver
from imgvid.telegram.errors import BadToken, ChatMigrated, UploadTooLarge
from imgvid.telegram.keyboard import after_result
from imgvid.telegram.message import Place, Seen
from imgvid.telegram.outgoing import Kind, Outgoing
from imgvid.telegram.patience import Patience
from imgvid.texts import caption, say

_UNTOLD_BYTES = 5_000_000  # taken from the purse where the provider does not say how large a result is


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What every delivery works with."""

    jobs: JobStore
    telegram: Telegram
    scribe: Scribe
    pack: Pack
    judge: Judge
    pace: Pace
    purse: Purse
    by: str


class Over(Exception):
    """The delivery ends here, and this follows."""

    def __init__(self, action: Action) -> None:
        super().__init__(type(action).__name__)
        self.action = action


class ClaimLost(Exception):
    """The claim is somebody else's by now: touch nothing more."""


class Errand:
    """One delivery. Its steps raise Over with what follows, or what stopped it for now."""

    def __init__(self, tools: Tools, *, row: Running, claimed: Claimed, provider: Fetching, mode: Mode | None) -> None:
        self._tools, self._row, self._claimed, self._provider, self._mode = tools, row, claimed, provider, mode
        assert row.request_id is not None
        assert row.message_id is not None
        self.request = RequestId(row.request_id)
        self._place = Place(chat_id=row.chat_id, message_id=row.message_id)
        self._began = time.monotonic()
        self._phases: dict[str, float] = {}

    async def run(self) -> Action:
        if self._claimed.cancel_at is not None:
            # A claim that was taken over: an upload of its last owner may still land.
            return Close(verdict=State.CANCELLED, code=None, over=self._row.state is not State.DELIVERING)
        await self._look()
        async with self._fetched() as (made, result):
            self._enter("download")
            with contextlib.closing(await self._pack(made)) as parcel:
                self._enter("pack")
                await self._still_wanted()
                delivery = await self._upload(parcel, result)
                self._enter("upload")
                return self._judge(delivery, parcel, result)

    def _enter(self, phase: str) -> None:
        """The phase that ends now."""
        now = time.monotonic()
        self._phases[f"{phase}_s"] = round(now - self._began, 3)
        self._began = now

    @property
    def _makes(self) -> Makes:
        return self._mode.makes if self._mode is not None else Makes.VIDEO

    async def _look(self) -> None:
        """A run of a finished job stops here, before it fetches anything."""
        row = self._row
        await self._turn(MethodClass.EDIT)
        seen = await self._tools.scribe.show(
            self._place, say(row.locale, "sending", id=row.short, makes=self._makes), None
        )
        self._enter("look")
        match seen:
            case Seen.TEXT:
                return
            case Seen.VIDEO:
                raise Over(Complete(result={"overtaken": True}))
            case Seen.GONE:
                raise Over(Close(verdict=State.CANCELLED, code=Code.MESSAGE_DELETED, over=True))
            case Seen.CHAT_GONE:
                raise Over(Close(verdict=State.FAILED, code=Code.CHAT_UNREACHABLE, over=True))

    async def _turn(self, method: MethodClass) -> None:
        if not await self._tools.scribe.turn(self._row.chat_id, Priority.FINAL, method=method):
            raise TimeoutError("no turn in the chat's flood budget")

    @contextlib.asynccontextmanager
    async def _fetched(self) -> AsyncIterator[tuple[MemoryFile, Result]]:
        """The whole file in memory, paid for from the purse for as long as the block lasts."""
        async with contextlib.AsyncExitStack() as held:
            made = held.enter_context(MemoryFile("result"))
            try:
                async with self._provider.fetch(self.request) as result:
                    expected = result.size if result.size is not None else _UNTOLD_BYTES
                    await held.enter_async_context(self._tools.purse.take(2 * expected))
                    await _read(result, made)
            except NotFound as gone:
                raise Over(self._failed(Code.RESULT_LOST, str(gone))) from None
            except Rejected as refused:
                raise Over(self._failed(refused.failure or Code.PROVIDER_REJECTED, refused.detail)) from None
            yield made, result

    async def _pack(self, made: MemoryFile) -> Parcel:
        try:
            return await self._tools.pack(made, self._makes, self._claimed.params.get("as_file") is True)
        except Unfit as trouble:
            raise Over(self._failed(trouble.code, str(trouble))) from None

    async def _still_wanted(self) -> None:
        tools, row = self._tools, self._row
        kept = await tools.jobs.renew_delivery(row.id, row.attempt, by=tools.by, span=tools.pace.delivery_claim)
        if not kept.ours:
            raise ClaimLost("another dispatcher delivers it")
        if kept.wished:
            raise Over(Close(verdict=State.CANCELLED, code=None, over=True))

    async def _upload(self, parcel: Parcel, result: Result) -> Delivery:
        row, claimed, tools = self._row, self._claimed, self._tools
        await self._turn(MethodClass.MEDIA)
        try:
            return await deliver(
                tools.telegram,
                place=self._place,
                media=_outgoing(parcel, name=row.short, has_spoiler=claimed.has_spoiler),
                caption=caption(
                    row.locale,
                    short_id=row.short,
                    prompt=claimed.prompt,
                    seed=claimed.seed if self._mode is None or self._mode.is_seeded(claimed.params) else None,
                    length_s=parcel.duration_s,
                    notes=result.notes,
                ),
                keyboard=after_result(row.locale, row.short, self._mode, claimed.params),
                patience=Patience(span=tools.pace.delivery_patience),
            )
        except BadToken as error:
            raise Over(self._failed(Code.DELIVERY_FAILED, str(error))) from None

    def _judge(self, delivery: Delivery, parcel: Parcel, result: Result) -> Action:
        """What the end of the delivery means for the job."""
        match delivery.end:
            case End.DELIVERED:
                return Complete(result=self._result(delivery, parcel, result))
            case End.ALREADY:
                return Complete(result={"overtaken": True})
            case End.GONE:
                return Close(verdict=State.CANCELLED, code=Code.MESSAGE_DELETED, over=True)
            case End.CHAT_GONE:
                return Close(verdict=State.FAILED, code=Code.CHAT_UNREACHABLE, over=True)
            case End.MOVED:
                then = self._failed(Code.INTERNAL, "the group became a supergroup")
                moved = delivery.error
                return Moved(new_chat_id=moved.new_chat_id, then=then) if isinstance(moved, ChatMigrated) else then
            case End.REFUSED:
                too_large = isinstance(delivery.error, UploadTooLarge)
                code = Code.RESULT_TOO_LARGE if too_large else Code.DELIVERY_FAILED
                return self._failed(code, f"refused: {delivery.error}")
            case End.SUPERSEDED | End.UNKNOWN:  # it may stand there: whoever looks next asks the message first
                raise TimeoutError(f"upload: {delivery.end}: {delivery.error}")

    def _failed(self, code: Code, said: str) -> Again | Close:
        return self._tools.judge.fail(self._row, code, over=True, said=said)

    def _result(self, delivery: Delivery, parcel: Parcel, result: Result) -> dict[str, object]:
        """The same shape as a worker's output (worker/outcome.py)."""
        media = delivery.media
        return {
            "v": 1,
            "outcome": "delivered",
            "job_id": str(self._row.id),
            "attempt": self._row.attempt,
            "file": {
                "file_id": media.file_id if media else None,
                "file_unique_id": media.file_unique_id if media else None,
                "kind": str(media.kind) if media else str(parcel.shown),
                "width": parcel.width,
                "height": parcel.height,
                "duration_s": parcel.duration_s,
                "bytes": parcel.size,
            },
            "phases": dict(self._phases),
            "recipe": {
                "mode": self._row.mode,
                "seed": self._claimed.seed,
                **result.recipe,
                "plan": " ".join(parcel.steps),
                "frames_sha256" if parcel.shown is Shown.VIDEO else "sha256": parcel.digest,
            },
        }


def _outgoing(parcel: Parcel, *, name: str, has_spoiler: bool) -> Outgoing:
    return Outgoing(
        source=parcel.source,
        kind=Kind(parcel.shown),
        width=parcel.width,
        height=parcel.height,
        duration_s=parcel.duration_s,
        thumbnail=parcel.thumbnail,
        has_spoiler=has_spoiler,
        filename=f"{name}{Path(parcel.filename).suffix}",
    )


async def _read(result: Result, into: MemoryFile) -> None:
    """All pieces. Raises Rejected above what a plan could bring within Telegram's limit, before more memory is spent."""
    size = 0
    async for piece in result.pieces:
        size += len(piece)
        if size > 2 * MAX_FILE_BYTES:
            raise Rejected("too_large", f"more than {2 * MAX_FILE_BYTES} bytes", failure=Code.RESULT_TOO_LARGE)
        into.write(piece)
