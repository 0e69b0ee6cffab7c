"""The media host's files: what callers uploaded and what models made, each with its lifetime. Bytes stay in memory."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from imgvid.sandbox.runpod.clock import Clock, iso

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
FILES = "/files/b"  # as on v3b.fal.media: /files/b/{prefix}/{name}


@dataclass(slots=True, kw_only=True)
class File:
    """`expires` None = never; `acl` is the wish of `initial_acl` (allow, hide, forbid). `data` is empty when gone."""

    path: str
    name: str
    content_type: str
    made_for: str  # "upload", or the id of the request that made it
    created: float
    expires: float | None
    acl: str
    data: bytes = b""
    size: int = 0
    gone: str | None = None
    reads: int = 0

    def view(self) -> dict[str, object]:
        view: dict[str, object] = {
            "path": self.path,
            "content_type": self.content_type,
            "bytes": self.size,
            "made_for": self.made_for,
            "created": iso(self.created),
            "lifetime_s": None if self.expires is None else round(self.expires - self.created, 3),
            "acl": self.acl,
            "reads": self.reads,
        }
        return view if self.gone is None else {**view, "gone": self.gone}


class Shelf:
    """Files by their path below the media host's address."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.files: dict[str, File] = {}

    def add(  # a file has that many sides
        self,
        name: str,
        content_type: str,
        *,
        data: bytes = b"",
        made_for: str,
        lifetime_s: float | None,
        acl: str = "allow",
    ) -> File:
        """A new file under a name that nobody can guess."""
        now = self._clock.now()
        unique = f"{secrets.token_urlsafe(15)}_{_UNSAFE.sub('_', name)}"
        path = f"{FILES}/{secrets.token_hex(4)}/{unique}"
        file = File(
            path=path,
            name=unique,
            content_type=content_type,
            made_for=made_for,
            created=now,
            expires=None if lifetime_s is None else now + lifetime_s,
            acl=acl,
            data=data,
            size=len(data),
        )
        self.files[path] = file
        return file

    def find(self, path: str) -> File | None:
        """A file that can be read now: stored, alive."""
        self.sweep()
        file = self.files.get(path)
        return file if file is not None and file.data and file.gone is None else None

    def sweep(self) -> None:
        """Bytes whose lifetime is over are let go."""
        now = self._clock.now()
        for file in self.files.values():
            if file.gone is None and file.expires is not None and now >= file.expires:
                file.gone, file.data = "lifetime", b""
