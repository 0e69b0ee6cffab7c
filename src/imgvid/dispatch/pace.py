"""Every wait of the dispatcher, in one place, so that a test can make all of them short."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from imgvid.config import DispatcherSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things may take, and how often is looked. Defaults are production's."""

    poll: timedelta = timedelta(seconds=2)  # a look at the database when nothing wakes us
    listen_probe: timedelta = timedelta(seconds=10)  # a NOTIFY to ourselves: a half-open socket looks alive for hours
    listen_patience: timedelta = timedelta(seconds=5)
    lease: timedelta = timedelta(seconds=30)  # an unsent lease of a dead dispatcher is taken back after it
    submit_hold: timedelta = timedelta(seconds=90)  # from before /run until the row is somebody else's business
    unknown_wait: timedelta = timedelta(seconds=90)  # for a sign of life after an unknown submit or a 404
    run_for: timedelta | None = None  # bound of one attempt; None: the job's own
    status_poll: timedelta = timedelta(seconds=5)  # between two looks at a running job
    poll_hold: timedelta = timedelta(seconds=45)  # one look: three tries of the provider, then one write to the chat
    cancel_patience: timedelta = timedelta(
        seconds=30
    )  # from the wish until we stop waiting for the provider to say that it is over
    chat_hold: timedelta = timedelta(seconds=60)  # one claim of a chat: the wait for a turn and up to three calls
    chat_call: timedelta = timedelta(seconds=10)  # one text written to Telegram
    turn_wait: timedelta = timedelta(seconds=20)  # for a turn of the flood budget, then the row waits instead of us
    settle: timedelta = timedelta(
        seconds=10
    )  # from the closing text to the end: an upload of a run that was stopped may land that late
    again: timedelta = timedelta(seconds=130)  # closing texts once more: a worker's longest text write (60 s), doubled
    delivery_claim: timedelta = timedelta(seconds=30)  # renewed three times as often while a result is brought
    delivery_patience: timedelta = timedelta(minutes=5)  # one upload, floods and lost answers included
    late_result: timedelta = timedelta(minutes=10)  # after the deadline, until a result that cannot be brought is lost
    narrate_after: timedelta = timedelta(seconds=4)  # a picture is often there before anybody has read a text
    ready_after: timedelta = timedelta(
        seconds=45
    )  # a job that took longer gets the short "ready" reply: its person looks elsewhere
    booting_after: timedelta = timedelta(seconds=8)  # a warm worker has begun by then
    position_every: timedelta = timedelta(seconds=60)  # one queue text per chat (DESIGN 6)
    pause_worth_telling: timedelta = timedelta(seconds=20)
    pause_first: timedelta = timedelta(
        seconds=300
    )  # 401, empty balance, broken contract: probed again after it, doubling
    pause_top: timedelta = timedelta(seconds=3600)
    breaker_jobs: int = 3  # distinct jobs that failed in a row
    breaker_first: timedelta = timedelta(seconds=15)
    breaker_top: timedelta = timedelta(seconds=120)
    busy_wait: timedelta = timedelta(seconds=2)  # after a 429 that named no time
    starved_after: timedelta = timedelta(seconds=60)
    starved_look: timedelta = timedelta(seconds=15)
    starved_every: timedelta = timedelta(seconds=900)  # on-call hears of it once in this time
    revive_after: timedelta = timedelta(seconds=10)  # a warm worker has begun by then
    revive_every: timedelta = timedelta(seconds=900)  # one look at the management API while jobs wait
    orphan_look: timedelta = timedelta(seconds=15)
    orphan_forgotten: timedelta = timedelta(
        seconds=7200
    )  # a request that answers 404 this long after we learned its id is over
    positions_look: timedelta = timedelta(seconds=10)
    tidy_look: timedelta = timedelta(seconds=60)
    keep_prompts: timedelta = timedelta(days=30)
    keep_rows: timedelta = timedelta(days=90)
    backoff: float = 1.0  # share of jobs/retry.py's wait between attempts; tests make it small
    stop_within: timedelta = timedelta(seconds=8)  # container runtimes kill after 10 s

    @classmethod
    def of(cls, settings: DispatcherSettings) -> Pace:
        """The operator's settings over production's defaults.

        Who sets short waits gets short claims too. That is safe: a claim that runs out while its holder still works
        costs a repeated look or a repeated edit, nothing more.
        """
        at_least = timedelta(seconds=5)
        return cls(
            poll_hold=min(timedelta(seconds=45), max(at_least, settings.lease_s)),
            chat_hold=min(timedelta(seconds=60), max(at_least, settings.lease_s * 2)),
            delivery_claim=min(timedelta(seconds=30), max(at_least, settings.lease_s)),
            poll=settings.poll_s,
            lease=settings.lease_s,
            submit_hold=max(settings.unknown_wait_s, settings.lease_s),
            unknown_wait=settings.unknown_wait_s,
            settle=min(timedelta(seconds=10), settings.unknown_wait_s),
            run_for=settings.run_deadline_s,
            status_poll=settings.status_poll_s,
            keep_prompts=settings.keep_prompts_days,
            keep_rows=settings.keep_rows_days,
        )
