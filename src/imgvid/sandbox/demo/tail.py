"""Follows the files that workers write their lines to, and brings the lines into the logbook."""

from __future__ import annotations

import asyncio
from pathlib import Path

from imgvid.sandbox.demo.logbook import Logbook

LOOK_S = 0.3


class Tail:
    """Reads what was appended to `*.log` of one folder since the last look."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, int] = {}

    def look(self) -> list[tuple[str, str]]:
        """New whole lines as (file's stem, line), file by file."""
        found: list[tuple[str, str]] = []
        for path in sorted(self._folder.glob("*.log")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                fresh = file.read()
            whole = fresh[: fresh.rfind(b"\n") + 1]
            self._read[path] = self._read.get(path, 0) + len(whole)
            found += [(path.stem, line) for line in whole.decode(errors="replace").splitlines()]
        return found


async def follow_folder(folder: Path, logbook: Logbook) -> None:
    """Until cancelled. The source is `worker-<n>`, without the endpoint's name."""
    tail = Tail(folder)
    while True:
        for stem, line in tail.look():
            logbook.write(stem[stem.find("worker") :], line)
        await asyncio.sleep(LOOK_S)
