"""A caller of the stand-in as anybody would write one: plain httpx, the addresses of the answers used as they come."""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from typing import Any

import av
import httpx
from PIL import Image

KEY = "key-id:key-secret"

SCHNELL = "fal-ai/flux/schnell"
BANANA = "fal-ai/nano-banana"
FILL = "fal-ai/flux-pro/v1/fill"
KLING = "fal-ai/kling-video/v3/standard/text-to-video"
KLING_PHOTO = "fal-ai/kling-video/v3/standard/image-to-video"
WAN = "alibaba/wan-3.0/text-to-video"
LTX = "fal-ai/ltx-2-19b/text-to-video"
VEO = "fal-ai/veo3.1/fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A request's last status and its result."""

    id: str
    status: dict[str, Any]
    result: httpx.Response

    @property
    def json(self) -> dict[str, Any]:
        return self.result.json()

    @property
    def problem(self) -> dict[str, Any]:
        """The first entry of a model's error."""
        return self.json["detail"][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    width: int
    height: int
    frames: int
    fps: float
    seconds: float
    audio: str | None


class Caller:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def submit(self, endpoint: str, body: Any, **headers: str) -> dict[str, Any]:
        """The answer of a submit that was taken. Header names are written with underscores."""
        answer = await self.http.post(
            f"/{endpoint}", json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def status(self, taken: dict[str, Any], **params: Any) -> dict[str, Any]:
        return (await self.http.get(taken["status_url"], params=params)).json()

    async def until(self, taken: dict[str, Any], word: str, *, within_s: float = 20) -> dict[str, Any]:
        """Ask until the request is in this state."""
        async with asyncio.timeout(within_s):
            while (status := await self.status(taken))["status"] != word:
                await asyncio.sleep(0.005)
        return status

    async def end(self, taken: dict[str, Any]) -> Ended:
        status = await self.until(taken, "COMPLETED")
        return Ended(id=taken["request_id"], status=status, result=await self.http.get(taken["response_url"]))

    async def run(self, endpoint: str, body: Any, **headers: str) -> Ended:
        return await self.end(await self.submit(endpoint, body, **headers))

    async def view(self, request_id: str) -> dict[str, Any]:
        return (await self.http.get(f"/sim/requests/{request_id}")).json()

    async def rules(self, **changes: Any) -> None:
        assert (await self.http.patch("/sim/rules", json=changes)).status_code == 200

    async def fault(self, **fault: Any) -> dict[str, Any]:
        answer = await self.http.post("/sim/faults", json=fault)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def advance(self, seconds: float) -> None:
        await self.http.post("/sim/clock", json={"advance_s": seconds})

    async def upload(self, data: bytes, content_type: str = "image/png", **headers: str) -> str:
        """As fal-js does it: two calls. Returns the file's address."""
        begun = await self.http.post(
            "/storage/upload/initiate?storage_type=fal-cdn-v3",
            json={"file_name": "photo.png", "content_type": content_type},
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        assert begun.status_code == 200, begun.text
        async with httpx.AsyncClient(trust_env=False) as anybody:
            put = await anybody.put(begun.json()["upload_url"], content=data, headers={"Content-Type": content_type})
        assert put.status_code == 200, put.text
        return begun.json()["file_url"]

    async def download(self, url: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as anybody:
            return await anybody.get(url)

    async def picture(self, url: str) -> Image.Image:
        return Image.open(io.BytesIO((await self.download(url)).content))

    async def film(self, url: str) -> Film:
        return read_film((await self.download(url)).content)


def read_film(data: bytes) -> Film:
    with av.open(io.BytesIO(data)) as container:
        video = container.streams.video[0]
        assert video.codec_context.name == "h264"
        assert video.codec_context.pix_fmt == "yuv420p"
        sound = container.streams.audio
        assert next(container.decode(video=0)).width == video.codec_context.width
        container.seek(0)
        return Film(
            width=video.codec_context.width,
            height=video.codec_context.height,
            frames=sum(1 for packet in container.demux(video) if packet.size),
            fps=float(video.average_rate or 0),
            seconds=(container.duration or 0) / av.time_base,
            audio=sound[0].codec_context.name if sound else None,
        )


def photo(width: int = 640, height: int = 480, *, colour: tuple[int, int, int] = (40, 90, 160)) -> bytes:
    """A PNG of one colour with a lighter square in the middle."""
    image = Image.new("RGB", (width, height), colour)
    image.paste((230, 220, 120), (width // 3, height // 3, width // 2, height // 2))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def mask(width: int, height: int, box: tuple[int, int, int, int]) -> bytes:
    """Black, white in the box."""
    image = Image.new("L", (width, height), 0)
    image.paste(255, box)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
