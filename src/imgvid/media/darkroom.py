"""The process in which one video is planned: `python -m imgvid.media.darkroom <in fd> <out fd> <parent pid> <limits>`.

Codecs need tens of megabytes and read strangers' bytes, so they live here for the seconds that one file takes: no
settings, no keys in the environment, no disk. The video comes in an inherited memory file, a changed one goes into the
other; one line of JSON says what it is, or why there is none.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from imgvid.jobs.errors import Code
from imgvid.media.carry import Stopped
from imgvid.media.limits import VideoLimits
from imgvid.media.pack import Packed, pack
from imgvid.media.plan import VideoTooLong
from imgvid.media.video import BadVideo

_NICE = 5  # the dispatcher beside us has promises to keep


def develop(made_fd: int, target_fd: int, parent: int, limits: VideoLimits) -> dict[str, Any]:
    """Plan one file; stop when the parent is gone, for nobody would read the answer."""
    made, target = (Path(f"/proc/self/fd/{fd}") for fd in (made_fd, target_fd))
    try:
        packed = pack(made, target, stop=lambda: os.getppid() != parent, limits=limits)
    except VideoTooLong as error:
        return _failed(Code.RESULT_TOO_LARGE, str(error))
    except BadVideo as error:
        return _failed(Code.NO_MEDIA, f"the result is no video: {error}")
    except Stopped:
        return _failed(Code.INTERNAL, "the parent is gone")
    except OSError as error:
        return _failed(Code.INTERNAL, f"{type(error).__name__}: {error.strerror}")
    return _told(packed, kept=packed.path == made)


def _failed(code: Code, said: str) -> dict[str, Any]:
    return {"failure": code, "said": said}


def _told(packed: Packed, *, kept: bool) -> dict[str, Any]:
    return {
        "kept": kept,
        "facts": asdict(packed.facts),
        "thumbnail": base64.b64encode(packed.thumbnail).decode(),
        "digest": packed.frames_digest,
        "steps": [packed.plan.action, *packed.plan.reasons],
    }


def main(arguments: Sequence[str]) -> int:
    made_fd, target_fd, parent = (int(number) for number in arguments[:3])
    os.nice(_NICE)
    print(json.dumps(develop(made_fd, target_fd, parent, VideoLimits(**json.loads(arguments[3])))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
