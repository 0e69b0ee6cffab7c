"""The process that does one piece of work: `python -m imgvid.media.darkroom <parent pid> <task> <order> <fd> …`.

It lives for the seconds that one job's files take, has no settings and no keys, and touches no disk: files come and go
in the memory files whose descriptors it is given. One line of JSON says what was done, or which failure it was.

    film     made, target            plan one video for Telegram; `target` stays empty where nothing must change
    stills   picture, target, …      make a person's pictures ready for a hosted model (pairs, in the order's order)
    picture  made, target            decode a result and encode it in a way that Telegram shows
"""

from __future__ import annotations

import base64
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from imgvid.jobs.errors import Code
from imgvid.media.limits import ImageLimits, VideoLimits

_NICE = 5  # the dispatcher beside us has promises to keep
# What decoding may take: 40 MP as PNG or JPEG need 350 MB, as WebP 630 MB. A small machine lives on beside it.
_PICTURE_BYTES = 512 << 20

Told: TypeAlias = dict[str, Any]


def _failed(code: Code, said: str) -> Told:
    return {"failure": code, "said": said[:300]}


def film(order: Mapping[str, Any], files: Sequence[Path], parent: int) -> Told:
    """Stops when the parent is gone, for nobody would read the answer."""
    from imgvid.media.carry import Stopped
    from imgvid.media.pack import pack
    from imgvid.media.plan import VideoTooLong
    from imgvid.media.video import BadVideo

    made, target = files
    try:
        packed = pack(made, target, stop=lambda: os.getppid() != parent, limits=VideoLimits(**order))
    except VideoTooLong as error:
        return _failed(Code.RESULT_TOO_LARGE, str(error))
    except BadVideo as error:
        return _failed(Code.NO_MEDIA, f"the result is no video: {error}")
    except Stopped:
        return _failed(Code.INTERNAL, "the parent is gone")
    return {
        "kept": packed.path == made,
        "facts": asdict(packed.facts),
        "thumbnail": base64.b64encode(packed.thumbnail).decode(),
        "digest": packed.frames_digest,
        "steps": [packed.plan.action, *packed.plan.reasons],
    }


def stills(order: Mapping[str, Any], files: Sequence[Path], _parent: int) -> Told:
    """`order` has `longest_px` and `pictures`: role and ratio each. A mask is drawn over the picture before it."""
    from imgvid.media.image import ImageError, Picture
    from imgvid.media.mask import make_mask
    from imgvid.media.stills import encode, prepare

    _limit_memory()
    told: list[Told] = []
    photo: Picture | None = None
    for wish, source, target in zip(order["pictures"], files[::2], files[1::2], strict=True):
        try:
            if wish["mask"] and photo is not None:
                data, media_type = make_mask(photo.image, source.read_bytes()), "image/png"
            else:
                photo = prepare(source.read_bytes(), ratio=wish["ratio"], longest_px=order["longest_px"])
                data, media_type = encode(photo)
        except ImageError as error:
            return _failed(error.code, f"{wish['role']}: {error}")
        target.write_bytes(data)
        told.append({"media_type": media_type, "width": photo.width, "height": photo.height})
    return {"stills": told}


def picture(order: Mapping[str, Any], files: Sequence[Path], _parent: int) -> Told:
    """`order` has the limits under which it is decoded and, best first, the ways to encode it with their byte limits."""
    from imgvid.media.image import ImageError, open_picture

    _limit_memory()
    made, target = files
    try:
        opened = open_picture(made, ImageLimits(**order["limits"]))
    except ImageError as error:
        return _failed(Code.NO_MEDIA, f"the result is no picture: {error}")
    for way, max_bytes in order["ways"]:
        opened.image.save(target, **way)
        if target.stat().st_size <= max_bytes:
            return {"format": way["format"]}
    return _failed(Code.RESULT_TOO_LARGE, f"{opened.width} x {opened.height} pixels do not fit in any way")


TASKS: Mapping[str, Callable[[Mapping[str, Any], Sequence[Path], int], Told]] = {
    "film": film,
    "stills": stills,
    "picture": picture,
}


def _limit_memory() -> None:
    """A picture that unpacks to more raises MemoryError here instead of pushing everything else out of memory."""
    resource.setrlimit(resource.RLIMIT_DATA, (_PICTURE_BYTES, _PICTURE_BYTES))


def main(arguments: Sequence[str]) -> int:
    parent, task, order, *descriptors = arguments
    os.nice(_NICE)
    files = [Path(f"/proc/self/fd/{fd}") for fd in descriptors]
    try:
        told = TASKS[task](json.loads(order), files, int(parent))
    except OSError as error:
        told = _failed(Code.INTERNAL, f"{task}: {type(error).__name__}: {error.strerror}")
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
