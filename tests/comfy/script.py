"""The script that a ComfyUI server is taken through: recorded once from the real one, replayed to the stand-in.

    python -m tests.comfy.script http://127.0.0.1:8188 tests/comfy/transcripts/comfyui-0.33.0.json

records. The server needs two throw-away node classes beside the core and VHS: `ProbeSampler` (image in, image out; a
progress bar of `steps` steps of `step_ms`, looks for an interrupt before each) and `ProbeFail` (raises what `kind` says),
an empty models/diffusion_models/a.safetensors, and the start arguments of the worker image.
"""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
from PIL import Image

Json = Any
CORE: dict[str, Json] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "probe/in.png"}},
    "2": {
        "class_type": "ImageScale",
        "inputs": {"image": ["1", 0], "upscale_method": "lanczos", "width": 96, "height": 64, "crop": "center"},
    },
    "6": {"class_type": "ProbeSampler", "inputs": {"image": ["2", 0], "steps": 3, "step_ms": 130}},
    "3": {"class_type": "RepeatImageBatch", "inputs": {"image": ["6", 0], "amount": 12}},
    "4": {"class_type": "CreateVideo", "inputs": {"images": ["3", 0], "fps": 24}},
    "5": {
        "class_type": "SaveVideo",
        "inputs": {"video": ["4", 0], "filename_prefix": "probe/clip", "format": "mp4", "codec": "h264"},
    },
}
VHS: dict[str, Json] = {
    **{key: CORE[key] for key in ("1", "2", "3", "6")},
    "28": {
        "class_type": "VHS_VideoCombine",
        "inputs": {
            "images": ["3", 0],
            "frame_rate": 24,
            "loop_count": 0,
            "filename_prefix": "probe/vhs",
            "format": "video/h264-mp4",
            "pix_fmt": "yuv420p",
            "crf": 19,
            "save_metadata": False,
            "trim_to_audio": False,
            "pingpong": False,
            "save_output": True,
        },
    },
}


def changed(graph: dict[str, Json], node: str, **inputs: Json) -> dict[str, Json]:
    """The graph with other inputs of one node."""
    return {**graph, node: {**graph[node], "inputs": {**graph[node]["inputs"], **inputs}}}


def failing(kind: str) -> dict[str, Json]:
    """The core graph whose middle node raises."""
    return {
        **CORE,
        "6": {"class_type": "ProbeFail", "inputs": {"image": ["2", 0], "kind": kind, "text": "a quiet garden"}},
    }


MISSING_NODE = {**CORE, "6": {"class_type": "NoSuchNode", "inputs": {"image": ["2", 0]}, "_meta": {"title": "My node"}}}
MISSING_MODEL = {
    "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "nope.safetensors", "weight_dtype": "default"}},
    "2": {"class_type": "ModelSave", "inputs": {"model": ["1", 0], "filename_prefix": "probe/m"}},
}
PARTLY_WRONG = {
    **CORE,
    "9": {"class_type": "LoadImage", "inputs": {"image": "nope.png"}},
    "10": {"class_type": "SaveImage", "inputs": {"images": ["9", 0], "filename_prefix": "probe/i"}},
}
REFUSED = {
    "missing node": MISSING_NODE,
    "missing model": MISSING_MODEL,
    "missing image": changed(CORE, "1", image="nope.png"),
    "missing input": {**CORE, "2": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "width": 96}}},
    "bad value": changed(CORE, "2", width="abc"),
    "too small": changed(CORE, "3", amount=0),
    "bad link": changed(CORE, "3", image=["99", 0]),
    "wrong type": changed(CORE, "3", image=["4", 0]),
    "no outputs": {"1": CORE["1"]},
}


class Player:
    """One client of one server that writes down what it says and hears."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = aiohttp.ClientSession()
        self.scenes: dict[str, list[Json]] = {}
        self._scene: list[Json] = []
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self.id = ""

    def scene(self, name: str) -> None:
        self._scene = self.scenes.setdefault(name, [])
        self.id = str(uuid4())

    async def call(self, method: str, path: str, body: Json = None) -> Json:
        async with self.http.request(method, self.url + path, json=body) as answer:
            text = await answer.text()
            said = json.loads(text) if answer.content_type == "application/json" else None
            self._scene.append({"call": f"{method} {path}", "status": answer.status, "answer": said})
            return said

    async def connect(self, client: str = "probe") -> None:
        self._socket = await self.http.ws_connect(f"{self.url}/ws?clientId={client}")
        await self.hear("status")

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def post(self, graph: Json) -> Json:
        body = {"prompt": graph, "client_id": "probe", "prompt_id": self.id}
        return await self.call("POST", "/prompt", body)

    async def hear(self, until: str, **where: Json) -> Json:
        """Write down frames until one of this type with these values came."""
        assert self._socket is not None
        while True:
            message = await self._socket.receive(timeout=20)
            assert message.type is aiohttp.WSMsgType.TEXT, message
            frame = json.loads(message.data)
            self._scene.append({"frame": frame})
            if frame["type"] == until and all(frame["data"].get(key, ...) == value for key, value in where.items()):
                return frame

    async def over(self) -> None:
        await self.hear("executing", node=None, prompt_id=self.id)

    async def history(self) -> Json:
        for _ in range(200):
            async with self.http.get(f"{self.url}/history/{self.id}") as answer:
                if await answer.json():
                    break
            await asyncio.sleep(0.02)
        return await self.call("GET", f"/history/{self.id}")


async def upload(player: Player) -> None:
    picture = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(picture, format="PNG")
    form = aiohttp.FormData()
    form.add_field("image", picture.getvalue(), filename="in.png", content_type="image/png")
    form.add_field("subfolder", "probe")
    form.add_field("overwrite", "true")
    async with player.http.post(player.url + "/upload/image", data=form) as answer:
        player.scenes.setdefault("upload", []).append(
            {"call": "POST /upload/image", "status": answer.status, "answer": await answer.json()}
        )


async def finished(player: Player, graph: Json) -> None:
    """One prompt from its POST to its end, its history and its job, and the files' heads."""
    await player.connect()
    await player.post(graph)
    await player.over()
    entry = await player.history()
    await player.call("GET", f"/api/jobs/{player.id}")
    for outputs in entry[player.id]["outputs"].values():
        for made in outputs.get("images", []) + outputs.get("gifs", []):
            query = "&".join(f"{key}={made[key]}" for key in ("filename", "subfolder", "type"))
            async with player.http.get(f"{player.url}/view?{query}") as answer:
                head = (await answer.read())[4:8].decode("latin-1")
                player._scene.append({"view": answer.status, "type": answer.content_type, "head": head})
    await player.call("POST", "/history", {"delete": [player.id]})
    await player.call("GET", f"/history/{player.id}")
    await player.close()


async def cancelled(player: Player) -> None:
    await player.connect()
    await player.post(changed(CORE, "6", steps=2000, step_ms=20))
    await player.hear("progress")
    running = await player.call("GET", "/queue")
    assert [item[1] for item in running["queue_running"]] == [player.id]
    await player.call("POST", f"/api/jobs/{player.id}/cancel")
    await player.over()
    await player.history()
    await player.call("POST", f"/api/jobs/{player.id}/cancel")
    await player.close()


async def interrupted(player: Player) -> None:
    await player.connect()
    await player.post(changed(CORE, "6", steps=2000, step_ms=20))
    await player.hear("progress")
    await player.call("POST", "/interrupt", {"prompt_id": "00000000-0000-4000-8000-000000000000"})
    await player.hear("progress")
    await player.call("POST", "/interrupt", {"prompt_id": player.id})
    await player.over()
    await player.history()
    await player.close()


async def reconnected(player: Player) -> None:
    """The socket is closed in the middle and opened again with the same id: the current node is told, then live frames."""
    await player.connect()
    await player.post(changed(CORE, "6", steps=12, step_ms=60))
    await player.hear("progress")
    await player.close()
    await player.connect()
    await player.over()
    await player.history()
    await player.close()


async def waiting(player: Player) -> None:
    """A second prompt waits, is cancelled while it waits, and leaves no trace."""
    await player.connect()
    await player.post(changed(CORE, "6", steps=2000, step_ms=20))
    await player.hear("progress")
    first, player.id = player.id, str(uuid4())
    await player.post(CORE)
    await player.call("GET", "/queue")
    await player.call("POST", f"/api/jobs/{player.id}/cancel")
    await player.call("GET", f"/history/{player.id}")
    await player.call("GET", f"/api/jobs/{player.id}")
    player.id = first
    await player.call("POST", f"/api/jobs/{player.id}/cancel")
    await player.over()
    await player.close()


SCENES: dict[str, Callable[[Player], Awaitable[None]]] = {
    "core video": lambda player: finished(player, CORE),
    "vhs video": lambda player: finished(player, VHS),
    "value error": lambda player: failed(player, "value"),
    "out of memory": lambda player: failed(player, "oom"),
    "model file gone": lambda player: failed(player, "file"),
    "model file empty": lambda player: failed(player, "model"),
    "cancelled": cancelled,
    "interrupted": interrupted,
    "reconnected": reconnected,
    "waiting": waiting,
    "partly wrong": lambda player: finished(player, PARTLY_WRONG),
    "asked": lambda player: asked(player),
}


async def failed(player: Player, kind: str) -> None:
    await player.connect()
    await player.post(failing(kind))
    await player.over()
    await player.history()
    await player.close()


async def asked(player: Player) -> None:
    """Questions and their answers, without any prompt that runs."""
    await player.call("GET", "/system_stats")
    await player.call("GET", "/prompt")
    await player.call("GET", "/queue")
    await player.call("GET", "/object_info/ImageScale")
    await player.call("GET", "/object_info/NoSuchNode")
    await player.call("GET", "/models/diffusion_models")
    await player.call("GET", "/models/no_such_folder")
    await player.call("GET", f"/history/{player.id}")
    await player.call("GET", f"/api/jobs/{player.id}")
    await player.call("POST", f"/api/jobs/{player.id}/cancel")
    await player.call("POST", "/queue", {"delete": [player.id]})
    await player.call("POST", "/interrupt", {"prompt_id": player.id})
    await player.call("POST", "/free", {"unload_models": True, "free_memory": True})
    await player.call("GET", "/view?filename=nope.mp4&subfolder=&type=output")
    player.id = "not-a-uuid"
    await player.post(CORE)


async def play(url: str, *, only: str | None = None) -> dict[str, list[Json]]:
    """Take a server through the script; what was heard, by scene."""
    player = Player(url)
    try:
        await upload(player)
        for name, scene in SCENES.items():
            if only in {None, name}:
                player.scene(name)
                await scene(player)
        if only in {None, "refused"}:
            for name, graph in REFUSED.items():
                player.scene(f"refused: {name}")
                await player.post(graph)
    finally:
        await player.close()
        await player.http.close()
    return player.scenes


def tidy(value: Json) -> Json:
    """Without what differs from run to run or tells about the machine: ids, times, sizes, folders, tracebacks."""
    if isinstance(value, dict):
        return {_no_id(key): _tidy_field(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [tidy(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"^(/[\w.-]+){2,}/(?=[\w.-]+)", "/folder/", _no_id(value))
    return value


def _tidy_field(key: str, value: Json) -> Json:
    if key in {"traceback", "argv", "comfy_package_versions", "search_aliases"}:
        return []
    if key in {"timestamp", "create_time", "execution_start_time", "execution_end_time"} or key.endswith(
        ("_total", "_free")
    ):
        return 0
    return tidy(value)


def _no_id(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)


def lines(scenes: dict[str, list[Json]]) -> str:
    """A transcript as a file: one event a line."""
    parts = []
    for name, events in scenes.items():
        body = ",\n".join("  " + json.dumps(tidy(event), ensure_ascii=False) for event in events)
        parts.append(f"{json.dumps(name)}: [\n{body}\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(lines(asyncio.run(play(sys.argv[1]))))
