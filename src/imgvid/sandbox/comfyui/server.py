"""The server put together: routes, faults, the key, the executor; started, stopped, killed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from imgvid.sandbox.comfyui.executor import Executor
from imgvid.sandbox.comfyui.faults import BadFault, Fault, Kind
from imgvid.sandbox.comfyui.routes import STALL_S, Routes
from imgvid.sandbox.comfyui.world import Folders, Memory, World

WORLD = web.AppKey("world", World)
MODELS = {
    "checkpoints": ["sd_xl_base_1.0.safetensors"],
    "detection": ["mediapipe_face_fp32.safetensors"],
    "diffusion_models": ["a.safetensors"],
    "loras": [],
}
MAX_BODY_BYTES = 104_857_600
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(world: World, die: Callable[[], None] | None = None) -> web.Application:
    """The stand-in as an aiohttp application around a world."""
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_gate])
    app[WORLD] = world
    Routes(world).add_to(app)
    app.router.add_get("/sim/calls", _calls)
    app.router.add_get("/sim/faults", _faults)
    app.router.add_post("/sim/faults", _add_fault)
    app.router.add_delete("/sim/faults/{id}", _remove_fault)
    app.router.add_get("/sim/world", _show_world)
    app.router.add_patch("/sim/world", _change_world)
    app.cleanup_ctx.append(lambda _: _executing(world, die))
    app.on_shutdown.append(lambda _: world.sockets.close())
    return app


@contextlib.asynccontextmanager
async def serve(
    folder: Path,
    *,
    port: int = 0,
    models: dict[str, list[str]] | None = None,
    memory: Memory | None = None,
    key: str | None = None,
    has_jobs_api: bool = True,
    metadata: bool = False,
    die: Callable[[], None] | None = None,
) -> AsyncIterator[World]:
    """Listen on 127.0.0.1 with files below `folder` (out, in, tmp/temp, as in the worker image); `port` 0: a free one.

    The start arguments that /system_stats tells are true: whether files are on a disk hangs on `folder`, and `metadata`
    leaves --disable-metadata out.
    """
    folders = Folders.below(folder)
    folders.make()
    plain = () if metadata else ("--disable-metadata",)
    argv = ["main.py", "--output-directory", str(folders.output), "--input-directory", str(folders.input)]
    world = World(
        folders=folders,
        models={name: list(there) for name, there in MODELS.items()} if models is None else models,
        memory=memory or Memory(),
        argv=(*argv, "--temp-directory", str(folders.temp.parent), *plain, "--cache-none"),
        key=key,
        has_jobs_api=has_jobs_api,
    )
    runner = web.AppRunner(create_app(world, die), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        world.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield world
    finally:
        await runner.cleanup()


async def _executing(world: World, die: Callable[[], None] | None) -> AsyncIterator[None]:
    task = asyncio.create_task(Executor(world, die).run(), name="comfyui sandbox executor")
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@web.middleware
async def _gate(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """The call log, the key, faults."""
    world = request.app[WORLD]
    path = request.path.removeprefix("/api") if not request.path.startswith("/api/jobs") else request.path
    if path.startswith("/sim/"):
        return await handler(request)
    world.calls.append({"method": request.method, "path": path})
    if world.key is not None and request.headers.get("Authorization") != f"Bearer {world.key}":
        return web.json_response({"error": "Unauthorized"}, status=401)
    fault = world.faults.strike(f"call:{request.method} {path}")
    return await handler(request) if fault is None else await _struck(request, handler, fault)


async def _struck(request: web.Request, handler: _Handler, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case Kind.DELAY:
            await asyncio.sleep(float(fault.extra.get("seconds", 1)))
            return await handler(request)
        case Kind.CUT | Kind.CUT_AFTER:
            answer = await handler(request) if fault.kind is Kind.CUT_AFTER else web.Response()
            if request.transport is not None:
                request.transport.abort()
            return answer
        case Kind.STALL:
            request[STALL_S] = float(fault.extra.get("seconds", 1))
            return await handler(request)
        case Kind.ANSWER:
            if fault.extra.get("applied"):
                await handler(request)
            body = fault.extra.get("body", "")
            status = int(fault.extra.get("status", 500))
            headers = fault.extra.get("headers")
            if isinstance(body, str):
                return web.Response(status=status, text=body, headers=headers)
            return web.json_response(body, status=status, headers=headers)
    return await handler(request)


async def _calls(request: web.Request) -> web.Response:
    return web.json_response({"calls": request.app[WORLD].calls})


async def _faults(request: web.Request) -> web.Response:
    return web.json_response({"faults": [fault.view() for fault in request.app[WORLD].faults.all()]})


async def _add_fault(request: web.Request) -> web.Response:
    body: dict[str, Any] = await request.json()
    try:
        fault = request.app[WORLD].faults.add(**body)
    except (BadFault, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)
    return web.json_response(fault.view())


async def _remove_fault(request: web.Request) -> web.Response:
    known = request.app[WORLD].faults.remove(request.match_info["id"])
    return web.json_response({}, status=200 if known else 404)


async def _show_world(request: web.Request) -> web.Response:
    world = request.app[WORLD]
    return web.json_response(
        {"faces": world.faces, "step_s": world.step_s, "without": sorted(world.without), "models": world.models}
    )


async def _change_world(request: web.Request) -> web.Response:
    """Only what the body names."""
    world, body = request.app[WORLD], await request.json()
    if "faces" in body:
        world.faces = None if body["faces"] is None else int(body["faces"])
    if "step_s" in body:
        world.step_s = float(body["step_s"])
    if "without" in body:
        world.without = {str(name) for name in body["without"]}
    for folder, there in body.get("models", {}).items():
        world.models[folder] = [str(name) for name in there]
    return await _show_world(request)
