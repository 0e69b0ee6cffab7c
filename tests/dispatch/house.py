"""Dispatchers as their settings make them, in the small world, for backends whose results they fetch."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from imgvid import config
from imgvid.catalog import modes
from imgvid.catalog.choices import defaults
from imgvid.dispatch.health import Health
from imgvid.dispatch.loop import Dispatcher, Parts
from imgvid.dispatch.pace import Pace
from imgvid.dispatch.pack import pack
from imgvid.dispatch.served import served
from imgvid.jobs.model import Input
from imgvid.sandbox.telegram import Person
from imgvid.store.backends import BackendStore
from imgvid.store.pool import Database, open_pool
from imgvid.telegram.budget import Budget
from imgvid.telegram.client import Telegram
from tests.dispatch.world import FREELY, QUICK, TOKEN, Placed, Running, World


@dataclass
class House:
    """`environ`: the settings of every dispatcher that is started here, besides the database and the token."""

    world: World
    environ: Mapping[str, str] = field(default_factory=dict)

    async def order(
        self, person: Person, mode_id: str, *photos: bytes, prompt: str = "waves", spoiler: bool = False, **params: Any
    ) -> Placed:
        """Insert a job as the bot does, with the mode's own choices where none are given; photos are sent as files."""
        mode = modes()[mode_id]
        inputs = [
            await self._input(person, rule.role, one, spoiler) for rule, one in zip(mode.inputs, photos, strict=False)
        ]
        return await self.world.order(
            person,
            mode=mode.id,
            lane=mode.lane,
            backend=mode.backend,
            inputs=tuple(inputs),
            params={**defaults(mode), **params},
            prompt=prompt,
            run_for=timedelta(seconds=60),
        )

    async def _input(self, person: Person, role: str, photo: bytes, spoiler: bool) -> Input:
        sent = await person.send_document(photo)
        assert sent.media is not None
        return Input(
            role=role,
            file_id=sent.media.file_id,
            file_unique_id="u",
            kind="document",
            message_id=sent.message_id,
            has_spoiler=spoiler,
        )

    @asynccontextmanager
    async def dispatcher(self, pace: Pace = QUICK, *, by: str = "d", **environ: str) -> AsyncIterator[Running]:
        running = await self.start(pace, by=by, **environ)
        try:
            yield running
        finally:
            await running.end()

    async def start(self, pace: Pace = QUICK, *, by: str = "d", **environ: str) -> Running:
        world = self.world
        database = Database(await open_pool(world.dsn, size=6, name=by))
        http = httpx.AsyncClient(trust_env=False)
        telegram = Telegram(token=TOKEN, api_url=world.sim.url, http=http, call_timeout=pace.chat_call)
        given = {"DATABASE_URL": world.dsn, "TELEGRAM_BOT_TOKEN": TOKEN, **self.environ, **environ}
        settings = config.read(config.DispatcherSettings, given)
        serving = served(settings, http=http, read=lambda picture: telegram.read(file_id=picture.file_id))
        for one in serving:
            for lane, cap in one.lanes.items():
                await BackendStore(world.database).ensure(one.backend, lane, cap)
        parts = Parts(
            database=database,
            dsn=world.dsn,
            telegram=telegram,
            served=serving,
            pack=pack,
            by=by,
            pace=pace,
            rng=random.Random(7),
            health=Health(),
        )
        stop = asyncio.Event()
        task = asyncio.create_task(Dispatcher(parts, budget=Budget(limits=FREELY)).run(stop))
        return Running(stop=stop, task=task, database=database, http=http, health=parts.health)


async def shown(person: Person, kind: str, *, within_s: float = 20) -> Any:
    """Until the bot shows a message of this kind; the message."""

    def found(messages: list[Any]) -> Any:
        return next((m for m in messages if m.by == "bot" and not m.deleted and m.kind == kind), None)

    return await person.wait_for(found, timeout_s=within_s)
