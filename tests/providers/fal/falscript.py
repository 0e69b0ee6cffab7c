"""A scripted Fal for the client: each call is answered by what the script says, and kept. Shapes are facts/models.md 1."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from imgvid.catalog.read import modes
from imgvid.providers.base import JobSpec, Picture, Work
from imgvid.providers.fal import FalProvider, heads

QUEUE, STORAGE, MEDIA = "https://queue.fal.test", "https://rest.fal.test", "https://v3.fal.media"
KEY = "a1b2c3d4-key-id:0123456789abcdef-secret"
PROMPT = "žltý pes pod dáždnikom, ktorý nikto nesmie vidieť"
REQUEST = "764cabcf-b745-4b3e-ae38-1200304cf45b"
PNG = b"\x89PNG the bytes of a picture"

Answer = httpx.Response | Exception
Handler = Callable[[httpx.Request], Answer]


def answer(status: int, body: object = None, **headers: str) -> httpx.Response:
    """A JSON answer; header names with underscores for dashes."""
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def page(status: int) -> httpx.Response:
    """What a gateway answers."""
    return httpx.Response(status, html=f"<html><center><h1>{status}</h1></center><hr><center>nginx</center></html>")


def queued(app: str = "fal-ai/flux", request: str = REQUEST, **more: Any) -> dict[str, Any]:
    """The answer of an accepted submit; its result's address in the longer of the two documented forms."""
    base = f"{QUEUE}/{app}/requests/{request}"
    return {
        "status": "IN_QUEUE", "request_id": request, "response_url": f"{base}/response", "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel", "queue_position": 0, **more,
    }  # fmt: skip


def model_error(kind: str, *place: str | int, msg: str = f"about {PROMPT}") -> dict[str, Any]:
    """A model's 4xx or 5xx: a list of problems, which quote what they like."""
    return {
        "detail": [{"loc": ["body", *place], "msg": msg, "type": kind, "url": "https://docs.fal.ai", "input": PROMPT}]
    }


def flat(kind: str) -> dict[str, Any]:
    """The platform's own error."""
    return {"detail": f"Something about {PROMPT} at {MEDIA}/files/private.png", "error_type": kind}


@dataclass
class Fal:
    """Answers by (method, path); an unknown call is a failure of the test. Lists are used up one after another."""

    script: dict[tuple[str, str], Any] = field(default_factory=dict)
    calls: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        said = self.script[request.method, str(request.url)]
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        if callable(said) and not isinstance(said, httpx.Response):
            said = said(request)
        if isinstance(said, Exception):
            raise said
        return said

    def on(self, method: str, url: str, *said: Any) -> Fal:
        self.script[method, url] = list(said)
        return self

    def accepts(self, model: str, *, app: str = "fal-ai/flux", **more: Any) -> Fal:
        return self.on("POST", f"{QUEUE}/{model}", answer(200, queued(app, **more)))

    def stores(self) -> Fal:
        """Storage that takes every file."""

        def initiate(request: httpx.Request) -> httpx.Response:
            name = json.loads(request.content)["file_name"]
            places = {"upload_url": f"{MEDIA}/put/{name}?signature=s3cr3t", "file_url": f"{MEDIA}/files/{name}"}
            self.on("PUT", places["upload_url"], answer(200))
            return answer(200, places)

        return self.on("POST", f"{STORAGE}/storage/upload/initiate?storage_type=fal-cdn-v3", initiate)

    def sent(self, method: str = "POST", host: str = QUEUE) -> list[httpx.Request]:
        return [call for call in self.calls if call.method == method and str(call.url).startswith(host)]

    def body(self, number: int = -1) -> dict[str, Any]:
        """The JSON of one submit."""
        found: dict[str, Any] = json.loads(self.sent()[number].content)
        return found


async def unread(picture: Picture) -> bytes:
    raise AssertionError(f"nothing to read, but {picture.role} was")


def provider(fal: Fal, **changes: Any) -> FalProvider:
    settings: dict[str, Any] = {
        "client": httpx.AsyncClient(transport=httpx.MockTransport(fal), trust_env=False),
        "queue_url": QUEUE,
        "storage_url": STORAGE,
        "api_key": KEY,
        "catalogue": modes(),
        "heads": heads(standard="fal-ai/flux/schnell", premium="fal-ai/nano-banana"),
        "read": unread,
        "start_timeout": timedelta(seconds=120),
        "retry_wait": timedelta(0),
        **changes,
    }
    return FalProvider(**settings)


def spec(mode: str = "image", *roles: str, prompt: str = PROMPT, seed: int = 7, **params: Any) -> JobSpec:
    """One attempt; choices that are not named are the mode's defaults."""
    chosen: Mapping[str, Any] = {
        **{param.name: param.default for param in modes()[mode].params if not param.text_max},
        **params,
    }
    work = Work(
        mode=mode, params=chosen, prompt=prompt, seed=seed,
        pictures=tuple(Picture(role=role, file_id=f"file-{role}", kind="photo") for role in roles),
    )  # fmt: skip
    return JobSpec(
        job_id="9b2c", attempt=2, payload={"v": 1}, work=work,
        execution_timeout=timedelta(minutes=15), ttl=timedelta(minutes=15),
    )  # fmt: skip
