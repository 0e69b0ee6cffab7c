from __future__ import annotations

from imgvid.worker.stopwatch import Stopwatch


def test_phases_are_disjoint_and_add_up() -> None:
    now = [100.0]
    watch = Stopwatch(clock=lambda: now[0])
    for phase, span in (("look", 1.0), ("sample", 5.0), ("sample", 2.0), ("look", 0.5)):
        watch.enter(phase)
        now[0] += span
    phases, total = watch.read()
    assert phases == {"look": 1.5, "sample": 7.0}
    assert list(phases) == ["look", "sample"]
    assert sum(phases.values()) == total == 8.5
