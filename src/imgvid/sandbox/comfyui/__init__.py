"""ComfyUI on this machine without a model: the HTTP API and the websocket of 0.33.0, errors included.

    async with serve(folder) as world:
        world.url                    "http://127.0.0.1:PORT"
        world.folders                out, in, tmp/temp below `folder`, as in the worker image
        world.models["loras"]        names that /models and the loaders' choices list; change them at any time
        world.memory                 what /system_stats tells; leak_vram and leak_ram grow with every finished prompt
        world.faults.add(at=..., kind=..., nth=1, times=1, ...)      trouble on request (faults.py has the table)
        world.sockets.cut()          every websocket is lost, the prompt runs on

    python -m imgvid.sandbox.comfyui --port 8188 --folder DIR        the same as a process that can be killed

It really makes the video of LoadImage -> ImageScale -> RepeatImageBatch -> CreateVideo -> SaveVideo, and of VHS_VideoCombine
(with the PNG and the text file that VHS leaves). ProbeSampler takes its time in steps, ProbeFail fails. A transcript of
the real server in tests/comfy/transcripts holds it to the real frames, their order and their keys.

Not there: models, previews (none are sent without --preview-method), partial execution, a cache (--cache-none).

Control API: GET /sim/calls, GET|POST /sim/faults, DELETE /sim/faults/<id>.
"""

from imgvid.sandbox.comfyui.server import create_app, serve
from imgvid.sandbox.comfyui.world import Folders, Memory, World

__all__ = ["Folders", "Memory", "World", "create_app", "serve"]
