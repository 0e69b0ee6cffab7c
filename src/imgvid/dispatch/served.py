"""Which backends a dispatcher serves, read from its settings: the provider, the lanes with their caps, and the conduct."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx

from imgvid.catalog import modes
from imgvid.comfy.workflow import workflows_of
from imgvid.config import DispatcherSettings
from imgvid.dispatch.conduct import WORKERS, Conduct, Rhythm
from imgvid.dispatch.lease import Target
from imgvid.dispatch.revive import Scaling
from imgvid.jobs.errors import Code
from imgvid.providers.base import Picture, Provider
from imgvid.providers.comfyui import ComfyuiProvider
from imgvid.providers.comfyui.address import server_url
from imgvid.providers.fal import FalProvider
from imgvid.providers.fal.request import heads
from imgvid.providers.runpod import RunpodProvider
from imgvid.providers.runpod_scaling import RunpodScaling

_FAL_START = timedelta(seconds=120)  # until a machine there must have begun; later it is tried again
_PICTURES = Rhythm(first=timedelta(milliseconds=80), top=timedelta(seconds=2))

Read = Callable[[Picture], Awaitable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One backend. `lanes`: jobs there at once. `facts` is what the catalogue asks about it (GPU memory in GB)."""

    backend: str
    lanes: Mapping[str, int]
    provider: Provider
    conduct: Conduct = WORKERS
    scaling: Scaling | None = None  # its worker limit, where it has one that may be lost
    run_for: Mapping[str, timedelta] = field(default_factory=dict)  # by lane: the operator's bound of one attempt
    facts: Mapping[str, int | bool] = field(default_factory=dict)

    @property
    def targets(self) -> tuple[Target, ...]:
        return tuple(Target(backend=self.backend, lane=lane, run_for=self.run_for.get(lane)) for lane in self.lanes)


def served(settings: DispatcherSettings, *, http: httpx.AsyncClient, read: Read) -> Sequence[Served]:
    """Every backend that the settings name. `http` stays the caller's; `read` brings a picture's bytes from Telegram."""
    found: list[Served] = []
    if settings.runpod_endpoint_id is not None:
        found.append(_runpod(settings, "runpod", settings.runpod_endpoint_id, settings.runpod_max_in_flight, http))
    if settings.runpod_ltx_endpoint_id is not None:
        ltx = _runpod(settings, "runpod-ltx", settings.runpod_ltx_endpoint_id, settings.runpod_ltx_max_in_flight, http)
        found.append(replace(ltx, facts={"vram_gb": settings.runpod_ltx_vram_gb}))
    if settings.fal_api_key is not None:
        found.append(_fal(settings, settings.fal_api_key, http, read))
    if settings.comfyui_api_url is not None:
        found.append(_comfyui(settings, settings.comfyui_api_url, http, read))
    return found


def _fal(settings: DispatcherSettings, key: str, http: httpx.AsyncClient, read: Read) -> Served:
    """Pictures are there in seconds, videos in minutes. What may have been taken is never sent twice: it may be billed."""
    every = settings.video_poll_interval
    return Served(
        backend="fal",
        lanes={"image": settings.fal_max_in_flight, "video": settings.fal_max_in_flight},
        provider=FalProvider(
            client=http,
            queue_url=settings.fal_queue_base_url,
            storage_url=settings.fal_storage_url,
            api_key=key,
            catalogue={mode.id: mode for mode in modes().values() if mode.backend == "fal"},
            read=read,
            start_timeout=_FAL_START,
            heads=heads(standard=settings.fal_standard_model, premium=settings.fal_premium_model),
        ),
        conduct=Conduct(
            narrated=True,
            rhythms={"image": _PICTURES, "video": Rhythm(first=min(every, timedelta(seconds=1)), top=every)},
            late=Code.WAIT_EXCEEDED,
            unsure=Code.UNANSWERED,
        ),
        run_for={"video": settings.video_max_wait_sec},
    )


def _comfyui(settings: DispatcherSettings, url: str, http: httpx.AsyncClient, read: Read) -> Served:
    """One server, one job at a time: its lanes share it, and whoever finds it busy waits."""
    catalogue = {mode.id: mode for mode in modes().values() if mode.backend == "comfyui"}
    every = settings.comfyui_poll_interval
    rhythm = Rhythm(first=min(every, timedelta(seconds=1)), top=every)
    return Served(
        backend="comfyui",
        lanes={"image": 1, "video": 1},
        provider=ComfyuiProvider(
            url=server_url(url, settings.comfyui_api_port),
            http=http,
            key=settings.comfyui_api_key,
            read=read,
            catalogue=catalogue,
            workflows=workflows_of(catalogue.values()),
            allow_disk=settings.comfyui_allow_disk,
            cap=settings.comfyui_timeout,
            poll=every,
        ),
        conduct=Conduct(narrated=True, rhythms={"image": rhythm, "video": rhythm}, late=Code.WAIT_EXCEEDED),
    )


def _runpod(settings: DispatcherSettings, backend: str, endpoint_id: str, cap: int, http: httpx.AsyncClient) -> Served:
    key = settings.runpod_api_key or ""
    return Served(
        backend=backend,
        lanes={"video": cap},
        provider=RunpodProvider(client=http, api_url=settings.runpod_api_url, api_key=key, endpoint_id=endpoint_id),
        scaling=RunpodScaling(client=http, rest_url=settings.runpod_rest_url, api_key=key, endpoint_id=endpoint_id),
    )
