"""What a person should know of a live endpoint. Pure: the platform's answers in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imgvid.ops.endpoint.diff import UNWANTED_ENV
from imgvid.ops.endpoint.template import Json

CONSOLE_STEP = """\
The one step that only the console can do (the REST API has no field for it):
  Serverless -> the endpoint -> Manage -> Edit Endpoint -> Model: org/repo, and a read token of the hub for a private repo.
  To see that it was done: a starting worker logs `bundle.ready` with the repo's commit; `bundle.waited` with
  "no repo is cached" means that it was not. Look again after every change made in the console or with other tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Lines for the terminal, and what needs a person; empty `alarms` is a healthy endpoint."""

    lines: tuple[str, ...]
    alarms: tuple[str, ...]


def health(endpoint: Mapping[str, Json], workers: Mapping[str, Json]) -> Health:
    """Look at an endpoint and its workers, as GET gives them."""
    counts, scale = _dict(workers.get("summary")), _dict(endpoint.get("workers"))
    told = ", ".join(
        f"{counts.get(name, 0)} {name}" for name in ("running", "idle", "initializing", "throttled", "unhealthy")
    )
    lines = [
        f"{endpoint.get('name')} ({endpoint.get('id')}): {endpoint.get('image')}",
        f"workers {scale.get('min')} to {scale.get('max')}: {told}",
        f"execution timeout {endpoint.get('timeout')} ms, gpu {_dict(endpoint.get('gpu')).get('pools')}",
    ]
    listed = workers.get("workers")
    for worker in listed if isinstance(listed, list) else []:
        row = _dict(worker)
        stale = ", old release" if row.get("isStale") else ""
        lines.append(
            f"  {row.get('id')}: {row.get('status')} on {row.get('gpuTypeId')} in {row.get('dataCenterId')}, "
            f"{row.get('uptimeSeconds')} s{stale}"
        )
    return Health(lines=tuple(lines), alarms=tuple(_alarms(endpoint, counts, scale)))


def _alarms(endpoint: Mapping[str, Json], counts: Mapping[str, Json], scale: Mapping[str, Json]) -> list[str]:
    alarms = []
    if scale.get("max") == 0:
        alarms.append(
            "workers.max is 0: after seven idle days the platform sets it, and jobs would wait until they expire; "
            "`imgvid endpoint apply` raises it again"
        )
    if _number(scale.get("min")) > 0:
        alarms.append(f"workers.min is {scale.get('min')}: it is billed day and night")
    if _number(counts.get("unhealthy")) > 0:
        alarms.append("an unhealthy worker: its log's last `boot.refused` or `child.died` line says why")
    if _number(counts.get("throttled")) > 0:
        alarms.append("a throttled worker: no free GPU of this pool there; more data centres help")
    tokens = sorted(_dict(endpoint.get("env")).keys() & UNWANTED_ENV)
    if tokens:
        alarms.append(
            f"{', '.join(tokens)} is in the endpoint's env and no worker needs it: `imgvid endpoint apply` removes it"
        )
    if endpoint.get("networkVolumes"):
        alarms.append("a network volume is attached: it ties the endpoint to one data centre and is billed")
    return alarms


def _number(value: Json) -> float:
    return value if isinstance(value, int | float) else 0


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
