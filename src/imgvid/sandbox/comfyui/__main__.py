"""The stand-in as a process: prints its address and serves until it is stopped or killed."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path

from imgvid.sandbox.comfyui.server import serve

_SHM = Path("/dev/shm")  # noqa: S108 - a tmpfs; the folder in it is our own
_MEMORY = _SHM if _SHM.is_dir() else None


async def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m imgvid.sandbox.comfyui", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--folder", type=Path, help="out, in and tmp are made below it; without it: one in memory")
    args = parser.parse_args()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with tempfile.TemporaryDirectory(prefix="comfyui-", dir=_MEMORY) as own:
        async with serve(args.folder or Path(own), port=args.port) as world:
            sys.stdout.write(f"{world.url}\n")
            sys.stdout.flush()
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(_main())
