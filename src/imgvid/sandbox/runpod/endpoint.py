"""One endpoint's queue: what happens to a job when someone submits, takes, reports, cancels, or stays silent.

                take                    result
    IN_QUEUE ─────────▶ IN_PROGRESS ─────────▶ COMPLETED | FAILED ──retry (FAILED, TIMED_OUT)──▶ IN_QUEUE
        ▲                  │    │ cancel / execution timeout
        └── worker lost ───┘    └────────────▶ CANCELLED | TIMED_OUT
    ttl over, in any open state: forgotten (404).   Retention over, in any final state: forgotten (404).

No I/O and no waiting here: every method takes effect at `clock.now()` and rings the bell for held polls.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from imgvid.sandbox.runpod.clock import Clock
from imgvid.sandbox.runpod.job import Held, Job, Order, Result, Run, new_id
from imgvid.sandbox.runpod.rules import Rules
from imgvid.sandbox.runpod.words import Outcome, Status
from imgvid.sandbox.runpod.worker import Worker


class Endpoint:
    """The state of one endpoint. `ring` wakes held polls."""

    def __init__(self, *, name: str, rules: Rules, clock: Clock, ring: Callable[[], None]) -> None:
        self.name = name
        self.rules = rules
        self.jobs: dict[str, Job] = {}
        self.workers: dict[str, Worker] = {}
        self.initializing = 0  # workers that are being started, told by whoever starts them
        self.unhealthy = 0  # workers that ended before they asked for work, told likewise
        self.retried = 0
        self._clock = clock
        self._ring = ring
        self._open: dict[str, Job] = {}
        self._running: dict[str, Job] = {}  # those open ones that were ever taken
        self._finished: deque[Job] = deque()
        self._waiting: deque[Job] = deque()

    # -- the queue API

    def submit(self, order: Order) -> Job:
        now = self._clock.now()
        job = Job(id=new_id(), endpoint=self.name, order=order, created=now)
        self.jobs[job.id] = self._open[job.id] = job
        self._waiting.append(job)
        job.note(now, "submitted")
        self._ring()
        return job

    def find(self, job_id: str) -> Job | None:
        """The job as the platform still knows it; None = 404."""
        job = self.jobs.get(job_id)
        if job is not None:
            self._sweep_one(job, self._clock.now())
        return None if job is None or job.gone is not None else job

    def cancel(self, job: Job) -> None:
        """A queued job is removed, a running one's workers are told to stop; a finished one stays as it is."""
        if not job.status.final:
            self._stop_workers(job)
            self._finish(job, Status.CANCELLED, "cancelled")

    def retry(self, job: Job) -> bool:
        """FAILED or TIMED_OUT goes back into the queue under its id, without its output; others: False."""
        if job.status not in {Status.FAILED, Status.TIMED_OUT}:
            return False
        job.error = None
        self._reopen(job)
        self._requeue(job, "retried by request")
        return True

    def purge(self) -> int:
        queued = [job for job in self._open.values() if job.status is Status.IN_QUEUE]
        for job in queued:
            self._finish(job, Status.CANCELLED, "purged")
        return len(queued)

    def health(self) -> dict[str, dict[str, int]]:
        self.sweep()
        count = dict.fromkeys(Status, 0)
        for job in self.jobs.values():
            if job.gone is None:
                count[job.status] += 1
        running = sum(1 for worker in self.workers.values() if self.alive(worker) and self.running_on(worker.id))
        idle = sum(1 for worker in self.workers.values() if self.alive(worker)) - running
        return {
            "jobs": {
                "completed": count[Status.COMPLETED],
                "failed": count[Status.FAILED] + count[Status.TIMED_OUT],
                "inProgress": count[Status.IN_PROGRESS],
                "inQueue": count[Status.IN_QUEUE],
                "retried": self.retried,
            },
            "workers": {
                "idle": idle,
                "initializing": self.initializing,
                "ready": idle,
                "running": running,
                "throttled": 0,
                "unhealthy": self.unhealthy,
            },
        }

    # -- the worker protocol

    def seen(self, worker_id: str) -> Worker:
        """A sign of life of that worker, known or new."""
        now = self._clock.now()
        worker = self.workers.get(worker_id)
        if worker is None:
            worker = self.workers[worker_id] = Worker(id=worker_id, first_seen=now, last_seen=now)
        worker.last_seen = now
        return worker

    def take(self, worker: Worker, limit: int) -> list[Job]:
        """Up to `limit` waiting jobs, oldest first, while fewer than `workers_max` others work."""
        busy = {run.worker for job in self._running.values() for run in job.open_runs()} - {worker.id}
        if worker.draining or len(busy) >= self.rules.workers_max:
            return []
        taken: list[Job] = []
        while len(taken) < limit:
            # A second delivery of a job goes to somebody else.
            fits = (job for job in self._waiting if all(run.worker != worker.id for run in job.open_runs()))
            job = next(fits, None)
            if job is None:
                break
            self._waiting.remove(job)
            self._start(job, worker)
            taken.append(job)
        return taken

    def progress(self, worker: Worker, job: Job, output: object) -> bool:
        """A progress report; False when it came too late and was ignored."""
        if job.status is Status.IN_PROGRESS:
            job.output, job.has_output = output, True
            job.note(self._clock.now(), "progress", worker=worker.id)
            return True
        if self.rules.late_progress_reopens and job.status in {Status.COMPLETED, Status.FAILED}:
            self._reopen(job)
            job.status, job.error = Status.IN_PROGRESS, None
            job.output, job.has_output = output, True
            job.note(self._clock.now(), "late progress reopened it", worker=worker.id)
            return True
        job.note(self._clock.now(), "late progress ignored", worker=worker.id)
        return False

    def report(self, worker: Worker, job: Job, result: Result, *, hold_s: float | None = None) -> Outcome:
        """A worker's end of a job. The first report of an open job wins; every later one is ignored.

        `hold_s` keeps it back: that many seconds, or until released when infinite.
        """
        now, run = self._clock.now(), job.run_of(worker.id)
        if job.status.final or job.held is not None:
            job.note(now, f"late result ignored ({result.status})", worker=worker.id)
            if run is not None and run.outcome in {None, Outcome.LOST, Outcome.STOPPED, Outcome.SUPERSEDED}:
                run.end(now, Outcome.LATE)
            return Outcome.LATE
        outcome = Outcome.FAILED if result.status is Status.FAILED else Outcome.COMPLETED
        if run is not None:
            run.end(now, outcome)
        for other in job.open_runs():
            other.end(now, Outcome.SUPERSEDED)
        if hold_s is None:
            self._publish(job, result, worker.id)
        else:
            job.held = Held(result=result, until=None if hold_s == float("inf") else now + hold_s)
            job.note(now, "result held back", worker=worker.id)
        return outcome

    def refuse(self, worker: Worker, job: Job, why: str) -> None:
        """Its result was answered 400: the worker thinks it is done, the job stays IN_PROGRESS."""
        now, run = self._clock.now(), job.run_of(worker.id)
        if run is not None and run.outcome is None:
            run.end(now, Outcome.REFUSED)
        job.note(now, f"result refused: {why}", worker=worker.id)

    def running_on(self, worker_id: str) -> list[str]:
        return [job.id for job in self._running.values() if any(run.worker == worker_id for run in job.open_runs())]

    def waiting(self) -> int:
        return len(self._waiting)

    def alive(self, worker: Worker) -> bool:
        return worker.polls > 0 or self._clock.now() - worker.last_seen <= self.rules.lease_s

    # -- control

    def redeliver(self, job: Job) -> bool:
        """Offer a running job to a second worker while the first lives on; False when it does not run."""
        if job.status is not Status.IN_PROGRESS:
            return False
        self._requeue(job, "delivered once more while a run lives")
        return True

    def release(self, job: Job) -> bool:
        held = job.held
        if held is None:
            return False
        self._publish(job, held.result, job.worker)
        return True

    def forget(self, job: Job, why: str) -> None:
        """404 from now on; workers that run it are not told."""
        job.gone = why
        job.note(self._clock.now(), f"forgotten: {why}")
        self._open.pop(job.id, None)
        self._running.pop(job.id, None)
        if job in self._waiting:
            self._waiting.remove(job)
        if job in self._finished:
            self._finished.remove(job)

    def sweep(self) -> None:
        """What time alone changes: ttl, execution timeout, lost workers, held results, retention."""
        now = self._clock.now()
        for job in list(self._open.values()):
            self._sweep_one(job, now)
        while self._finished and self._retention_over(self._finished[0], now):
            self.forget(self._finished[0], "retention")

    # -- inside

    def _sweep_one(self, job: Job, now: float) -> None:
        if job.gone is not None:
            return
        if job.status.final:
            if self._retention_over(job, now):
                self.forget(job, "retention")
        elif now - job.created >= job.order.policy.ttl_s:
            self.forget(job, "ttl")
        elif job.held is not None:
            if job.held.until is not None and now >= job.held.until:
                self._publish(job, job.held.result, job.worker)
        elif job.status is Status.IN_PROGRESS:
            self._sweep_running(job, now)

    def _retention_over(self, job: Job, now: float) -> bool:
        return job.ended is not None and now - job.ended >= self.rules.retention_s

    def _sweep_running(self, job: Job, now: float) -> None:
        if job.taken is not None and now - job.taken >= job.order.policy.execution_timeout_s:
            self._stop_workers(job)
            job.error = "execution timeout exceeded"
            self._finish(job, self.rules.timeout_state, "execution timeout")
            return
        # A worker whose result was refused still answers for its job: as long as it lives, nobody else gets it.
        # A job that late progress reopened has no worker at all: it stays so until its execution timeout.
        held_by = [run for run in job.runs if run.outcome in {None, Outcome.REFUSED}]
        if held_by and not any(self._run_alive(run) for run in held_by):
            for run in held_by:
                run.end(now, Outcome.LOST)
            self._requeue(job, "worker lost: no sign of life")

    def _run_alive(self, run: Run) -> bool:
        worker = self.workers.get(run.worker)
        return worker is not None and self.alive(worker)

    def _reopen(self, job: Job) -> None:
        """A finished job becomes an open one again."""
        self._finished.remove(job)
        job.ended = None
        self._open[job.id] = job

    def _start(self, job: Job, worker: Worker) -> None:
        now = self._clock.now()
        job.status, job.worker, job.taken = Status.IN_PROGRESS, worker.id, now
        job.first_taken = job.first_taken or now
        job.runs.append(Run(worker=worker.id, taken=now))
        self._running[job.id] = job
        worker.taken += 1
        job.note(now, "taken", worker=worker.id)

    def _requeue(self, job: Job, why: str) -> None:
        job.status, job.worker, job.taken = Status.IN_QUEUE, None, None
        job.output, job.has_output = None, False
        job.retries += 1
        self.retried += 1
        self._waiting.append(job)
        job.note(self._clock.now(), why)
        self._ring()

    def _publish(self, job: Job, result: Result, worker: str | None) -> None:
        job.held = None
        job.output, job.has_output, job.error = result.output, result.has_output, result.error
        if worker is not None:
            job.worker = worker
        self._finish(job, result.status, "result published")

    def _finish(self, job: Job, status: Status, why: str) -> None:
        now = self._clock.now()
        if job in self._waiting:
            self._waiting.remove(job)
        job.status, job.ended = status, now
        self._open.pop(job.id, None)
        self._running.pop(job.id, None)
        self._finished.append(job)
        job.note(now, why)
        self._ring()

    def _stop_workers(self, job: Job) -> None:
        for run in job.open_runs():
            run.end(self._clock.now(), Outcome.STOPPED)
            worker = self.workers.get(run.worker)
            if worker is not None:
                worker.stops.append(job.id)


def read_result(body: Mapping[str, object]) -> Result:
    """A job-done body. A truthy text in `error` fails the job; an object there makes it COMPLETED without output,
    as the platform really does (runpod-python#299)."""
    error = body.get("error")
    if isinstance(error, str) and error:
        return Result(status=Status.FAILED, output=body.get("output"), has_output="output" in body, error=error)
    if error:
        return Result(status=Status.COMPLETED, output=None, has_output=False, error=None)
    return Result(status=Status.COMPLETED, output=body.get("output"), has_output="output" in body, error=None)
