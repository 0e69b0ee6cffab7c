"""The dispatcher process: everything built once, all loops in one TaskGroup, and an orderly end.

A loop that dies of a bug takes the process down, loudly; a lost database or provider is waited for. On SIGTERM: stop
leasing, finish what is being written within a deadline, give leases back, close, exit 0.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import httpx

from imgvid import log
from imgvid.catalog import modes
from imgvid.config import DispatcherSettings
from imgvid.dispatch.actions import Action
from imgvid.dispatch.announce import Announcer
from imgvid.dispatch.around import Around
from imgvid.dispatch.crew import Clockwork, patiently
from imgvid.dispatch.decide import Judge
from imgvid.dispatch.deliver import Deliverer
from imgvid.dispatch.errand import Tools
from imgvid.dispatch.gate import Gates
from imgvid.dispatch.health import Health
from imgvid.dispatch.history import History
from imgvid.dispatch.lease import Leaser, Promoter
from imgvid.dispatch.orphans import OrphanSweeper
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.pack import Pack, pack
from imgvid.dispatch.purse import Purse
from imgvid.dispatch.reconcile import Reconciler
from imgvid.dispatch.revive import Reviver
from imgvid.dispatch.scribe import Scribe
from imgvid.dispatch.served import Served, served
from imgvid.dispatch.starved import StarvationWatch
from imgvid.dispatch.submit import Submitter
from imgvid.dispatch.sweep import Sweeper
from imgvid.dispatch.tidy import Positions, Tidier
from imgvid.jobs.model import Running
from imgvid.media.parcel import MAX_FILE_BYTES
from imgvid.store.backends import BackendStore
from imgvid.store.chat import ChatStore
from imgvid.store.intake import Intake
from imgvid.store.jobs import JobStore
from imgvid.store.listen import Listener, Wakeups
from imgvid.store.pool import Database, StoreUnavailable, open_pool_patiently
from imgvid.telegram.budget import Budget
from imgvid.telegram.client import Telegram

POOL = 8  # connections: submits, looks and writes hold one for a millisecond each
# Idle connections are kept: a /run must not pay for a handshake. Both ends close theirs after a minute or more.
_KEEP_S = 300.0


class Loop(Protocol):
    async def run(self, stop: asyncio.Event) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a dispatcher is made of: the outside world, its waits, its name and its dice."""

    database: Database
    dsn: str
    telegram: Telegram
    served: Sequence[Served]
    pack: Pack
    by: str
    pace: Pace
    rng: random.Random
    health: Health
    workers: int = 1  # what a worker limit that the platform set to 0 is set back to


class Dispatcher:
    """All loops over one set of parts. Several may run on one database."""

    def __init__(self, parts: Parts, *, budget: Budget | None = None) -> None:
        pace, health = parts.pace, parts.health
        self._by, self._pace, self._health = parts.by, pace, health
        jobs, chat = JobStore(parts.database), ChatStore(parts.database)
        intake, backends = Intake(parts.database), BackendStore(parts.database)
        wakeups = Wakeups()
        clockwork = Clockwork(wakeups=wakeups, health=health, poll=pace.poll, rng=parts.rng)
        gates = Gates(backends=backends, wakeups=wakeups, pace=pace)
        scribe = Scribe(telegram=parts.telegram, budget=budget or Budget(), pace=pace)
        history = History(jobs=jobs, health=health)
        providers = {one.backend: one.provider for one in parts.served}
        conducts = {one.backend: one.conduct for one in parts.served}
        targets = tuple(target for one in parts.served for target in one.targets)
        around = Around(chat=chat, backends=backends, history=history, health=health, pace=pace, conducts=conducts)
        listener = Listener(dsn=parts.dsn, wakeups=wakeups, probe=pace.listen_probe, patience=pace.listen_patience)
        health.listener = listener
        submitter = Submitter(
            jobs=jobs,
            providers=providers,
            gates=gates,
            pace=pace,
            clockwork=clockwork,
            rng=parts.rng,
            conducts=conducts,
        )
        judge = Judge(pace=pace, rng=parts.rng, conducts=conducts)

        async def carry_out(row: Running, action: Action) -> None:
            await reconciler.do(row, action)  # which hands finished results to the deliverer in turn

        deliverer = Deliverer(
            tools=Tools(
                jobs=jobs,
                telegram=parts.telegram,
                scribe=scribe,
                pack=parts.pack,
                judge=judge,
                pace=pace,
                purse=Purse(2 * MAX_FILE_BYTES),
                by=parts.by,
            ),
            providers=providers,
            catalogue=modes(),
            act=carry_out,
            clockwork=clockwork,
        )
        reconciler = Reconciler(
            jobs=jobs,
            chat=chat,
            intake=intake,
            providers=providers,
            gates=gates,
            scribe=scribe,
            history=history,
            pace=pace,
            clockwork=clockwork,
            judge=judge,
            deliver=deliverer.take,
            conducts=conducts,
        )
        self._jobs, self._wakeups = jobs, wakeups
        self._loops: tuple[Loop, ...] = (
            listener,
            Leaser(jobs=jobs, submit=submitter.submit, targets=targets, by=parts.by, pace=pace, clockwork=clockwork),
            Promoter(jobs=jobs, clockwork=clockwork),
            reconciler,
            deliverer,
            Announcer(
                jobs=jobs,
                chat=chat,
                intake=intake,
                scribe=scribe,
                around=around,
                pace=pace,
                clockwork=clockwork,
                rng=parts.rng,
            ),
            Sweeper(jobs=jobs, backends=backends, reconciler=reconciler, pace=pace, clockwork=clockwork, judge=judge),
            OrphanSweeper(backends=backends, providers=providers, gates=gates, pace=pace, clockwork=clockwork),
            StarvationWatch(backends=backends, providers=providers, gates=gates, pace=pace, clockwork=clockwork),
            Positions(chat=chat, targets=targets, pace=pace, clockwork=clockwork),
            Tidier(backends=backends, scribe=scribe, pace=pace, clockwork=clockwork),
        )
        scalings = {one.backend: one.scaling for one in parts.served if one.scaling is not None}
        if scalings:
            self._loops += (
                Reviver(backends=backends, scalings=scalings, workers=parts.workers, pace=pace, clockwork=clockwork),
            )

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, then in order. Raises what a loop died of."""
        async with asyncio.TaskGroup() as house:
            tasks = [house.create_task(loop.run(stop), name=type(loop).__name__) for loop in self._loops]
            house.create_task(self._end(stop, tasks), name="end")
        try:
            given_back = await self._jobs.give_back_leases(self._by)
        except StoreUnavailable as error:
            log.get().warning(
                log.DATABASE_LOST, reason=str(error), next="the sweep of another dispatcher takes leases back"
            )
        else:
            log.get().info(log.DISPATCHER_STOPPED, leases_given_back=given_back, next="exit 0")

    async def _end(self, stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
        """After `stop`: wake everybody, wait for writes under way, then cut off what is left."""
        await stop.wait()
        self._wakeups.wake_all()
        _, late = await asyncio.wait(tasks, timeout=self._pace.stop_within.total_seconds())
        for task in late:
            log.get().warning(log.LOOP_CUT_OFF, loop=task.get_name(), next="claims run out; nothing is lost")
            task.cancel()


async def run_dispatcher(settings: DispatcherSettings, stop: asyncio.Event) -> int:
    """`imgvid dispatcher`: build everything, run until `stop`. Answers the exit code."""
    by = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    pace, health = Pace.of(settings), Health()
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=_KEEP_S)
    async with (
        httpx.AsyncClient(limits=limits) as to_telegram,
        httpx.AsyncClient(limits=limits) as to_providers,
    ):
        telegram = Telegram(
            token=settings.telegram_bot_token,
            api_url=settings.telegram_api_url,
            http=to_telegram,
            call_timeout=pace.chat_call,
        )
        serving = served(settings, http=to_providers, read=lambda picture: telegram.read(file_id=picture.file_id))
        database = await _opened(settings, serving, stop, health)
        if database is None:
            return 0
        parts = Parts(
            database=database,
            dsn=settings.database_url,
            telegram=telegram,
            served=serving,
            pack=pack,
            by=by,
            pace=pace,
            rng=random.Random(),  # noqa: S311  jitter needs no cryptography
            health=health,
            workers=settings.runpod_workers_max,
        )
        caps = {one.backend: dict(one.lanes) for one in serving}
        log.get().info(log.DISPATCHER_STARTED, by=by, caps=caps, next="leases what is ready")
        try:
            await Dispatcher(parts).run(stop)
        finally:
            await database.close()
    return 0


async def _opened(
    settings: DispatcherSettings, serving: Sequence[Served], stop: asyncio.Event, health: Health
) -> Database | None:
    """The database with the rows that the lease locks in it, waited for as long as it takes; None: told to stop first."""

    async def opening() -> Database:
        pool = await open_pool_patiently(settings.database_url, size=POOL, name="imgvid-dispatcher")
        database = Database(pool)
        backends = BackendStore(database)
        await patiently(lambda: _ensure(backends, serving, settings), within=timedelta(days=1), health=health)
        return database

    opened, stopped = asyncio.create_task(opening()), asyncio.create_task(stop.wait())
    await asyncio.wait({opened, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (opened, stopped):
        task.cancel()
    await asyncio.wait({opened, stopped})
    return None if opened.cancelled() else opened.result()


async def _ensure(backends: BackendStore, serving: Sequence[Served], settings: DispatcherSettings) -> None:
    """The operator's numbers. What is no longer configured takes nothing more, and is no longer offered."""
    for one in serving:
        for lane, cap in one.lanes.items():
            await backends.ensure(one.backend, lane, cap)
    await backends.shut_others([one.backend for one in serving])
    for lane in ("video", "image"):
        await backends.set_lane(lane, settings.in_flight_per_person)
