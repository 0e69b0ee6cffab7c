"""The stand-in as a process: prints its address and serves until it is stopped or killed.

It understands ComfyUI's own command line as far as the image's bootstrap writes it, so that it can stand in its place.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from imgvid.sandbox.comfyui.server import serve

_SHM = Path("/dev/shm")  # noqa: S108 - a tmpfs; the folder in it is our own
_MEMORY = _SHM if _SHM.is_dir() else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m imgvid.sandbox.comfyui", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--folder", type=Path, help="out, in and tmp are made below it; without it: in memory")
    where.add_argument("--output-directory", type=Path, help="as ComfyUI takes it: out, with in and tmp beside it")
    parser.add_argument("--steps", type=int, default=0, help="RepeatImageBatch takes so many, as a model would")
    parser.add_argument("--step-s", type=float, default=0.25, help="seconds of each")
    return parser


async def main() -> None:
    """Serve. ComfyUI's other arguments are taken and mean nothing here."""
    args, _of_comfyui = _parser().parse_known_args()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    told: Path | None = args.folder or (args.output_directory and args.output_directory.parent)
    own = tempfile.TemporaryDirectory(prefix="comfyui-", dir=_MEMORY) if told is None else nullcontext(told)
    with own as folder:
        async with serve(Path(folder), port=args.port) as world:
            if args.steps:
                world.faults.add(at="node:RepeatImageBatch", kind="slow", times=0, steps=args.steps, step_s=args.step_s)
            sys.stdout.write(f"{world.url}\n")
            sys.stdout.flush()
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
