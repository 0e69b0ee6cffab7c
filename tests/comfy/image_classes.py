"""The classes that the shipped workflow uses, as the packs of worker_image/nodes.lock declare them.

Written down here in short (inputs, order, defaults, bounds) so that the shipped files are held together without a server.
RIFE VFI is the one of commit a969c01, without the inputs that came on 2026-02-19.
"""

from __future__ import annotations

from typing import Any

from tests.comfy.compile.workbench import server_class

_ANY = ["*"]
_SIDE = ["INT", {"default": 512, "min": 16, "max": 16384, "step": 16}]
_LENGTH = ["INT", {"default": 81, "min": 1, "max": 16384, "step": 4}]
_WAN = {
    "positive": ["CONDITIONING"],
    "negative": ["CONDITIONING"],
    "vae": ["VAE"],
    "width": _SIDE,
    "height": _SIDE,
    "length": _LENGTH,
    "batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}],
}
_WAN_OUT = ("CONDITIONING", "CONDITIONING", "LATENT")
_H264 = [
    ["pix_fmt", ["yuv420p", "yuv420p10le"]],
    ["crf", "INT", {"default": 19, "min": 0, "max": 100}],
    ["save_metadata", "BOOLEAN", {"default": True}],
    ["trim_to_audio", "BOOLEAN", {"default": False}],
]
_BIG = 2**64 - 1
_FILES: list[str] = []  # a server without models lists none


def _pack(name: str) -> dict[str, str]:
    return {"module": f"custom_nodes.{name}"}


CLASSES: dict[str, Any] = {
    "LoadImage": server_class({"image": [["a.png"], {"image_upload": True}]}, output=("IMAGE", "MASK")),
    "PrimitiveInt": server_class(
        {"value": ["INT", {"min": -(2**63) + 1, "max": 2**63 - 1, "control_after_generate": True}]}, output=("INT",)
    ),
    "PrimitiveFloat": server_class({"value": ["FLOAT", {}]}, output=("FLOAT",)),
    "INTConstant": server_class(
        {"value": ["INT", {"min": -_BIG, "max": _BIG}]}, output=("INT",), **_pack("ComfyUI-KJNodes")
    ),
    "BOOLConstant": server_class({"value": ["BOOLEAN", {}]}, output=("BOOLEAN",), **_pack("ComfyUI-KJNodes")),
    "LazySwitchKJ": server_class(
        {"switch": ["BOOLEAN"], "on_false": _ANY, "on_true": _ANY}, output=("*",), **_pack("ComfyUI-KJNodes")
    ),
    "Width/Height Literal (Image Saver)": server_class(
        {"size": ["INT", {"default": 512, "min": 0, "max": 16384, "step": 8}]},
        output=("INT",),
        **_pack("ComfyUI-Image-Saver"),
    ),
    "SimpleMath+": server_class(
        {"value": ["STRING", {"multiline": False}]},
        {"a": _ANY, "b": _ANY, "c": _ANY},
        output=("INT", "FLOAT"),
        **_pack("ComfyUI_essentials"),
    ),
    "UnetLoaderGGUF": server_class({"unet_name": [_FILES]}, output=("MODEL",), **_pack("ComfyUI-GGUF")),
    "UNETLoader": server_class(
        {"unet_name": [_FILES], "weight_dtype": [["default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"]]},
        output=("MODEL",),
    ),
    "CLIPLoader": server_class(
        {"clip_name": [_FILES], "type": [["stable_diffusion", "wan", "ltxv"]]},
        {"device": [["default", "cpu"], {"advanced": True}]},
        output=("CLIP",),
    ),
    "VAELoader": server_class({"vae_name": [_FILES]}, output=("VAE",)),
    "Power Lora Loader (rgthree)": server_class(
        {}, {"model": ["MODEL"], "clip": ["CLIP"]}, output=("MODEL", "CLIP"), **_pack("rgthree-comfy")
    ),
    "ModelSamplingSD3": server_class(
        {"model": ["MODEL"], "shift": ["FLOAT", {"default": 3.0, "min": 0.0, "max": 100.0, "step": 0.01}]},
        output=("MODEL",),
    ),
    "CLIPTextEncode": server_class(
        {"text": ["STRING", {"multiline": True, "dynamicPrompts": True}], "clip": ["CLIP"]}, output=("CONDITIONING",)
    ),
    "ImageResizeKJv2": server_class(
        {
            "image": ["IMAGE"],
            "width": ["INT", {"default": 512, "min": 0, "max": 16384, "step": 1}],
            "height": ["INT", {"default": 512, "min": 0, "max": 16384, "step": 1}],
            "upscale_method": [["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]],
            "keep_proportion": [["stretch", "resize", "pad", "crop"]],
            "pad_color": ["STRING", {"default": "0, 0, 0"}],
            "crop_position": [["center", "top", "bottom", "left", "right"]],
            "divisible_by": ["INT", {"default": 2, "min": 0, "max": 512}],
        },
        {"mask": ["MASK"], "device": [["cpu", "gpu"]]},
        output=("IMAGE", "INT", "INT", "MASK"),
        **_pack("ComfyUI-KJNodes"),
    ),
    "WanImageToVideo": server_class(
        _WAN, {"clip_vision_output": ["CLIP_VISION_OUTPUT"], "start_image": ["IMAGE"]}, output=_WAN_OUT
    ),
    "WanFirstLastFrameToVideo": server_class(
        _WAN,
        {
            "clip_vision_start_image": ["CLIP_VISION_OUTPUT"],
            "clip_vision_end_image": ["CLIP_VISION_OUTPUT"],
            "start_image": ["IMAGE"],
            "end_image": ["IMAGE"],
        },
        output=_WAN_OUT,
    ),
    "KSamplerAdvanced": server_class(
        {
            "model": ["MODEL"],
            "add_noise": [["enable", "disable"]],
            "noise_seed": ["INT", {"default": 0, "min": 0, "max": _BIG, "control_after_generate": True}],
            "steps": ["INT", {"default": 20, "min": 1, "max": 10000}],
            "cfg": ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01}],
            "sampler_name": [["euler", "euler_ancestral", "dpmpp_2m"]],
            "scheduler": [["simple", "normal", "karras", "beta"]],
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "latent_image": ["LATENT"],
            "start_at_step": ["INT", {"default": 0, "min": 0, "max": 10000}],
            "end_at_step": ["INT", {"default": 10000, "min": 0, "max": 10000}],
            "return_with_leftover_noise": [["disable", "enable"]],
        },
        output=("LATENT",),
    ),
    "VAEDecode": server_class({"samples": ["LATENT"], "vae": ["VAE"]}, output=("IMAGE",)),
    "UpscaleModelLoader": server_class({"model_name": [_FILES]}, output=("UPSCALE_MODEL",)),
    "ImageUpscaleWithModel": server_class({"upscale_model": ["UPSCALE_MODEL"], "image": ["IMAGE"]}, output=("IMAGE",)),
    "ImageScaleBy": server_class(
        {
            "image": ["IMAGE"],
            "upscale_method": [["nearest-exact", "bilinear", "area", "bicubic", "lanczos"]],
            "scale_by": ["FLOAT", {"default": 1.0, "min": 0.01, "max": 8.0, "step": 0.01}],
        },
        output=("IMAGE",),
    ),
    "RIFE VFI": server_class(
        {
            "ckpt_name": [["rife47.pth", "rife49.pth"], {"default": "rife47.pth"}],
            "frames": ["IMAGE"],
            "clear_cache_after_n_frames": ["INT", {"default": 10, "min": 1, "max": 1000}],
            "multiplier": ["INT", {"default": 2, "min": 1}],
            "fast_mode": ["BOOLEAN", {"default": True}],
            "ensemble": ["BOOLEAN", {"default": True}],
            "scale_factor": [[0.25, 0.5, 1.0, 2.0, 4.0], {"default": 1.0}],
        },
        {"optional_interpolation_states": ["INTERPOLATION_STATES"]},
        output=("IMAGE",),
        **_pack("ComfyUI-Frame-Interpolation"),
    ),
    "VHS_VideoCombine": server_class(
        {
            "images": ["IMAGE"],
            "frame_rate": ["FLOAT", {"default": 8, "min": 1, "step": 1}],
            "loop_count": ["INT", {"default": 0, "min": 0, "max": 100}],
            "filename_prefix": ["STRING", {"default": "AnimateDiff"}],
            "format": [["image/gif", "video/h264-mp4"], {"formats": {"video/h264-mp4": _H264}}],
            "pingpong": ["BOOLEAN", {"default": False}],
            "save_output": ["BOOLEAN", {"default": True}],
        },
        {"audio": ["AUDIO"], "meta_batch": ["VHS_BatchManager"], "vae": ["VAE"]},
        output=("VHS_FILENAMES",),
        saves=True,
        **_pack("ComfyUI-VideoHelperSuite"),
    ),
}
