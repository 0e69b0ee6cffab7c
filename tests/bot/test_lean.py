"""The lean import of aiogram understands and says the same as the plain one, in half the memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).with_name("lean_sample.py")


def sample(how: str) -> tuple[str, int]:
    done = subprocess.run([sys.executable, SAMPLE, how], capture_output=True, text=True, check=True)
    return done.stdout, int(done.stderr.split()[-1])


@pytest.mark.slow
def test_the_same_words_in_half_the_memory() -> None:
    (lean, lean_kib), (plain, plain_kib) = sample("lean"), sample("plain")
    assert len(lean) > 10_000
    assert lean == plain
    assert lean_kib < 0.6 * plain_kib
