"""`imgvid bundle init | check | push | verify`: the one Hugging Face repo with a mode's models.

Reading order: command, folder (what lies on this machine), plan (what a push would do; pure), push, verify, hub (the only
room that imports huggingface_hub, and the only one in the whole program that is handed a hub token).
"""

from imgvid.ops.bundle.command import main

__all__ = ["main"]
