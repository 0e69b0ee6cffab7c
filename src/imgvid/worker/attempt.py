"""The steps of one attempt, in order, and what each trouble means.

Steps raise StopRun (the message says: nothing left to do) or Fail (this attempt cannot deliver); `outcome` turns both,
and everything unexpected, into an Outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from imgvid import log
from imgvid.catalog import modes
from imgvid.jobs.errors import Code
from imgvid.media.image import ImageError, open_picture
from imgvid.media.limits import IMAGE_LIMITS, VIDEO_LIMITS, ImageLimits, VideoLimits
from imgvid.telegram.client import Telegram
from imgvid.telegram.delivery import DELIVER_PATIENCE, Delivery, End, deliver
from imgvid.telegram.errors import (
    BadToken,
    ChatMigrated,
    FileTooBig,
    FileUnavailable,
    TelegramError,
    UploadTooLarge,
)
from imgvid.telegram.keyboard import Keyboard, after_result, while_open
from imgvid.telegram.message import WRITE_PATIENCE, Look, Place, look
from imgvid.telegram.outgoing import Outgoing
from imgvid.telegram.patience import Patience
from imgvid.texts import say
from imgvid.texts.card import caption
from imgvid.worker.engines.base import Engine, EngineFailed, Made, Order, Scalar
from imgvid.worker.outcome import Delivered, Failed, Outcome, Reason, SentFile, Stopped
from imgvid.worker.parcel import Parcel, pack
from imgvid.worker.progress import EDIT_EVERY, Progress, StopRun
from imgvid.worker.report import Reporter
from imgvid.worker.request import Picture, Request
from imgvid.worker.stopwatch import Stopwatch
from imgvid.worker.thread import in_thread

_FILE_OF_ROLE = {"image": "input.png", "last": "last.png"}
_LOOK_REASON = {
    Look.DELIVERED: Reason.ALREADY_DELIVERED,
    Look.GONE: Reason.MESSAGE_GONE,
    Look.CHAT_GONE: Reason.CHAT_GONE,
    Look.SUPERSEDED: Reason.SUPERSEDED,
}
_END_REASON = {
    End.ALREADY: Reason.ALREADY_DELIVERED,
    End.GONE: Reason.MESSAGE_GONE,
    End.CHAT_GONE: Reason.CHAT_GONE,
    End.SUPERSEDED: Reason.SUPERSEDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How patient and how talkative an attempt is, and what it takes and sends."""

    write: Patience = WRITE_PATIENCE  # the look before anything has cost something
    deliver: Patience = DELIVER_PATIENCE  # the look before the upload, and the upload
    edit_every: timedelta = EDIT_EVERY
    image: ImageLimits = IMAGE_LIMITS
    video: VideoLimits = VIDEO_LIMITS


class Fail(Exception):
    """This attempt cannot deliver."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(detail)
        self.failed = Failed(code=code, detail=detail)


class Attempt:
    """One attempt of one job. `recipe` grows while it runs."""

    def __init__(
        self,
        *,
        request: Request,
        request_id: str | None,
        worker_id: str,
        telegram: Telegram,
        engine: Engine,
        reporter: Reporter,
        manners: Manners,
        watch: Stopwatch,
        now: Callable[[], datetime],
    ) -> None:
        self._request, self._request_id, self._worker_id = request, request_id, worker_id
        self._telegram, self._engine, self._reporter = telegram, engine, reporter
        self._manners, self._watch, self._now = manners, watch, now
        self._place = Place(chat_id=request.chat_id, message_id=request.message_id)
        self._cancel_button: Keyboard | None = None
        self._result_buttons: Keyboard | None = None
        if request.short is not None:
            self._cancel_button = while_open(request.locale, request.short)
            self._result_buttons = after_result(
                request.locale,
                request.short,
                modes().get(request.mode),
                request.params,
                roles=[one.role for one in request.inputs],
            )
        self.recipe: dict[str, Scalar] = {"mode": request.mode, "seed": request.seed, "engine": engine.name}

    async def outcome(self, folder: Path) -> Outcome:
        """Do all steps within the deadline. Raises nothing but CancelledError; the caller wipes `folder`."""
        deadline = self._request.deadline
        left_s = None if deadline is None else (deadline - self._now()).total_seconds()
        if left_s is not None and left_s <= 0:
            return Failed(code=Code.DEADLINE_EXCEEDED, detail=f"arrived {-left_s:.0f} s after its deadline")
        limit = asyncio.timeout(left_s)
        try:
            async with limit:
                return await self._steps(folder)
        except StopRun as stop:
            return stop.stopped
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                return Failed(code=Code.DEADLINE_EXCEEDED, detail="the deadline came while it ran")
            return self._failed(error)

    def _failed(self, error: Exception) -> Failed:
        """What an error means; an unexpected one is told by its class alone, for a text may hold a path."""
        match error:
            case Fail():
                return error.failed
            case ImageError():
                return Failed(code=error.code, detail=str(error))
            case EngineFailed():
                return Failed(code=error.code, detail=error.detail)
        log.get().error(log.RUN_CRASHED, job=self._request.shown_id, exc_info=error)
        return Failed(code=Code.WORKER_FAILED, detail=type(error).__name__)

    async def _steps(self, folder: Path) -> Outcome:
        manners = self._manners
        async with self._begin_reported():
            self._watch.enter("look")
            await self._look("generating", self._cancel_button, manners.write, if_mute=Code.INTERNAL)
            made = await self._make(folder, await self._fetch(folder))
            self.recipe |= made.recipe
            self._watch.enter("pack")
            parcel = await self._pack(folder, made)
            self._watch.enter("look")
            # A finished video is worth a long wait: a flood limit must not throw it away.
            await self._look("sending", None, manners.deliver, if_mute=Code.DELIVERY_FAILED)
            self._watch.enter("upload")
            return self._judge(await self._send(parcel), parcel)

    @contextlib.asynccontextmanager
    async def _begin_reported(self) -> AsyncIterator[None]:
        """Report the beginning beside the steps: a database far away costs no time."""
        request = self._request
        begin = asyncio.create_task(
            self._reporter.begin(request.job_id, request.attempt, self._worker_id, self._request_id)
        )
        try:
            yield
        finally:
            begin.cancel()
            await asyncio.wait({begin})

    async def _look(self, key: str, keyboard: Keyboard | None, patience: Patience, *, if_mute: Code) -> None:
        """Write this text and go on only if a text stood there."""
        text = say(self._request.locale, key, id=self._request.shown_id)
        try:
            seen = await look(self._telegram, place=self._place, text=text, keyboard=keyboard, patience=patience)
        except ChatMigrated as moved:
            raise StopRun(Stopped(reason=Reason.CHAT_MOVED, detail=str(moved.new_chat_id))) from None
        except TelegramError as error:
            raise Fail(if_mute, f"the message could not be written: {error}") from None
        if seen is not Look.GO:
            raise StopRun(Stopped(reason=_LOOK_REASON[seen]))

    async def _fetch(self, folder: Path) -> dict[str, Path]:
        """Download and decode every input; each ends as an RGB PNG without metadata."""
        images = {}
        for picture in self._request.inputs:
            raw = folder / f"{picture.role}.download"
            self._watch.enter("download")
            await self._download(picture, raw)
            self._watch.enter("prepare")
            images[picture.role] = await in_thread(partial(self._decode, raw, folder / _FILE_OF_ROLE[picture.role]))
        mode = modes().get(self._request.mode)
        if mode is None:
            raise Fail(Code.INTERNAL, f"this image is older than the mode {self._request.mode}")
        missing = [rule.role for rule in mode.inputs if rule.required and rule.role not in images]
        if missing:
            raise Fail(Code.INTERNAL, f"bad request: no picture with the role {', '.join(missing)}")
        return images

    async def _download(self, picture: Picture, into: Path) -> None:
        try:
            await self._telegram.download(file_id=picture.file_id, into=into, max_bytes=self._manners.image.max_bytes)
        except FileTooBig as error:
            raise Fail(Code.IMAGE_TOO_HEAVY, str(error)) from None
        except FileUnavailable as error:
            code = Code.INTERNAL if error.temporary else Code.FILE_UNAVAILABLE
            raise Fail(code, f"{picture.role}: {error}") from None
        except TelegramError as error:
            raise Fail(Code.INTERNAL, f"{picture.role}: {error}") from None

    def _decode(self, raw: Path, target: Path) -> Path:
        picture = open_picture(raw, self._manners.image, want_px=self._engine.picture_px)
        raw.unlink()
        picture.save_png(target)
        return target

    async def _make(self, folder: Path, images: dict[str, Path]) -> Made:
        """Run the engine and tell about it. When the message says stop, the engine is cancelled."""
        request = self._request
        order = Order(
            job_id=str(request.job_id),
            mode=request.mode,
            params=request.params,
            seed=request.seed,
            images=images,
            folder=folder,
            locale=request.locale,
            deadline=request.deadline,
            attempt=request.attempt,
        )
        progress = Progress(
            telegram=self._telegram,
            reporter=self._reporter,
            request=request,
            keyboard=self._cancel_button,
            watch=self._watch,
            edit_every=self._manners.edit_every,
        )
        self._watch.enter("load")
        making = asyncio.create_task(self._engine.make(order, progress.tell))
        writing = asyncio.create_task(progress.run())
        try:
            await asyncio.wait({making, writing}, return_when=asyncio.FIRST_COMPLETED)
            if making.done():
                made = making.result()
                await progress.settle(writing)
                return made
            return await writing  # it ended first, so this raises: StopRun, or a bug of ours
        finally:
            for task in (making, writing):
                task.cancel()
            await _over(making, writing)

    async def _pack(self, folder: Path, made: Made) -> Parcel:
        stop = threading.Event()
        work = partial(pack, made.path, folder / "planned.mp4", stop=stop, limits=self._manners.video)
        parcel = await in_thread(work, on_cancel=stop.set)
        self.recipe |= {
            "frames_sha256": parcel.frames_digest,
            "plan": str(parcel.plan.action),
            "plan_reasons": " ".join(parcel.plan.reasons),
        }
        return parcel

    async def _send(self, parcel: Parcel) -> Delivery:
        request, facts = self._request, parcel.facts
        try:
            return await deliver(
                self._telegram,
                place=self._place,
                media=Outgoing(
                    source=parcel.path,
                    width=facts.width,
                    height=facts.height,
                    duration_s=facts.duration_s,
                    thumbnail=parcel.thumbnail,
                    has_spoiler=request.has_spoiler,
                    filename=f"{request.shown_id}.mp4",
                ),
                caption=caption(
                    request.locale,
                    short_id=request.shown_id,
                    prompt=request.prompt,
                    seed=request.seed,
                    length_s=facts.duration_s,
                    preview=self._engine.name == "preview",
                ),
                keyboard=self._result_buttons,
                patience=self._manners.deliver,
            )
        except BadToken as error:
            raise Fail(Code.DELIVERY_FAILED, str(error)) from None

    def _judge(self, delivery: Delivery, parcel: Parcel) -> Outcome:
        """What the end of the delivery means for the job. UNKNOWN may be a video that stands there: the dispatcher
        asks the message before it tells anybody about a failure."""
        match delivery.end:
            case End.DELIVERED:
                return Delivered(file=_sent(delivery, parcel))
            case End.MOVED:
                new_id = delivery.error.new_chat_id if isinstance(delivery.error, ChatMigrated) else ""
                return Stopped(reason=Reason.CHAT_MOVED, detail=str(new_id))
            case End.ALREADY | End.GONE | End.CHAT_GONE | End.SUPERSEDED:
                return Stopped(reason=_END_REASON[delivery.end])
            case End.REFUSED if isinstance(delivery.error, UploadTooLarge):
                return Failed(code=Code.RESULT_TOO_LARGE, detail=str(delivery.error))
            case End.REFUSED | End.UNKNOWN:
                return Failed(code=Code.DELIVERY_FAILED, detail=f"{delivery.end}: {delivery.error}")


def _sent(delivery: Delivery, parcel: Parcel) -> SentFile:
    media, facts = delivery.media, parcel.facts
    return SentFile(
        file_id=media.file_id if media else None,
        file_unique_id=media.file_unique_id if media else None,
        kind=str(media.kind) if media else "video",
        width=facts.width,
        height=facts.height,
        fps=round(facts.fps, 3),
        duration_s=round(facts.duration_s, 3),
        frames=facts.frames,
        bytes=facts.bytes,
    )


async def _over(*tasks: asyncio.Task[object]) -> None:
    """Wait until cancelled tasks have ended, through further cancels: their threads may hold files of the folder."""
    cancelled: asyncio.CancelledError | None = None
    while any(not task.done() for task in tasks):
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError as error:
            cancelled = error
    for task in tasks:
        if not task.cancelled():
            task.exception()  # its news was either raised already or is abandoned work's
    if cancelled is not None:
        raise cancelled
