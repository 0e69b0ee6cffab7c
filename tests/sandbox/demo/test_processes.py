"""Real processes: started again when they die, ended with their helpers, and gone when we are gone."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imgvid.sandbox.demo.child import Child, Program, describe_end
from imgvid.sandbox.demo.janitor import follow
from imgvid.sandbox.demo.keeper import Keeper
from imgvid.sandbox.demo.logbook import Logbook

# says its pid, starts a helper that says its own, then waits for ever
PARENT = """
import os, subprocess, sys, time
helper = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])
print("up", os.getpid(), helper.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def until(condition: Callable[[], object], *, within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.01)


def program(code: str) -> Program:
    return Program(name="toy", command=[sys.executable, "-I", "-S", "-c", code], env={"PATH": os.defpath})


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    made = Keeper()
    yield made
    made.close()


def pids(logbook: Logbook) -> list[int]:
    return [int(word) for line in logbook.after(0) if line.text.startswith("up ") for word in line.text.split()[1:]]


async def test_a_dead_child_is_started_again_and_its_helpers_go_with_it(keeper: Keeper) -> None:
    logbook = Logbook()
    child = Child(program(PARENT), logbook=logbook, keeper=keeper)
    task = asyncio.create_task(child.keep())
    await until(lambda: len(pids(logbook)) == 2)
    assert child.crash()
    await until(lambda: len(pids(logbook)) == 4)
    first, helper, second, second_helper = pids(logbook)
    assert not alive(first)
    assert not alive(helper)
    assert child.restarts == 1
    assert "toy was killed (SIGKILL); starting it again" in [line.text for line in logbook.after(0)]
    await child.stop()
    await task
    await until(lambda: not alive(second) and not alive(second_helper))


async def test_one_that_does_not_listen_is_killed(keeper: Keeper) -> None:
    logbook = Logbook()
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up 0', flush=True); time.sleep(600)"
    )
    child = Child(program(deaf), logbook=logbook, keeper=keeper)
    task = asyncio.create_task(child.keep())
    await until(lambda: pids(logbook))
    await child.stop(grace_s=0.2)
    await task
    assert child.pid is None


async def test_long_and_broken_lines_are_kept(keeper: Keeper) -> None:
    logbook = Logbook()
    code = "import sys; sys.stdout.buffer.write(b'x' * 3_000_000 + b'\\n\\xff\\xfeend without a line end'); sys.stdout.flush()"
    child = Child(program(code), logbook=logbook, keeper=keeper)
    task = asyncio.create_task(child.keep())
    await until(lambda: child.restarts)
    await child.stop()
    await task
    said = logbook.tail("toy", 100)
    assert sum(len(text) for text in said if set(text) == {"x"}) >= 3_000_000
    assert any(text.endswith("end without a line end") for text in said)


def test_a_program_that_is_missing_says_so(tmp_path: Path) -> None:
    leash = Path(sys.modules[Child.__module__].__file__ or "").with_name("leash.py")
    ran = subprocess.run(
        [sys.executable, "-I", "-S", leash, "15", "-", tmp_path / "none"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 127
    assert "cannot start" in ran.stderr


def test_killing_the_starter_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    """kill -9 of the whole demo, in small: a starter with one child, whose helper ignores every polite signal."""
    script = tmp_path / "starter.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import asyncio, sys
            from imgvid.sandbox.demo.child import Child, Program
            from imgvid.sandbox.demo.keeper import Keeper
            from imgvid.sandbox.demo.logbook import Logbook

            async def main():
                keeper = Keeper()
                print(keeper.folder(), flush=True)
                book = Logbook(echo=lambda line: print(line.text, flush=True))
                await Child(Program(name="toy", command=[sys.executable, "-c", {PARENT!r}], env={{}}), logbook=book, keeper=keeper).keep()

            asyncio.run(main())
            """
        )
    )
    starter = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    folder = Path(starter.stdout.readline().strip())
    parent, helper = (int(word) for word in starter.stdout.readline().split()[1:])
    assert folder.is_dir()
    assert alive(parent)
    assert alive(helper)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    until_at = time.monotonic() + 10
    while time.monotonic() < until_at and (alive(parent) or alive(helper) or folder.exists()):
        time.sleep(0.02)
    assert not alive(parent)
    assert not alive(helper)
    assert not folder.exists()


def test_the_keeper_takes_its_folders_with_it() -> None:
    keeper = Keeper()
    made = [keeper.folder(), keeper.folder(memory=True)]
    (made[0] / "file").write_text("x")
    assert all(oct(folder.stat().st_mode)[-3:] == "700" for folder in made)
    keeper.close()
    keeper.close()
    assert not any(folder.exists() for folder in made)


def test_the_janitor_follows_what_is_told() -> None:
    lines = ["group 5\n", "folder /a b\n", "group 7\n", "gone 5\n", "folder /c\n", "removed /c\n", "nonsense\n"]
    assert follow(lines) == ({7}, {"/a b"})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "ended with exit code 0"),
        (3, "ended with exit code 3"),
        (-9, "was killed (SIGKILL)"),
        (-99, "was killed (signal 99)"),
    ],
)
def test_how_it_ended_in_words(code: int, words: str) -> None:
    assert describe_end(code) == words
