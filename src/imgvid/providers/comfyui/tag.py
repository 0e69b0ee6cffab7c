"""What travels with a prompt and comes back with it, from the queue and from the history: the server keeps foreign keys of
`extra_data` as they are (measured on 0.33.0). So any dispatcher can follow and fetch what another one has sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imgvid.catalog.pick import Scalar
from imgvid.comfy.history import Kind, OutputFile
from imgvid.comfy.jsontypes import Json, as_dict, as_int, as_list, as_text

_KEY = "imgvid"
# VHS writes a PNG with the prompt's text beside every video unless the workflow's own options say no (facts/comfyui.md 8).
_PLAIN_VIDEOS: dict[str, Json] = {"extra_pnginfo": {"workflow": {"extra": {"VHS_MetadataImage": False}}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """`output` is the node whose file is the result. `until`: the last moment that it may run, in Unix seconds of ours.

    `pictures` are names below temp/<prompt id>; `faces` is how many the photo shows, where that was looked at.
    """

    kind: Kind
    output: str | None = None
    until: float | None = None
    pictures: tuple[str, ...] = ()
    faces: int | None = None
    recipe: Mapping[str, Scalar] | None = None

    def extra_data(self) -> dict[str, Json]:
        """The prompt's `extra_data`."""
        own: dict[str, Json] = {
            "kind": self.kind.value,
            "output": self.output,
            "until": self.until,
            "pictures": list(self.pictures),
            "faces": self.faces,
            "recipe": dict(self.recipe or {}),
        }
        return {**_PLAIN_VIDEOS, _KEY: own}

    def uploads(self, prompt: str) -> tuple[OutputFile, ...]:
        """The pictures that were laid down for it."""
        return tuple(OutputFile(node="", filename=name, subfolder=prompt, folder_type="temp") for name in self.pictures)


def parse_tag(extra: Mapping[str, Json]) -> Tag | None:
    """The tag in a prompt's `extra_data`; None for a prompt that is not ours, or of another version."""
    own = as_dict(extra.get(_KEY))
    try:
        kind = Kind(as_text(own.get("kind")))
    except ValueError:
        return None
    until, faces = own.get("until"), own.get("faces")
    return Tag(
        kind=kind,
        output=as_text(own.get("output")) or None,
        until=until if isinstance(until, int | float) else None,
        pictures=tuple(name for name in as_list(own.get("pictures")) if isinstance(name, str)),
        faces=as_int(faces) if faces is not None else None,
        recipe={
            name: value for name, value in as_dict(own.get("recipe")).items() if not isinstance(value, dict | list)
        },
    )
