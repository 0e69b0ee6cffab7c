"""One run of a model: the body checked, its pictures taken in, the result made in a thread, its files put on the shelf."""

from __future__ import annotations

import asyncio
import base64
import secrets
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from PIL import Image

from imgvid.sandbox.fal import answers, films, intake, pictures
from imgvid.sandbox.fal.bills import units_of
from imgvid.sandbox.fal.failures import FLAT, Failure, model_error, no_such_path, platform_error, rejected
from imgvid.sandbox.fal.faults import Fault, Kind
from imgvid.sandbox.fal.intake import Refused, Taken
from imgvid.sandbox.fal.order import Made, Order
from imgvid.sandbox.fal.schema import Answer, Makes, Model
from imgvid.sandbox.fal.sizes import Size, seconds_of, size_of
from imgvid.sandbox.fal.validate import ignored, validate
from imgvid.sandbox.fal.world import Fal

_ONLY_TYPE = "X264 (.mp4)"  # of LTX's output types; the others are not made here


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the thread needs."""

    model: Model
    inputs: Mapping[str, object]
    fetched: list[tuple[tuple[str | int, ...], bytes]]
    seed: int
    black: bool
    video_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What the thread gives back: encoded files of one size; `frames` and `fps` of a video."""

    files: Sequence[bytes]
    content_type: str
    suffix: str
    size: Size
    frames: int = 0
    fps: float = 0.0


class Runner:
    """The models of this machine: a small pool of threads."""

    def __init__(self, fal: Fal, *, threads: int = 2) -> None:
        self._fal = fal
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="fal sandbox")

    async def make(self, order: Order, fault: Fault | None) -> Made | Failure:
        """One run of a request, to its good or bad end."""
        model = self._fal.model(order.endpoint)
        if model is None:
            return no_such_path(order.endpoint.removeprefix(order.app))
        inputs, problems = validate(model, order.body, documented=self._fal.rules.words == "documented")
        if problems:
            return rejected(problems)
        order.inputs, order.ignored = inputs, ignored(model, order.body)
        ordered = _ordered(fault, model, order) if fault is not None else None
        if ordered is not None:
            return ordered
        try:
            return await self._made(order, model, inputs, black=fault is not None and fault.kind is Kind.NSFW)
        except Refused as refused:
            return refused.failure
        except Exception as error:  # a broken stand-in must not leave a request without an end
            order.note(self._fal.clock.now(), f"the stand-in itself broke: {type(error).__name__}: {error}")
            return model_error("internal_server_error", retryable=False)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _made(self, order: Order, model: Model, inputs: Mapping[str, object], *, black: bool) -> Made:
        seed = int(str(inputs["seed"])) if inputs.get("seed") is not None else secrets.randbelow(2**31)
        job = Job(
            model=model,
            inputs=inputs,
            fetched=intake.fetch(self._fal.shelf, order.base, model, inputs),
            seed=seed,
            black=black and inputs.get("enable_safety_checker") is not False,
            video_bytes=self._fal.rules.video_bytes,
        )
        began = time.monotonic()
        piece = await asyncio.get_running_loop().run_in_executor(self._pool, partial(_work, job))
        files = [self._shelved(order, piece, data, inline=inputs.get("sync_mode") is True) for data in piece.files]
        made = answers.Facts(
            files=files,
            size=piece.size,
            frames=piece.frames,
            fps=piece.fps,
            seed=seed,
            prompt=str(inputs.get("prompt") or ""),
            black=job.black,
            seconds=time.monotonic() - began,
        )
        units = units_of(model, inputs, piece.size, piece.frames)
        return Made(output=answers.output(model.answer, made), billable_units=units, cost_usd=units * model.price.usd)

    def _shelved(self, order: Order, piece: Piece, data: bytes, *, inline: bool) -> answers.Shown:
        if inline:
            url = f"data:{piece.content_type};base64,{base64.b64encode(data).decode()}"
            return answers.Shown(
                url=url, content_type=piece.content_type, name=f"output.{piece.suffix}", bytes=len(data)
            )
        wishes = order.wishes
        file = self._fal.shelf.add(
            f"output.{piece.suffix}",
            piece.content_type,
            data=data,
            made_for=order.id,
            lifetime_s=wishes.lifetime_s if wishes.has_lifetime else self._fal.rules.media_s,
            acl=wishes.acl,
        )
        return answers.Shown(
            url=f"{order.base}{file.path}", content_type=file.content_type, name=file.name, bytes=file.size
        )


def _ordered(fault: Fault, model: Model, order: Order) -> Failure | None:
    """The failure that the fault orders; None where it orders none."""
    if fault.kind is Kind.NSFW and model.answer is not Answer.FLUX:
        return model_error("content_policy_violation", given=order.body)
    return _named(fault, order) if fault.kind is Kind.ERROR else None


def _named(fault: Fault, order: Order) -> Failure:
    """The failure that the fault names."""
    kind = fault.text("type", "content_policy_violation")
    status = fault.extra.get("status")
    code = status if isinstance(status, int) else None
    if kind in FLAT:
        return platform_error(kind, detail=fault.text("msg", "") or None, status=code)
    loc, ctx, retryable = fault.extra.get("loc"), fault.extra.get("ctx"), fault.extra.get("retryable")
    return model_error(
        kind,
        loc=[part for part in loc if isinstance(part, str | int)] if isinstance(loc, list) else None,
        msg=fault.text("msg", "") or None,
        ctx=ctx if isinstance(ctx, dict) else None,
        given=order.body,
        status=code,
        retryable=retryable if isinstance(retryable, bool) else None,
    )


def _work(job: Job) -> Piece:
    """In a thread. Raises Refused."""
    taken = intake.take(job.model, job.fetched)
    first = taken.pictures[0].size if taken.pictures else None
    size = size_of(job.model, job.inputs, first)
    return _video(job, taken, size) if job.model.makes is Makes.VIDEO else _pictures(job, taken, size)


def _pictures(job: Job, taken: Taken, size: Size) -> Piece:
    kind = str(job.inputs["output_format"])
    count = int(str(job.inputs["num_images"]))
    made = [
        pictures.blacked(size) if job.black else _picture(job, taken, size, job.seed + number)
        for number in range(count)
    ]
    suffix = "jpg" if kind == "jpeg" else kind
    encoded = [pictures.encode(picture, kind) for picture in made]
    return Piece(files=encoded, content_type=pictures.FORMATS[kind], suffix=suffix, size=size)


def _picture(job: Job, taken: Taken, size: Size, seed: int) -> Image.Image:
    prompt = str(job.inputs["prompt"])
    if job.model.makes is Makes.INPAINT and taken.mask is not None:
        made = pictures.inpainted(taken.pictures[0], taken.mask, prompt, seed)
        return made if made.size == size else made.resize(size)
    if taken.pictures:
        return pictures.edited(taken.pictures[0], prompt, seed, size)
    return pictures.painted(prompt, seed, size)


def _video(job: Job, taken: Taken, asked: Size) -> Piece:
    if job.inputs.get("video_output_type", _ONLY_TYPE) != _ONLY_TYPE:
        raise Refused(model_error("feature_not_supported", loc=("video_output_type",)))
    size = (asked[0] // 2 * 2, asked[1] // 2 * 2)  # H.264 with halved colour has no odd sides
    fps = float(job.model.fps or str(job.inputs["fps"]))
    frames = int(str(job.inputs["num_frames"])) if "num_frames" in job.inputs else round(seconds_of(job.inputs) * fps)
    prompt = str(job.inputs.get("prompt") or "")
    base = taken.pictures[0] if taken.pictures else pictures.scene(prompt, job.seed, size)
    data = films.film(
        base,
        size,
        label=pictures.LABEL,
        frames=frames,
        fps=fps,
        sound=job.inputs[job.model.sound] is True,
        bytes_wanted=job.video_bytes,
    )
    return Piece(files=[data], content_type="video/mp4", suffix="mp4", size=size, frames=frames, fps=fps)
