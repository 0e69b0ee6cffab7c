"""Real imgvid processes for a bench: started, measured from /proc, stopped."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

TOKEN = "123456:bench-token-of-the-sandbox"
MIB = 1024 * 1024


@asynccontextmanager
async def process(name: str, env: dict[str, str], *, log: Path | None = None) -> AsyncIterator[subprocess.Popen[bytes]]:
    """`imgvid NAME`; ended by SIGTERM, then SIGKILL after 10 s. What it says goes to `log`."""
    out = log.open("ab") if log else subprocess.DEVNULL
    child = subprocess.Popen(
        [sys.executable, "-m", "imgvid", name],
        env={**env, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"},
        stdout=out,
        stderr=out,
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            await asyncio.to_thread(child.wait, 10)
        except subprocess.TimeoutExpired:
            child.kill()
            await asyncio.to_thread(child.wait)


def memory_mib(pid: int, field: str = "VmRSS") -> float:
    """A process's memory in MiB: VmRSS now, VmHWM at its peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def bot_env(dsn: str, telegram_url: str, **more: str) -> dict[str, str]:
    return {
        "DATABASE_URL": dsn,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram_url,
        "LOG_LEVEL": "WARNING",
        **more,
    }


def dispatcher_env(dsn: str, telegram_url: str, runpod_url: str, **more: str) -> dict[str, str]:
    return bot_env(
        dsn,
        telegram_url,
        RUNPOD_API_KEY="bench",
        RUNPOD_API_URL=runpod_url,
        RUNPOD_ENDPOINT_ID="ep1",
        RUNPOD_REST_URL="http://127.0.0.1:9/v2",
        RUNPOD_MAX_IN_FLIGHT="1000",
        **more,
    )
