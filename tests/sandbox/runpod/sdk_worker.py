"""The unmodified SDK worker with a tiny handler, as a program of its own: `input.do` says what it does."""

from __future__ import annotations

import asyncio
import sys

import runpod


async def handler(job: dict) -> dict:
    order = job["input"]
    if order["do"] == "work":
        runpod.serverless.progress_update(job, {"done": 1, "of": 2})
        # The SDK posts progress from a thread, unordered against the result: let it go out first.
        await asyncio.sleep(0.3)
        return {"echo": order["word"]}
    if order["do"] == "fail":
        return {"error": "it broke", "code": "engine_failed"}
    try:
        runpod.serverless.progress_update(job, {"waiting": True})
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("HANDLER CANCELLED", job["id"], flush=True)
        raise
    return {}


if __name__ == "__main__":
    sys.argv = sys.argv[:1]  # the SDK parses it
    runpod.serverless.start({"handler": handler})
