"""The shipped graphs on the stand-in: real files come out, as large and as long as was asked."""

from __future__ import annotations

import asyncio
import io
import json
from typing import Any
from uuid import uuid4

import av
import httpx
import numpy as np
import pytest
from PIL import Image

from imgvid.catalog import modes
from imgvid.comfy.client import Comfy
from imgvid.comfy.errors import MissingModel, MissingNode, NoFace
from imgvid.comfy.faces import read_faces, surroundings
from imgvid.comfy.history import Ended, Entry, Kind, choose
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.verdicts import failure
from imgvid.comfy.workflow import workflows_of
from imgvid.sandbox.comfyui import World, serve
from imgvid.sandbox.comfyui.faces import find_faces
from tests.comfy.graphs import INFO
from tests.sandbox.comfyui.photos import landscape, png, portrait

WORKFLOWS = workflows_of(mode for mode in modes().values() if mode.backend == "comfyui")


@pytest.fixture
async def server(world: World) -> Any:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Comfy(world.url, http=http)


async def run(server: Comfy, name: str, **values: Any) -> Entry:
    prompt = str(uuid4())
    classes = WORKFLOWS[name].classes()
    info = ObjectInfo({key: spec for one in classes for key, spec in (await server.object_info(one)).items()})
    await server.submit(WORKFLOWS[name].bind(values, info).graph.json(), prompt_id=prompt, client_id="c")
    while (entry := await server.history(prompt)) is None:
        await asyncio.sleep(0.02)
    return entry


async def result(server: Comfy, entry: Entry, kind: Kind) -> bytes:
    file = choose(entry.outputs, kind)
    assert file is not None, entry.last
    assert file.folder_type == "temp"
    async with server.open(file) as stream:
        return b"".join([piece async for piece in stream.pieces])


async def photo(server: Comfy, picture: Image.Image) -> str:
    return (await server.upload(io.BytesIO(png(picture)), name="image.png", subfolder="j")).value


def live(seconds: int = 10, expression: str = "calm") -> dict[str, Any]:
    mode = modes()["liveportrait"]
    chosen = {"seconds": seconds, "expression": expression}
    return {name: value for name, value in mode.role_values(chosen, {}).items() if value is not None}


@pytest.mark.parametrize(("width", "height"), [(1024, 1024), (640, 1536)])
async def test_sdxl_paints_a_picture_of_the_asked_size(server: Comfy, width: int, height: int) -> None:
    values = {"prompt": "a fox in the snow", "seed": 7, "width": width, "height": height}
    entry = await run(server, "sdxl_t2i", **values)
    data = await result(server, entry, Kind.IMAGE)
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size, picture.info) == ("PNG", (width, height), {})
    again = await result(server, await run(server, "sdxl_t2i", **values), Kind.IMAGE)
    other = await result(server, await run(server, "sdxl_t2i", **{**values, "seed": 8}), Kind.IMAGE)
    assert data == again
    assert data != other


async def test_a_server_without_the_flag_writes_the_prompt_into_the_picture(tmp_path: Any) -> None:
    async with serve(tmp_path, metadata=True) as world, httpx.AsyncClient(trust_env=False) as http:
        assert "--disable-metadata" not in world.argv
        server = Comfy(world.url, http=http)
        entry = await run(server, "sdxl_t2i", prompt="a secret garden", seed=1, width=1024, height=1024)
        with Image.open(io.BytesIO(await result(server, entry, Kind.IMAGE))) as picture:
            assert "a secret garden" in json.loads(picture.text["prompt"])["3"]["inputs"]["text"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("seconds", "expression"), [(10, "calm"), (15, "smile"), (20, "nod")])
async def test_liveportrait_lasts_exactly_as_long_as_was_asked(server: Comfy, seconds: int, expression: str) -> None:
    entry = await run(server, "liveportrait", image=await photo(server, portrait(256, 64)), **live(seconds, expression))
    data = await result(server, entry, Kind.VIDEO)
    with av.open(io.BytesIO(data)) as video:
        stream = video.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 1024, 256)
        assert (stream.frames, stream.average_rate) == (25 * seconds, 25)
        shown = [frame.to_ndarray(format="gray") for number, frame in enumerate(video.decode(video=0)) if number < 30]
    moved = np.abs(shown[0].astype(int) - shown[20]).mean(axis=0)
    assert moved[400:624].max() > 1, "the face moves"
    assert moved[900:].max() < 3, "the rest of the photo does not"


async def test_a_photo_without_a_face_ends_at_the_real_node_with_the_real_words(server: Comfy) -> None:
    entry = await run(server, "liveportrait", image=await photo(server, landscape()), **live())
    assert entry.ended is Ended.ERROR
    assert entry.last["node_type"] == "LivePortraitProcess"
    assert entry.last["exception_message"] == "No face detected in FIRST source image\n"
    assert isinstance(failure(entry.last), NoFace)


async def looked(server: Comfy, picture: Image.Image) -> Any:
    entry = await run(server, "face_look", image=await photo(server, picture))
    return read_faces(entry.outputs["5"]["text"][0])  # type: ignore[index,call-overload]


async def test_the_look_tells_where_faces_are(server: Comfy, world: World) -> None:
    assert await looked(server, landscape()) == ()
    (one,) = await looked(server, portrait())
    assert one.x < 512 < one.right, "pixels of the photo at 1024"
    assert one.height == pytest.approx(320, rel=0.15)
    large, small = await looked(server, portrait(faces=((0.25, 0.3), (0.7, 0.6))))
    assert large.x > small.right
    around = surroundings([large, small])
    assert around["face_x"] > small.right
    world.faces = 3
    assert len(await looked(server, landscape())) == 3
    world.faces = 0
    assert await looked(server, portrait()) == ()


@pytest.mark.parametrize(
    "picture", [landscape(), Image.new("RGB", (64, 64), (214, 165, 137)), Image.new("L", (9, 9)).convert("RGB")]
)
def test_a_meadow_a_wall_and_a_dot_are_no_faces(picture: Image.Image) -> None:
    assert find_faces(picture) == []


async def test_what_is_not_installed_is_refused_in_the_real_words(server: Comfy, world: World) -> None:
    values = {"prompt": "a", "seed": 1, "width": 1024, "height": 1024}
    world.models["checkpoints"].clear()
    with pytest.raises(MissingModel, match=r"ckpt_name sd_xl_base_1\.0\.safetensors"):
        await run(server, "sdxl_t2i", **values)
    world.without.add("KSampler")
    with pytest.raises(MissingNode, match="KSampler"):
        await server.submit(WORKFLOWS["sdxl_t2i"].graph.json(), prompt_id=str(uuid4()), client_id="c")


async def test_a_server_that_was_started_again_knows_nothing(server: Comfy, world: World) -> None:
    kept = await photo(server, portrait())
    world.faults.add(at="node:MediaPipeFaceLandmarker", kind="restart")
    prompt = str(uuid4())
    graph = WORKFLOWS["face_look"].bind({"image": kept}, INFO).graph
    await server.submit(graph.json(), prompt_id=prompt, client_id="c")
    while len(await server.queue()):
        await asyncio.sleep(0.01)
    assert await server.history(prompt) is None
    assert not list(world.folders.temp.rglob("*"))


async def test_the_world_is_changed_over_http(server: Comfy, world: World) -> None:
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as http:
        change = {"faces": 2, "step_s": 0.5, "without": ["KSampler"], "models": {"checkpoints": []}}
        told = (await http.patch("/sim/world", json=change)).json()
        assert {name: told[name] for name in ("faces", "step_s", "without")} == {
            "faces": 2,
            "step_s": 0.5,
            "without": ["KSampler"],
        }
        assert told["models"]["checkpoints"] == []
        assert await server.object_info("KSampler") == {}
        assert (await http.patch("/sim/world", json={"faces": None})).json()["faces"] is None
        assert (await http.get("/sim/world")).json()["step_s"] == 0.5


@pytest.mark.parametrize("name", sorted({name for flow in WORKFLOWS.values() for name in flow.classes()}))
async def test_a_class_is_declared_as_the_real_server_declares_it(server: Comfy, name: str) -> None:
    mine = ObjectInfo(await server.object_info(name)).get(name)
    real = INFO.get(name)
    assert mine is not None
    assert real is not None
    assert {one.name: one.type for one in real.inputs if not one.optional}.items() <= {
        one.name: one.type for one in mine.inputs
    }.items()
    assert [one.type for one in mine.outputs] == [one.type for one in real.outputs]
    assert mine.output_node == real.output_node
