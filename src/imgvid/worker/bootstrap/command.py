"""`imgvid bootstrap`: the image's entry point. Exit codes are in run."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from imgvid import log
from imgvid.worker.bootstrap import settings as said
from imgvid.worker.bootstrap.fits import workflows_check
from imgvid.worker.bootstrap.run import REFUSED, Boot


def main(argv: list[str]) -> int:
    """Bring the container up and stay until it ends."""
    parser = argparse.ArgumentParser(
        prog="imgvid bootstrap",
        description="PID 1 of the GPU image: bundle, ComfyUI, worker. Settings come from the environment.",
    )
    parser.parse_args(argv)
    try:
        settings = said.read(os.environ)
    except said.BootstrapRefused as refused:
        print("imgvid bootstrap: cannot start:", *(f"  - {p}" for p in refused.problems), sep="\n", file=sys.stderr)
        return REFUSED
    log.setup("bootstrap", level=settings.log_level)

    async def live() -> int:
        check = workflows_check(settings.workflows, comfy_root=settings.comfy_root)
        return await Boot(settings, os.environ, check=check).run()

    return asyncio.run(live())
