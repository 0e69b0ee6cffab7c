"""The classes that the stand-in has, by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from imgvid.sandbox.comfyui import nodes
from imgvid.sandbox.comfyui.declared import declared_classes
from imgvid.sandbox.comfyui.nodes import NodeClass

Json = Any
_UPSCALES = ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]


def classes(models: Mapping[str, list[str]], without: Collection[str] = ()) -> dict[str, NodeClass]:
    """Every class but those `without`; choices of model files are as they are now."""
    every = (*_core(), *_packs(), *_models(models), *declared_classes(models))
    return {one.name: one for one in every if one.name not in without}


def _core() -> Iterable[NodeClass]:
    yield NodeClass(
        name="LoadImage",
        title="Load Image",
        category="image",
        module="nodes",
        required={"image": [[], {"image_upload": True}]},
        output=("IMAGE", "MASK"),
        run=nodes.load_image,
    )
    yield NodeClass(
        name="ImageScale",
        title="Upscale Image",
        category="image/upscaling",
        module="nodes",
        required={
            "image": ["IMAGE"],
            "upscale_method": [_UPSCALES],
            "width": ["INT", {"default": 512, "min": 0, "max": 16384, "step": 1}],
            "height": ["INT", {"default": 512, "min": 0, "max": 16384, "step": 1}],
            "crop": [["disabled", "center"]],
        },
        output=("IMAGE",),
        run=nodes.image_scale,
    )
    yield NodeClass(
        name="RepeatImageBatch",
        title="Repeat Image Batch",
        category="image/batch",
        module="comfy_extras.nodes_images",
        required={"image": ["IMAGE", {}], "amount": ["INT", {"default": 1, "min": 1, "max": 4096}]},
        output=("IMAGE",),
        run=nodes.repeat_image_batch,
    )
    yield NodeClass(
        name="CreateVideo",
        title="Create Video",
        category="video",
        module="comfy_extras.nodes_video",
        required={
            "images": ["IMAGE", {}],
            "fps": ["FLOAT", {"default": 30.0, "min": 1.0, "max": 120.0, "step": 1.0}],
        },
        output=("VIDEO",),
        run=nodes.create_video,
    )
    yield NodeClass(
        name="SaveVideo",
        title="Save Video",
        category="video",
        module="comfy_extras.nodes_video",
        required={
            "video": ["VIDEO", {}],
            "filename_prefix": ["STRING", {"default": "video/ComfyUI", "multiline": False}],
            "format": ["COMBO", {"default": "auto", "multiselect": False, "options": ["auto", "mp4"]}],
            "codec": ["COMBO", {"default": "auto", "multiselect": False, "options": ["auto", "h264"]}],
        },
        output=("VIDEO",),
        is_output=True,
        run=nodes.save_video,
    )
    yield NodeClass(
        name="SaveImage",
        title="Save Image",
        category="image",
        module="nodes",
        required={"images": ["IMAGE", {}], "filename_prefix": ["STRING", {"default": "ComfyUI"}]},
        output=("IMAGE",),
        is_output=True,
        run=nodes.save_image,
    )


def _packs() -> Iterable[NodeClass]:
    yield NodeClass(
        name="VHS_VideoCombine",
        title="Video Combine 🎥🅥🅗🅢",
        category="Video Helper Suite 🎥🅥🅗🅢",
        module="custom_nodes.ComfyUI-VideoHelperSuite",
        required={
            "images": ["IMAGE"],
            "frame_rate": ["FLOAT", {"default": 8, "min": 1, "step": 1}],
            "loop_count": ["INT", {"default": 0, "min": 0, "max": 100, "step": 1}],
            "filename_prefix": ["STRING", {"default": "AnimateDiff"}],
            "format": [["image/gif", "video/h264-mp4"], {"formats": {"video/h264-mp4": []}}],
            "pingpong": ["BOOLEAN", {"default": False}],
            "save_output": ["BOOLEAN", {"default": True}],
        },
        output=("VHS_FILENAMES",),
        is_output=True,
        run=nodes.vhs_video_combine,
    )
    yield NodeClass(
        name="ProbeSampler",
        title="ProbeSampler",
        category="probe",
        module="custom_nodes.probe",
        required={
            "image": ["IMAGE"],
            "steps": ["INT", {"default": 3, "min": 1, "max": 10000}],
            "step_ms": ["INT", {"default": 100, "min": 0, "max": 100000}],
        },
        output=("IMAGE",),
        run=nodes.probe_sampler,
    )
    yield NodeClass(
        name="ProbeFail",
        title="ProbeFail",
        category="probe",
        module="custom_nodes.probe",
        required={
            "image": ["IMAGE"],
            "kind": [["oom", "value", "file", "model", "exit"]],
            "text": ["STRING", {"default": ""}],
        },
        output=("IMAGE",),
        run=nodes.probe_fail,
    )


def _models(models: Mapping[str, list[str]]) -> Iterable[NodeClass]:
    yield NodeClass(
        name="UNETLoader",
        title="Load Diffusion Model",
        category="model/loaders",
        module="nodes",
        required={
            "unet_name": [list(models.get("diffusion_models", []))],
            "weight_dtype": [["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"], {"advanced": True}],
        },
        output=("MODEL",),
        run=nodes.unet_loader,
    )
    yield NodeClass(
        name="ModelSave",
        title="Save Model",
        category="advanced/model_merging",
        module="comfy_extras.nodes_model_merging",
        required={"model": ["MODEL"], "filename_prefix": ["STRING", {"default": "diffusion_models/ComfyUI"}]},
        is_output=True,
        run=nodes.model_save,
    )
