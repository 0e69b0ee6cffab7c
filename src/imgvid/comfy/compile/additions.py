"""Inputs that the editor adds to certain classes before it builds their nodes: upload buttons, players, 3D viewports."""

from __future__ import annotations

from dataclasses import replace

from imgvid.comfy.objectinfo import InputSpec, NodeDef

PLAYERS = frozenset({"LoadAudio", "SaveAudio", "PreviewAudio", "SaveAudioMP3", "SaveAudioOpus", "SaveAudioAdvanced"})
MEDIA_UPLOADS = ("image_upload", "video_upload", "animated_image_upload")
VIEWPORTS = {"SaveGLB": "image", "Preview3D": "image"}


def with_additions(definition: NodeDef) -> NodeDef:
    """The class as the editor registers it; the same object where nothing is added."""
    added = list(_added(definition))
    if not added:
        return definition
    required = tuple(spec for spec in definition.inputs if not spec.optional)
    optional = tuple(spec for spec in definition.inputs if spec.optional)
    return replace(
        definition,
        inputs=(*required, *added, *optional),
        ordered=definition.ordered + tuple(added),
    )


def _added(definition: NodeDef) -> list[InputSpec]:
    added: list[InputSpec] = []
    if definition.name in PLAYERS:
        added.append(InputSpec(name="audioUI", type="AUDIO_UI"))
    if any(_is_media_upload(spec) for spec in definition.inputs):
        added.append(InputSpec(name="upload", type="IMAGEUPLOAD"))
    audio = definition.input("audio")
    if audio is not None and not audio.optional and audio.options.get("audio_upload") is True:
        added.append(InputSpec(name="upload", type="AUDIOUPLOAD"))
    if definition.name in VIEWPORTS:
        added.append(InputSpec(name=VIEWPORTS[definition.name], type="PREVIEW_3D"))
    return added


def _is_media_upload(spec: InputSpec) -> bool:
    if spec.optional or spec.type != "COMBO":
        return False
    return any(spec.options.get(key) is True for key in MEDIA_UPLOADS)
