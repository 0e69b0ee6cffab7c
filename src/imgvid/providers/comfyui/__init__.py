"""A ComfyUI server that somebody runs: pictures and videos made there, brought to the chat by us."""

from imgvid.providers.comfyui.provider import ComfyuiProvider

__all__ = ["ComfyuiProvider"]
