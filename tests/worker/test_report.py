"""Reports to a real PostgreSQL; and a database that is away, slow or wrong costs a run next to nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest

from imgvid.worker.report import Reporter
from tests.worker.conftest import Stage, jpeg

JOB = uuid4()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def deaf() -> AsyncIterator[tuple[str, list[int]]]:
    """A port that takes connections and never answers; its DSN and how many came."""
    came: list[int] = []
    closing = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(1)
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield f"postgresql://worker:secret@127.0.0.1:{port}/imgvid", came
    closing.set()
    server.close()
    await server.wait_closed()


async def test_without_an_address_nothing_happens() -> None:
    reporter = Reporter(dsn=None)
    await reporter.begin(JOB, 1, "w", "r")
    await reporter.progress(JOB, 1, "sample", 5)
    await reporter.result(JOB, 1, {})
    await reporter.close()


async def test_a_deaf_database_is_waited_for_once_and_then_left_alone(deaf: tuple[str, list[int]]) -> None:
    dsn, came = deaf
    clock = Clock()
    reporter = Reporter(dsn=dsn, timeout=timedelta(milliseconds=100), clock=clock)
    began = asyncio.get_running_loop().time()
    await reporter.begin(JOB, 1, "w", None)
    assert asyncio.get_running_loop().time() - began < 2
    assert len(came) == 1
    for _ in range(20):
        await reporter.progress(JOB, 1, "sample", 5)
    assert len(came) == 1
    await reporter.result(JOB, 1, {"v": 1})  # worth a try of its own
    assert len(came) == 2
    clock.now += 31
    await reporter.progress(JOB, 1, "sample", 6)
    assert len(came) == 3
    await reporter.close()


@pytest.mark.parametrize("dsn", ["postgresql://worker:secret@127.0.0.1:1/imgvid", "nonsense://secret"])
async def test_an_absent_database_raises_nothing_and_shows_no_secret(
    dsn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = Reporter(dsn=dsn)
    await reporter.result(JOB, 1, {"v": 1})
    said = capsys.readouterr()
    assert "report.lost" in said.out + said.err
    assert "secret" not in said.out + said.err + repr(reporter)


async def test_a_run_is_not_held_up_by_a_deaf_database(stage: Stage, deaf: tuple[str, list[int]]) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    reporter = Reporter(dsn=deaf[0], timeout=timedelta(milliseconds=200))
    output = (await stage.runner(stage.clip(), reporter=reporter).run(payload)).as_json()
    assert output["outcome"] == "delivered"
    await reporter.close()


class Heard(Reporter):
    """Notes what a run reports, in order."""

    def __init__(self) -> None:
        super().__init__(dsn=None)
        self.calls: list[tuple[object, ...]] = []

    async def begin(self, job_id: object, attempt: int, worker: str, request: str | None) -> None:
        self.calls.append(("begin", attempt, worker, request))

    async def progress(self, job_id: object, attempt: int, phase: str, percent: int | None) -> None:
        self.calls.append(("progress", phase, percent))

    async def result(self, job_id: object, attempt: int, output: object) -> None:
        json.dumps(output)
        self.calls.append(("result", output["outcome"], output["residual_bytes"]))  # type: ignore[index]


async def test_a_run_reports_its_beginning_a_step_and_its_end_after_the_wipe(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    reporter = Heard()
    await stage.runner(stage.clip(), reporter=reporter).run(payload | {"attempt": 3}, request_id="r-9")
    assert reporter.calls[0] == ("begin", 3, "worker-1", "r-9")
    assert reporter.calls[-1] == ("result", "delivered", 0)
    steps = reporter.calls[1:-1]
    assert {step[0] for step in steps} == {"progress"}
    phases = [step[1] for step in steps]
    assert phases[0] == "sample"
    assert len(phases) == len(set(phases))  # a new phase at once, the same one at most every five seconds


async def test_a_cancelled_run_reports_no_result(stage: Stage) -> None:
    payload = await stage.job(await stage.eva.send_photo(jpeg()))
    reporter = Heard()
    engine = stage.clip(gate=asyncio.Event())
    run = asyncio.create_task(stage.runner(engine, reporter=reporter).run(payload))
    await engine.reached.wait()
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert "result" not in [call[0] for call in reporter.calls]
