"""All benches, one table: `python -m tests.bench [queue latency people memory media …] [--markdown FILE]`. Exit 1 where a figure fails."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys
from pathlib import Path

from imgvid import log
from tests.bench.table import markdown
from tests.support.postgres import start

BENCHES = {
    "queue": "The queue",
    "latency": "From ready to the provider",
    "people": "3 000 people, 50 a second",
    "memory": "Memory and start",
    "fetched": "Results that the dispatcher brings",
    "media": "Media and compile",
    "bootstrap": "From container start to ComfyUI's launch",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("benches", nargs="*", help=f"which: {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--markdown", type=Path, help="also write the table there")
    options = parser.parse_args()
    unknown = set(options.benches) - set(BENCHES)
    if unknown:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    log.setup("bench", level="ERROR")
    server = start()
    parts, failed = [], False
    try:
        for name in options.benches or BENCHES:
            figures = asyncio.run(importlib.import_module(f"tests.bench.{name}").measure(server))
            parts.append(markdown(BENCHES[name], figures))
            failed |= any(figure.holds is False for figure in figures)
            print(parts[-1], flush=True)
    finally:
        server.stop()
    if options.markdown:
        options.markdown.write_text("\n".join(parts))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
