"""Do the services that make pictures and videos let us in, and do they have what the catalogue asks for?"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import httpx

from imgvid.catalog import modes
from imgvid.comfy.client import Comfy
from imgvid.comfy.errors import ComfyError, Unauthorized
from imgvid.comfy.workflow import WorkflowRefused, workflows_of
from imgvid.config import DispatcherSettings
from imgvid.ops.doctor.finding import Finding, all_bad, bad, fine, note
from imgvid.providers import base
from imgvid.providers.comfyui.address import server_url
from imgvid.providers.comfyui.doctor import check_server, remarks
from imgvid.providers.fal.doctor import check_models, wanted_models
from imgvid.providers.fal.request import heads
from imgvid.providers.runpod import RunpodProvider
from imgvid.providers.runpod_scaling import RunpodScaling


async def check(settings: DispatcherSettings, *, http: httpx.AsyncClient, fal_api_url: str) -> list[Finding]:
    """Every service that the settings name; nothing is submitted and nothing is paid."""
    found: list[Finding] = []
    for name, endpoint in (("runpod", settings.runpod_endpoint_id), ("runpod-ltx", settings.runpod_ltx_endpoint_id)):
        if endpoint is not None:
            found += [one async for one in _runpod(name, endpoint, settings, http)]
    if settings.fal_api_key is not None:
        found += await _fal(settings, settings.fal_api_key, http, fal_api_url)
    if settings.comfyui_api_url is not None:
        found += await _comfyui(settings, settings.comfyui_api_url, http)
    return [*found, *_without(settings)]


async def _runpod(
    name: str, endpoint: str, settings: DispatcherSettings, http: httpx.AsyncClient
) -> AsyncIterator[Finding]:
    about, key = f"{name} (endpoint {endpoint})", settings.runpod_api_key or ""
    provider = RunpodProvider(client=http, api_url=settings.runpod_api_url, api_key=key, endpoint_id=endpoint)
    try:
        seen = await provider.health()
    except base.Unauthorized:
        yield bad(about, "RUNPOD_API_KEY is refused; the console makes a new one, with access to this endpoint")
        return
    except base.NotFound:
        yield bad(about, "there is no such endpoint; `imgvid endpoint status` lists yours")
        return
    except base.ProviderError as error:
        yield bad(about, str(error))
        return
    yield fine(about, f"{seen.in_queue} waiting, {seen.in_progress} running, {seen.workers} workers")
    scaling = RunpodScaling(client=http, rest_url=settings.runpod_rest_url, api_key=key, endpoint_id=endpoint)
    try:
        most = (await scaling.look()).most
    except base.ProviderError:
        yield note(about, "this key may not read the worker limit, so a lost one is not put back (docs/runpod.md)")
        return
    if most == 0:
        yield bad(about, "its worker limit is 0, so nothing runs; the dispatcher puts it back with the next job")


async def _fal(settings: DispatcherSettings, key: str, http: httpx.AsyncClient, api_url: str) -> list[Finding]:
    front = heads(standard=settings.fal_standard_model, premium=settings.fal_premium_model)
    wanted = wanted_models({mode.id: mode for mode in modes().values() if mode.backend == "fal"}, front)
    said = await check_models(wanted, client=http, api_key=key, api_url=api_url)
    return all_bad("fal", said, else_fine=f"the key is taken, and all {len(wanted)} models are there")


async def _comfyui(settings: DispatcherSettings, address: str, http: httpx.AsyncClient) -> list[Finding]:
    url = server_url(address, settings.comfyui_api_port)
    try:
        graphs = workflows_of(mode for mode in modes().values() if mode.backend == "comfyui")
        server = Comfy(url, http=http, key=settings.comfyui_api_key)
        is_what, troubles = await check_server(server, graphs, allow_disk=settings.comfyui_allow_disk)
        remarked = await remarks(server, graphs, allow_disk=settings.comfyui_allow_disk)
    except WorkflowRefused as refused:
        return [bad("comfyui", str(refused))]
    except Unauthorized:
        return [bad("comfyui", f"{url} refuses COMFYUI_API_KEY")]
    except ComfyError as error:
        return [bad("comfyui", f"{url}: {error.detail}; is the server started? docs/comfyui-server.md")]
    notes = (note("comfyui", text) for text in remarked)
    return [fine("comfyui", is_what), *(bad("comfyui", text) for text in troubles), *notes]


def _without(settings: DispatcherSettings) -> Sequence[Finding]:
    """Modes that nobody is offered, because the backend they need is not configured."""
    there = {
        "runpod": settings.runpod_endpoint_id,
        "runpod-ltx": settings.runpod_ltx_endpoint_id,
        "fal": settings.fal_api_key,
        "comfyui": settings.comfyui_api_url,
    }
    return [
        note(f"mode {mode.id}", f"is offered to nobody: {mode.backend} is not configured")
        for mode in modes().values()
        if there.get(mode.backend) is None
    ]
