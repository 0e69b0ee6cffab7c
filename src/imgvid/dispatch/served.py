"""Which backends a dispatcher serves, read from its settings: the provider, the lanes with their caps, and the conduct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import httpx

from imgvid.config import DispatcherSettings
from imgvid.dispatch.conduct import WORKERS, Conduct
from imgvid.dispatch.lease import Target
from imgvid.dispatch.revive import Scaling
from imgvid.providers.base import Provider
from imgvid.providers.runpod import RunpodProvider
from imgvid.providers.runpod_scaling import RunpodScaling


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One backend. `lanes`: jobs there at once. `facts` is what the catalogue asks about it (GPU memory in GB)."""

    backend: str
    lanes: Mapping[str, int]
    provider: Provider
    conduct: Conduct = WORKERS
    scaling: Scaling | None = None  # its worker limit, where it has one that may be lost
    facts: Mapping[str, int | bool] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(Target(backend=self.backend, lane=lane) for lane in self.lanes)


def served(settings: DispatcherSettings, *, http: httpx.AsyncClient) -> Sequence[Served]:
    """Every backend that the settings name. `http` stays the caller's."""
    found: list[Served] = []
    if settings.runpod_endpoint_id is not None:
        found.append(_runpod(settings, "runpod", settings.runpod_endpoint_id, settings.runpod_max_in_flight, http))
    if settings.runpod_ltx_endpoint_id is not None:
        ltx = _runpod(settings, "runpod-ltx", settings.runpod_ltx_endpoint_id, settings.runpod_ltx_max_in_flight, http)
        found.append(replace(ltx, facts={"vram_gb": settings.runpod_ltx_vram_gb}))
    return found


def _runpod(settings: DispatcherSettings, backend: str, endpoint_id: str, cap: int, http: httpx.AsyncClient) -> Served:
    key = settings.runpod_api_key or ""
    return Served(
        backend=backend,
        lanes={"video": cap},
        provider=RunpodProvider(client=http, api_url=settings.runpod_api_url, api_key=key, endpoint_id=endpoint_id),
        scaling=RunpodScaling(client=http, rest_url=settings.runpod_rest_url, api_key=key, endpoint_id=endpoint_id),
    )
