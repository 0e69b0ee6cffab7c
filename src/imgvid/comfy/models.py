"""Which model files a graph names, and whether they run. Pure.

A reference is a choice whose value looks like a weights file, or a switched-on slot of the Power Lora Loader, whose wrong
names the server skips without a word. The folder is the one that ComfyUI's own loader of that class reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from imgvid.comfy.compile.packs import POWER_LORA
from imgvid.comfy.graph import Graph, Node
from imgvid.comfy.jsontypes import Json

EXTENSIONS = (".safetensors", ".gguf", ".pth", ".pt", ".pt2", ".ckpt", ".bin", ".sft", ".pkl", ".onnx")

# Input name -> folder below models/, as the server's own lists name it (facts/comfyui.md section 4).
FOLDERS = {
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "clip_name": "text_encoders",
    "clip_name1": "text_encoders",
    "clip_name2": "text_encoders",
    "clip_name3": "text_encoders",
    "text_encoder": "text_encoders",
    "vae_name": "vae",
    "lora_name": "loras",
    "lora": "loras",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
    "model_name": "upscale_models",
}
OF_CLASS = {
    "RIFE VFI": "rife",
    "FILM VFI": "film",
    "CLIPVisionLoader": "clip_vision",
    "LatentUpscaleModelLoader": "latent_upscale_models",
    "FrameInterpolationModelLoader": "frame_interpolation",
    "LoadMediaPipeFaceLandmarker": "detection",
}

# Below models/ the server lists some folders under newer names too (facts/comfyui.md section 4).
LISTED_AS = {"diffusion_models": ("diffusion_models", "unet_gguf"), "text_encoders": ("text_encoders", "clip_gguf")}

# Folders of packs, not below models/: a server does not list them, and where the file lies the pack alone knows.
PACK_FOLDERS = frozenset({"rife", "film"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUse:
    """One file that a node names. `required`: the server refuses the graph without it."""

    node: str
    title: str
    class_type: str
    input: str
    file: str
    folder: str
    required: bool = True


def model_uses(graph: Graph) -> Iterator[ModelUse]:
    """Every reference, in the order of node ids. A LoRA that is switched off is none."""
    for node in graph.nodes.values():
        for name, value in node.inputs.items():
            if node.class_type == POWER_LORA:
                found = _power_lora(node, name, value)
                if found is not None:
                    yield found
            elif isinstance(value, str) and value.lower().endswith(EXTENSIONS) and "\n" not in value:
                yield ModelUse(
                    node=node.id,
                    title=node.title,
                    class_type=node.class_type,
                    input=name,
                    file=value,
                    folder=folder_of(node.class_type, name),
                )


def folder_of(class_type: str, name: str) -> str:
    """The models folder that this input reads, empty where it is not known."""
    return OF_CLASS.get(class_type) or FOLDERS.get(name.rpartition(".")[2], "")


def _power_lora(node: Node, name: str, value: Json) -> ModelUse | None:
    if not isinstance(value, dict) or not value.get("on"):
        return None
    file = value.get("lora")
    if not isinstance(file, str) or file in ("", "None"):
        return None
    return ModelUse(
        node=node.id,
        title=node.title,
        class_type=node.class_type,
        input=name,
        file=file,
        folder="loras",
        required=False,
    )
