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

The graphs of catalog/graphs run too: sdxl_t2i paints a landscape of the asked size, liveportrait lets the face of a photo sway
for exactly as long as was asked, face_look finds faces by the rule of faces.py; what a model would have made is labelled
PREVIEW. Their classes are declared in the real server's words (declared.json).

        world.without.add("LivePortraitProcess")     a node pack is not installed
        world.models["checkpoints"].clear()          a model file is not there
        world.faces = 0                              no photo shows a face, whatever it shows; None: looked for
        world.step_s = 0.2                           a step of KSampler takes time

Not there: models, previews (none are sent without --preview-method), partial execution, a cache (--cache-none).

Control API: GET /sim/calls, GET|POST /sim/faults, DELETE /sim/faults/<id>, GET|PATCH /sim/world (faces, step_s, without, models).
"""

from imgvid.sandbox.comfyui.server import create_app, serve
from imgvid.sandbox.comfyui.world import Folders, Memory, World

__all__ = ["Folders", "Memory", "World", "create_app", "serve"]
