"""Taking a message away from an attempt that may still be alive, and sending the job's next one (DESIGN 7, retire).

    ask        VIDEO: the job is done. GONE before we ever sent a delete: the person deleted it.
    delete     until the answer is ok or 'not found'; from then on every late edit of the old run is refused
    send       a fresh text; its id is stored where the old one was. Only then the job may be leased again.

Each step may be repeated after a crash. At worst a status text appears twice, a video never.
"""

from __future__ import annotations

import contextlib

from imgvid import log
from imgvid.dispatch.compose import Line
from imgvid.dispatch.scribe import Scribe
from imgvid.jobs.model import Owed
from imgvid.jobs.state import State
from imgvid.store.chat import ChatStore
from imgvid.store.jobs import JobStore
from imgvid.telegram.errors import TelegramError
from imgvid.telegram.message import Place, Seen, Taken


class Retirer:
    """Serves rows whose message is `retiring`, and rows that have none."""

    def __init__(self, *, jobs: JobStore, chat: ChatStore, scribe: Scribe) -> None:
        self._jobs, self._chat, self._scribe = jobs, chat, scribe

    async def retire(self, row: Owed, line: Line) -> Seen | Taken | None:
        """One go at a retirement. None: the fresh message stands and is stored.

        VIDEO, GONE (the person deleted it), CHAT_GONE and STUCK are the caller's to act on. For a CLOSING row a deleted
        message is no news: its closing text is sent fresh.
        """
        assert row.retiring is not None
        old = Place(chat_id=row.chat_id, message_id=row.retiring)
        seen = await self._scribe.show(old, line.text, line.keyboard)
        if seen in {Seen.VIDEO, Seen.CHAT_GONE}:
            return seen
        if seen is Seen.GONE and not row.deleting and row.state is State.QUEUED:
            return seen
        await self._chat.begin_delete(row.id)
        taken = await self._scribe.remove(old)
        if taken is Taken.CHAT_GONE:
            return Seen.CHAT_GONE
        if taken is Taken.STUCK:
            return taken
        log.get().info(
            log.MESSAGE_RETIRED, job=row.short, attempt=row.attempt, state=row.state, next="a fresh text is sent"
        )
        return None if await self.send_fresh(row, line, retired=row.retiring) else Taken.GONE

    async def send_fresh(self, row: Owed, line: Line, *, retired: int | None) -> bool:
        """Send a text that becomes the job's message. False: another one was faster, and ours is taken away again."""
        sent = await self._scribe.send(row.chat_id, line.text, line.keyboard, thread_id=row.thread_id)
        held = await self._chat.replace_message(row.id, sent, retired=retired)
        if held == sent:
            await self._chat.said(
                row.id, line.key, position=row.told_position, look_again=None, claim=row.claimed_until
            )
            log.get().info(
                log.MESSAGE_SENT,
                job=row.short,
                attempt=row.attempt,
                state=row.state,
                text=line.key,
                next="it is the job's message now",
            )
            return True
        with contextlib.suppress(TelegramError):  # at worst a stale line of text stays
            await self._scribe.remove(Place(chat_id=row.chat_id, message_id=sent))
        return False
