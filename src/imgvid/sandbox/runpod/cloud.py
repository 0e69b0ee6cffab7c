"""The whole stand-in in memory: its endpoints, clock, faults, call log, and who hosts its workers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from imgvid.sandbox.runpod.clock import Bell, Clock, iso
from imgvid.sandbox.runpod.endpoint import Endpoint
from imgvid.sandbox.runpod.faults import Faults
from imgvid.sandbox.runpod.job import Job
from imgvid.sandbox.runpod.limits import RateLimits
from imgvid.sandbox.runpod.rules import Rules
from imgvid.sandbox.runpod.worker import Worker

CALLS_KEPT = 5000


@dataclass(slots=True, kw_only=True)
class Call:
    """One request that came in; `status` 0 = the connection was cut, or the call is still held."""

    at: float
    op: str
    endpoint: str
    method: str
    path: str
    status: int = 0
    fault: str | None = None

    def view(self) -> dict[str, object]:
        view: dict[str, object] = {
            "at": iso(self.at),
            "op": self.op,
            "endpoint": self.endpoint,
            "method": self.method,
            "path": self.path,
            "status": self.status,
        }
        return view if self.fault is None else {**view, "fault": self.fault}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The process behind a worker, where someone here started it; `kill` is kill -9 of all of it."""

    pid: int
    kill: Callable[[], None]


class Cloud:
    """Everything that the HTTP side reads and changes. `url` is known once `serve` listens."""

    def __init__(
        self, *, endpoints: Iterable[str], api_key: str, worker_key: str | None, rules: Rules, clock: Clock
    ) -> None:
        self.clock = clock
        self.bell = Bell()
        self.closing = asyncio.Event()
        self.faults = Faults()
        self.limits = RateLimits()
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.hosts: dict[str, Host] = {}
        self.logs: dict[str, str] = {}  # worker id -> path, also of workers that ended
        self.url = ""
        self.api_key = api_key
        self.worker_key = worker_key or api_key
        self.endpoints = {
            name: Endpoint(name=name, rules=rules, clock=clock, ring=self.bell_ring) for name in endpoints
        }

    def bell_ring(self) -> None:
        self.bell.ring()

    def endpoint(self, name: str) -> Endpoint:
        """Raises KeyError for an endpoint that was not named at start."""
        return self.endpoints[name]

    def job(self, job_id: str) -> tuple[Endpoint, Job] | None:
        """Any job of any endpoint, forgotten ones too."""
        for endpoint in self.endpoints.values():
            endpoint.sweep()
            if job_id in endpoint.jobs:
                return endpoint, endpoint.jobs[job_id]
        return None

    def worker_view(self, endpoint: Endpoint, worker: Worker) -> dict[str, object]:
        jobs = endpoint.running_on(worker.id)
        state = "gone" if not endpoint.alive(worker) else "running" if jobs else "idle"
        view: dict[str, object] = {
            "id": worker.id,
            "endpoint": endpoint.name,
            "state": state,
            "jobs": jobs,
            "first_seen": iso(worker.first_seen),
            "last_seen": iso(worker.last_seen),
            "taken": worker.taken,
            "polls": worker.polls,
        }
        if worker.id in self.hosts:
            view["pid"] = self.hosts[worker.id].pid
        if worker.id in self.logs:
            view["log"] = self.logs[worker.id]
        return view

    def sweep(self) -> None:
        for endpoint in self.endpoints.values():
            endpoint.sweep()

    def close(self) -> None:
        """Let every held poll go; nothing is served any more."""
        self.closing.set()
        self.bell.ring()

    def worker_env(self, endpoint: str, worker_id: str, *, ping_interval_ms: int = 10_000) -> dict[str, str]:
        """What the unmodified SDK worker reads, as the platform sets it.

        The SDK replaces `$ID` and `$RUNPOD_POD_ID` itself, and appends with `&`, hence the query string.
        It counts pings in whole seconds, so less than 1000 ms would be a busy loop.
        """
        if ping_interval_ms < 1000:
            raise ValueError("the SDK pings at most once a second")
        base = f"{self.url}/v2/{endpoint}"
        return {
            "RUNPOD_POD_ID": worker_id,
            "RUNPOD_ENDPOINT_ID": endpoint,
            "RUNPOD_AI_API_KEY": self.worker_key,
            "RUNPOD_PING_INTERVAL": str(ping_interval_ms),
            "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=sandbox",
            "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=sandbox",
            "RUNPOD_WEBHOOK_POST_STREAM": f"{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=sandbox",
            "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID",
            # The built-in checks want a GPU and the internet.
            "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
            "RUNPOD_SKIP_GPU_CHECK": "true",
        }
