"""A scripted bot for tests of the page alone: it answers a photo with a placeholder, progress and a video."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from typing import Any

import av
import httpx
import numpy as np

CANCEL = {"inline_keyboard": [[{"text": "Cancel", "callback_data": "cancel"}]]}
AGAIN = {
    "inline_keyboard": [
        [{"text": "Again", "callback_data": "again"}, {"text": "Another seed", "callback_data": "seed"}]
    ]
}


def made_video(*, width: int = 320, height: int = 240, frames: int = 24) -> bytes:
    """One second of a moving gradient, H.264, no sound."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        ramp = np.linspace(0, 200, width)[None, :, None] * np.ones((height, 1, 3))
        for number in range(frames):
            picture = np.roll(ramp, number * 8, axis=1).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return out.getvalue()


class MiniBot:
    """`steps` lets a test say when the next word comes: release() lets one step go."""

    def __init__(self, url: str, token: str, *, stepwise: bool = False) -> None:
        self._http = httpx.AsyncClient(base_url=f"{url}/bot{token}/", timeout=30, trust_env=False)
        self._steps = asyncio.Semaphore(0) if stepwise else None
        self._jobs: dict[int, asyncio.Task[None]] = {}

    def release(self) -> None:
        assert self._steps is not None
        self._steps.release()

    async def __aenter__(self) -> MiniBot:
        await self(
            "setMyCommands",
            commands=json.dumps(
                [{"command": "start", "description": "What I do"}, {"command": "my", "description": "Your videos"}]
            ),
        )
        await self(
            "setMyCommands", language_code="sk", commands=json.dumps([{"command": "start", "description": "Čo robím"}])
        )
        await self("setMyName", name="Photo to Video")
        await self(
            "setMyDescription", description="Send a photo, get a short video.\n\nMy answer itself becomes the video."
        )
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._task, *self._jobs.values()):
            task.cancel()
        await asyncio.gather(self._task, *self._jobs.values(), return_exceptions=True)
        await self._http.aclose()

    async def __call__(self, method: str, *, files: dict[str, Any] | None = None, **fields: Any) -> Any:
        answer = (await self._http.post(method, data={k: str(v) for k, v in fields.items()}, files=files)).json()
        if not answer["ok"]:
            raise RuntimeError(f"{method}: {answer['description']}")
        return answer["result"]

    async def _run(self) -> None:
        offset = 0
        while True:
            for update in await self("getUpdates", offset=offset, timeout=20):
                offset = update["update_id"] + 1
                with contextlib.suppress(RuntimeError):  # a blocked chat, say
                    await self._on(update)

    async def _on(self, update: dict[str, Any]) -> None:
        if query := update.get("callback_query"):
            message = query["message"]
            if query["data"] == "cancel":
                self._jobs.pop(message["message_id"]).cancel()
                await self("answerCallbackQuery", callback_query_id=query["id"], text="Cancelling.")
                await self._say(message, "Cancelled.", {})
            else:
                await self(
                    "answerCallbackQuery", callback_query_id=query["id"], text="Not in this script.", show_alert="true"
                )
            return
        message = update.get("message")
        if message is None:
            return
        reply = json.dumps({"message_id": message["message_id"]})
        chat = message["chat"]["id"]
        if "photo" not in message:
            await self(
                "sendMessage",
                chat_id=chat,
                text="Hello! Send me a photo. Everything else: /help",
                reply_parameters=reply,
            )
            return
        placeholder = await self(
            "sendMessage",
            chat_id=chat,
            text="Got it. Your video is in the queue.\nJob ab12cd3",
            reply_parameters=reply,
            reply_markup=json.dumps(CANCEL),
        )
        self._jobs[placeholder["message_id"]] = asyncio.create_task(self._work(placeholder))

    async def _say(self, message: dict[str, Any], text: str, markup: dict[str, Any]) -> None:
        await self(
            "editMessageText",
            chat_id=message["chat"]["id"],
            message_id=message["message_id"],
            text=text,
            reply_markup=json.dumps(markup),
        )

    async def _step(self) -> None:
        if self._steps is not None:
            await self._steps.acquire()

    async def _work(self, message: dict[str, Any]) -> None:
        await self._step()
        await self._say(message, "Making your video: 40 %\n▓▓▓▓░░░░░░\nJob ab12cd3", CANCEL)
        await self._step()
        await self("sendChatAction", chat_id=message["chat"]["id"], action="upload_video")
        media = {
            "type": "video",
            "media": "attach://v",
            "caption": "1 s · seed 7 · ab12cd3\nPreview: made without an AI model.",
            "width": 320,
            "height": 240,
        }
        await self(
            "editMessageMedia",
            files={"v": ("v.mp4", made_video(), "video/mp4")},
            chat_id=message["chat"]["id"],
            message_id=message["message_id"],
            media=json.dumps(media),
            reply_markup=json.dumps(AGAIN),
        )
