"""3 000 people send a photo each, 50 a second, to a Bot API server that takes 80 ms for each call."""

from __future__ import annotations

import asyncio
import io
import multiprocessing
import time
from multiprocessing.connection import Connection

import httpx
from PIL import Image

from imgvid.jobs.eta import quantile
from imgvid.sandbox.telegram import Sim, serve
from tests.bench.processes import TOKEN, bot_env, process
from tests.bench.table import Figure
from tests.support.postgres import Server

PEOPLE = 3000
PER_SECOND = 50
ANSWER_S = 0.080


def _telegram(pipe: Connection) -> None:
    """The Bot API server, in a process of its own."""

    async def run() -> None:
        async with serve(token=TOKEN) as served:
            async with httpx.AsyncClient(base_url=served.url) as http:
                await http.post("/sim/rate", json={"latency_s": ANSWER_S})
            pipe.send(served.url)
            await asyncio.to_thread(pipe.recv)

    asyncio.run(run())


def picture() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


async def crowd(sim: Sim) -> dict[int, float]:
    """Everybody sends one photo at their own moment; answers when each was sent, by chat."""
    people = [await sim.person(f"P{n}", language="en") for n in range(PEOPLE)]
    photo, sent_at = picture(), {}
    began = time.monotonic()

    async def one(n: int) -> None:
        await asyncio.sleep(max(0.0, began + n / PER_SECOND - time.monotonic()))
        await people[n].send_photo(photo)
        sent_at[people[n].chat_id] = time.time()

    await asyncio.gather(*(one(n) for n in range(PEOPLE)))
    return sent_at


async def placeholders(url: str) -> dict[int, float]:
    """When each chat's placeholder came, from the server's own events."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        chats = (await http.get("/sim/chats")).json()["chats"]
        shown = {}
        for chat in chats:
            messages = (await http.get(f"/sim/chats/{chat['chat_id']}/messages")).json()["messages"]
            stamps = {message["by"]: message["date"] for message in reversed(messages)}
            if "bot" in stamps and "user" in stamps:
                shown[chat["chat_id"]] = _seconds(stamps["bot"]) - _seconds(stamps["user"])
        return shown


def _seconds(stamp: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(stamp).timestamp()


async def measure(server: Server) -> list[Figure]:
    ours, theirs = multiprocessing.Pipe()
    telegram = multiprocessing.get_context("spawn").Process(target=_telegram, args=(theirs,), daemon=True)
    telegram.start()
    url = await asyncio.to_thread(ours.recv)
    dsn = await server.fresh()
    env = bot_env(dsn, url, QUEUE_LIMIT="100000", CHAT_JOBS_PER_MINUTE="100")
    async with process("bot", env), Sim(url) as sim:
        await crowd(sim)
        async with asyncio.timeout(30):
            while len(waits := await placeholders(url)) < PEOPLE:
                await asyncio.sleep(0.5)
    ours.send("stop")
    telegram.join(10)
    await server.drop(dsn)
    p50, p99 = quantile(list(waits.values()), 0.5), quantile(list(waits.values()), 0.99)
    return [
        Figure(name="placeholder, p50", value=f"{p50 * 1000:.0f} ms = {p50 / ANSWER_S:.1f} answer times",
               yardstick="one answer: 80 ms"),
        Figure(name="placeholder, p99", value=f"{p99 * 1000:.0f} ms = {p99 / ANSWER_S:.1f} answer times",
               must="<= 3 answer times", holds=p99 <= 3 * ANSWER_S),
        Figure(name="placeholders sent", value=f"{len(waits)} of {PEOPLE}", must="all, no backlog", holds=len(waits) == PEOPLE),
    ]  # fmt: skip
