"""A short storm: each process is killed once under load, and everybody still gets what they were promised."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path

import pytest

from tests.storm.__main__ import Plan, storm
from tests.storm.killer import PROCESSES


@pytest.mark.slow
@pytest.mark.timeout(200)
async def test_nothing_is_lost_in_a_short_storm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a storm that goes wrong leaves its log where it blew
    seed = random.randrange(1_000_000)
    print(f"storm with seed {seed}")  # pytest shows it when the test fails
    plan = Plan(
        kills=len(PROCESSES),
        each=0,
        seed=seed,
        settle_s=120,
        gap_in_jobs=0.7,
        people=4,
        idle=timedelta(seconds=4),
        wait_for_ghosts=False,
    )
    outcome = await storm(plan, print)
    print(outcome.report)
    assert outcome.wrong == [], _log(tmp_path / "storm.log")
    assert outcome.struck == dict.fromkeys(PROCESSES, 1)


def _log(path: Path) -> str:
    """The house's whole log, which explains what went wrong."""
    return path.read_text() if path.exists() else "no log"
