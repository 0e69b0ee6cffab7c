"""The stand-in as a process: prints its address and serves until it is stopped or killed."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from imgvid.sandbox.fal.server import serve


async def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m imgvid.sandbox.fal", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--key", default="sandbox-key", help="the key that calls must carry")
    args = parser.parse_args()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serve(key=args.key, port=args.port) as fal:
        sys.stdout.write(f"{fal.url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_main())
