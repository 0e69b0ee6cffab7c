"""The HTTP API, every route with and without `/api` in front."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import web

from imgvid.sandbox.comfyui.catalogue import classes
from imgvid.sandbox.comfyui.validate import validate
from imgvid.sandbox.comfyui.world import Prompt, World, now_ms

Json = Any
_STALL_LOOK_S = 0.05
STALL_S = web.RequestKey("stall_s", float)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_STATUS_WORDS = {"execution_interrupted": "cancelled", "execution_error": "failed"}


class Routes:
    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, app: web.Application) -> None:
        routes = [
            ("GET", "/ws", self.ws),
            ("GET", "/system_stats", self.system_stats),
            ("GET", "/features", self.features),
            ("GET", "/prompt", self.exec_info),
            ("POST", "/prompt", self.post_prompt),
            ("GET", "/queue", self.queue),
            ("POST", "/queue", self.post_queue),
            ("POST", "/interrupt", self.interrupt),
            ("POST", "/free", self.free),
            ("GET", "/history", self.history),
            ("GET", "/history/{id}", self.history),
            ("POST", "/history", self.post_history),
            ("GET", "/object_info", self.object_info),
            ("GET", "/object_info/{name}", self.object_info),
            ("GET", "/models", self.models),
            ("GET", "/models/{folder}", self.models),
            ("POST", "/upload/image", self.upload),
            ("GET", "/view", self.view),
        ]
        for method, path, handler in routes:
            app.router.add_route(method, path, handler)
            app.router.add_route(method, f"/api{path}", handler)
        if self._world.has_jobs_api:
            app.router.add_get("/api/jobs/{id}", self.job)
            app.router.add_post("/api/jobs/{id}/cancel", self.cancel_job)

    async def ws(self, request: web.Request) -> web.StreamResponse:
        return await self._world.sockets.serve(request, self._world.status())

    async def system_stats(self, _request: web.Request) -> web.Response:
        memory = self._world.memory
        system = {
            "os": "linux",
            "ram_total": memory.ram_total,
            "ram_free": memory.ram_free,
            "comfyui_version": "0.33.0",
            "required_frontend_version": "1.48.7",
            "installed_templates_version": "0.11.41",
            "required_templates_version": "0.11.41",
            "comfy_package_versions": [],
            "python_version": "3.11.7",
            "pytorch_version": "2.13.0",
            "embedded_python": False,
            "deploy_environment": "local-git",
            "argv": list(self._world.argv),
        }
        device = {
            "name": memory.gpu,
            "type": memory.device_type,
            "index": None if memory.device_type == "cpu" else 0,
            "vram_total": memory.vram_total,
            "vram_free": memory.vram_free,
            "torch_vram_total": memory.vram_total,
            "torch_vram_free": memory.vram_free,
        }
        return web.json_response({"system": system, "devices": [device]})

    async def features(self, _request: web.Request) -> web.Response:
        return web.json_response({"supports_preview_metadata": True, "max_upload_size": 104857600})

    async def exec_info(self, _request: web.Request) -> web.Response:
        return web.json_response(self._world.status())

    async def post_prompt(self, request: web.Request) -> web.Response:
        body = await request.json()
        prompt_id = body.get("prompt_id", str(uuid4()))
        if not isinstance(prompt_id, str) or not _UUID.fullmatch(prompt_id):
            return _refused("invalid_prompt_id", "prompt_id must be a valid UUID", _UUID_DETAILS)
        if not isinstance(body.get("prompt"), dict):
            return _refused("no_prompt", "No prompt provided", "No prompt provided")
        graph = body["prompt"]
        verdict = validate(graph, classes(self._world.models, self._world.without), self._world.folders)
        if verdict.error is not None:
            return web.json_response({"error": verdict.error, "node_errors": verdict.node_errors}, status=400)
        extra = {**body.get("extra_data", {})}
        if "client_id" in body:
            extra["client_id"] = body["client_id"]
        extra["create_time"] = now_ms()
        number = body["number"] if "number" in body else self._world.next_number()
        self._world.add(
            Prompt(
                number=-number if body.get("front") else number,
                id=prompt_id,
                graph=graph,
                extra_data=extra,
                outputs_to_run=verdict.outputs,
            )
        )
        await self._world.tell_status()
        return web.json_response({"prompt_id": prompt_id, "number": number, "node_errors": verdict.node_errors})

    async def queue(self, _request: web.Request) -> web.Response:
        running = [self._world.running.item()] if self._world.running else []
        pending = [prompt.item() for prompt in sorted(self._world.pending, key=lambda one: one.number)]
        return web.json_response({"queue_running": running, "queue_pending": pending})

    async def post_queue(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("clear"):
            self._world.pending.clear()
        for prompt_id in body.get("delete", []):
            await self._world.dequeue(prompt_id)
        return web.Response()

    async def interrupt(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except json.JSONDecodeError:
            body = {}
        self._world.interrupt(body.get("prompt_id") or None)
        return web.Response()

    async def free(self, request: web.Request) -> web.Response:
        await request.json()
        self._world.memory.resident_vram = 0
        return web.Response()

    async def history(self, request: web.Request) -> web.Response:
        prompt_id = request.match_info.get("id")
        if prompt_id is None:
            return web.json_response(self._world.history)
        entry = self._world.history.get(prompt_id)
        return web.json_response({} if entry is None else {prompt_id: entry})

    async def post_history(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("clear"):
            self._world.history.clear()
        for prompt_id in body.get("delete", []):
            self._world.history.pop(prompt_id, None)
        return web.Response()

    async def object_info(self, request: web.Request) -> web.Response:
        known = classes(self._world.models, self._world.without)
        name = request.match_info.get("name")
        if name is not None:
            return web.json_response({name: known[name].info()} if name in known else {})
        return web.json_response({key: one.info() for key, one in known.items()})

    async def models(self, request: web.Request) -> web.Response:
        folder = request.match_info.get("folder")
        if folder is None:
            return web.json_response(list(self._world.models))
        if folder not in self._world.models:
            return web.Response(status=404)
        return web.json_response(self._world.models[folder])

    async def job(self, request: web.Request) -> web.Response:
        prompt_id = request.match_info["id"]
        entry = self._world.history.get(prompt_id)
        if entry is None:
            return web.json_response({"error": "Job not found"}, status=404)
        return web.json_response(_job(prompt_id, entry))

    async def cancel_job(self, request: web.Request) -> web.Response:
        prompt_id = request.match_info["id"]
        done = await self._world.dequeue(prompt_id) or self._world.interrupt(prompt_id)
        return web.json_response({"cancelled": done})

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        image, kind = form.get("image"), str(form.get("type", "input"))
        folder = self._world.folders.of(kind)
        if folder is None:
            return web.Response(status=500)
        if not isinstance(image, web.FileField):
            return web.Response(status=400)
        subfolder = str(form.get("subfolder", ""))
        overwrite = form.get("overwrite") in {"true", "1"}
        name = _store(folder, subfolder, image, overwrite=overwrite)
        if name is None:
            return web.Response(status=400)
        return web.json_response({"name": name, "subfolder": subfolder, "type": kind})

    async def view(self, request: web.Request) -> web.StreamResponse:
        name, subfolder = request.query.get("filename", ""), request.query.get("subfolder", "")
        folder = self._world.folders.of(request.query.get("type", "output"))
        if not name:
            return web.Response(status=404)
        if folder is None or ".." in name or name.startswith("/"):
            return web.Response(status=400)
        path = _inside(folder, subfolder)
        if path is None:
            return web.Response(status=403)
        path /= Path(name).name
        if not path.is_file():
            return web.Response(status=404)
        stall_s = request.get(STALL_S)
        return web.FileResponse(path) if stall_s is None else await _stalled(request, path, stall_s)


async def _stalled(request: web.Request, path: Path, seconds: float) -> web.StreamResponse:
    """Half of a file, then nothing, then a cut."""
    data = await asyncio.to_thread(path.read_bytes)
    answer = web.StreamResponse(headers={"Content-Type": "application/octet-stream", "Content-Length": str(len(data))})
    await answer.prepare(request)
    await answer.write(data[: len(data) // 2])
    for _ in range(round(seconds / _STALL_LOOK_S)):
        if request.transport is None or request.transport.is_closing():
            break
        await asyncio.sleep(_STALL_LOOK_S)
    if request.transport is not None:
        request.transport.abort()
    return answer


_UUID_DETAILS = (
    "prompt_id must be a UUID string in canonical lowercase hyphenated form; omit it to let the server generate one"
)


def _refused(kind: str, message: str, details: str) -> web.Response:
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return web.json_response({"error": error, "node_errors": {}}, status=400)


def _inside(folder: Path, subfolder: str) -> Path | None:
    path = Path(os.path.normpath(folder / subfolder))
    return path if path.is_relative_to(folder) else None


def _store(folder: Path, subfolder: str, image: web.FileField, *, overwrite: bool) -> str | None:
    """Write an upload; the name that it got, None where it may not go."""
    target, name = _inside(folder, subfolder), Path(image.filename).name
    if target is None or not name:
        return None
    target.mkdir(parents=True, exist_ok=True)
    if not overwrite:
        name = _free_name(target, name, image)
    image.file.seek(0)
    (target / name).write_bytes(image.file.read())
    return name


def _free_name(folder: Path, name: str, image: web.FileField) -> str:
    """The same bytes keep their name, others get a number."""
    path, number, data = folder / name, 1, image.file.read()
    while path.exists() and path.read_bytes() != data:
        path = folder / f"{Path(name).stem} ({number}){Path(name).suffix}"
        number += 1
    return path.name


def _job(prompt_id: str, entry: Json) -> Json:
    number, _, graph, extra, _ = entry["prompt"]
    status = entry["status"]
    last = status["messages"][-1]
    found = [
        {**made, "nodeId": node, "mediaType": media}
        for node, outputs in entry["outputs"].items()
        for media, items in outputs.items()
        for made in items
        if isinstance(made, dict)
    ]
    job = {
        "id": prompt_id,
        "status": _STATUS_WORDS.get(last[0], "completed"),
        "priority": number,
        "create_time": extra["create_time"],
        "execution_start_time": status["messages"][0][1]["timestamp"],
        "execution_end_time": last[1]["timestamp"],
        "outputs_count": len(found),
        "previewable_outputs_count": len(found),
        "outputs": entry["outputs"],
        "execution_status": status,
        "workflow": {"prompt": graph, "extra_data": extra},
    }
    if found:
        job["preview_output"] = found[0]
    if last[0] == "execution_error":
        job["execution_error"] = last[1]
    return job
