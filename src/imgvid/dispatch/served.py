"""Which backends a dispatcher serves, read from its settings: the provider, the lanes with their caps, and the conduct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx

from imgvid.config import DispatcherSettings
from imgvid.dispatch.conduct import WORKERS, Conduct
from imgvid.dispatch.lease import Target
from imgvid.providers.base import Provider
from imgvid.providers.runpod import RunpodProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One backend. `lanes`: jobs there at once. `facts` is what the catalogue asks about it (GPU memory in GB)."""

    backend: str
    lanes: Mapping[str, int]
    provider: Provider
    conduct: Conduct = WORKERS
    facts: Mapping[str, int | bool] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(Target(backend=self.backend, lane=lane) for lane in self.lanes)


def served(settings: DispatcherSettings, *, http: httpx.AsyncClient) -> Sequence[Served]:
    """Every backend that the settings name. `http` stays the caller's."""
    found: list[Served] = []
    if settings.runpod_endpoint_id is not None:
        lanes = {"video": settings.runpod_max_in_flight}
        found.append(
            Served(backend="runpod", lanes=lanes, provider=_runpod(settings, settings.runpod_endpoint_id, http))
        )
    if settings.runpod_ltx_endpoint_id is not None:
        found.append(
            Served(
                backend="runpod-ltx",
                lanes={"video": settings.runpod_ltx_max_in_flight},
                provider=_runpod(settings, settings.runpod_ltx_endpoint_id, http),
                facts={"vram_gb": settings.runpod_ltx_vram_gb},
            )
        )
    return found


def _runpod(settings: DispatcherSettings, endpoint_id: str, http: httpx.AsyncClient) -> RunpodProvider:
    return RunpodProvider(
        client=http,
        api_url=settings.runpod_api_url,
        api_key=settings.runpod_api_key or "",
        endpoint_id=endpoint_id,
    )
