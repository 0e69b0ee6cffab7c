"""RunPod's management API on a socket, beside its queue API where there is one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from imgvid.sandbox.runpod import Cloud
from imgvid.sandbox.runpod_rest import RunPodRest, serve

ENDPOINT: Mapping[str, object] = {
    "name": "imgvid-wan22",
    "type": "QUEUE",
    "workers": {"min": 0, "max": 1, "idleTimeout": 10},
    "scaling": {"type": "QUEUE_DELAY", "queueDelay": 4},
}


@dataclass(frozen=True)
class Account:
    rest: RunPodRest
    url: str  # ends in /v2


@asynccontextmanager
async def serve_rest(*, key: str, cloud: Cloud | None = None) -> AsyncIterator[Account]:
    """An account with the endpoint ep1; what is changed there holds for the queue of `cloud`, too."""

    def changed(endpoint_id: str, body: Mapping[str, object]) -> None:
        workers = body["workers"]
        assert isinstance(workers, dict)
        if cloud is not None:
            endpoint = cloud.endpoint(endpoint_id)
            endpoint.rules = endpoint.rules.changed({"workers_max": workers["max"]})
            cloud.bell.ring()

    rest = RunPodRest(key=key, on_change=changed)
    rest.add(ENDPOINT, named="ep1")
    async with serve(rest) as url:
        yield Account(rest=rest, url=url)
