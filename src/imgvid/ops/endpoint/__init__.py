"""`imgvid endpoint plan | apply | status`: RunPod's serverless endpoint as a file in the repo.

Reading order: command, template (the file), diff (what would change, and why; pure), health (what needs attention; pure),
rest (RunPod's REST v2).
"""

from imgvid.ops.endpoint.command import main

__all__ = ["main"]
