"""The whole house with the real engine: each GPU worker is the image's bootstrap around a ComfyUI.

The ComfyUI is the stand-in as a process of its own. With IMGVID_TEST_COMFY=DIR the same cases run on a real one (and its
venv's Python), which takes its own time.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from imgvid.sandbox.demo.gpu import Engine, processes_of
from imgvid.sandbox.demo.levers import BY_ID
from tests.faults.case import Case, until
from tests.faults.conftest import people
from tests.faults.town import Town

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
REAL = os.environ.get("IMGVID_TEST_COMFY")
WORKFLOWS = Path(__file__).parent / "workflows"  # the model-free workflow with a node that takes its time in steps
PROBE = Path(__file__).parent / "custom_nodes"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    if REAL is None:
        engine = Engine(name="comfy", workflows=WORKFLOWS)
    else:
        paths = tmp_path_factory.mktemp("comfy") / "paths.yaml"
        paths.write_text(f"probe:\n  custom_nodes: {PROBE}\n")
        args = ("--extra-model-paths-config", str(paths))
        engine = Engine(name="comfy", root=Path(REAL), workflows=WORKFLOWS, args=args).checked()
    town = Town(engine)
    town.start()
    yield town
    town.stop()


@pytest.fixture
async def case(town: Town) -> AsyncIterator[Case]:
    async with people(town) as somebody:
        yield somebody


def files_of_comfyui(town: Town) -> list[Path]:
    """Everything in the folders of every ComfyUI of the house, but its own settings."""
    kept = ("user", "home")
    return [
        path
        for folder in town.house.jobs.glob("*-comfy")
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in kept
    ]


async def sampling(case: Case) -> None:
    """Until ComfyUI is in the middle of it."""

    async def look() -> bool:
        rows = await case.jobs()
        return bool(rows and rows[-1]["state"] == "RUNNING" and rows[-1]["phase"] == "sample")

    await case.until(look, within_s=90, what="ComfyUI to be at its steps")


async def running(town: Town) -> list[str]:
    """Prompts that any ComfyUI of the house runs or keeps."""
    found: list[str] = []
    async with httpx.AsyncClient(trust_env=False) as http:
        for port in town.house.gpu.ports:
            try:
                queue = (await http.get(f"http://127.0.0.1:{port}/queue")).json()
            except httpx.TransportError:
                continue
            found += [item[1] for item in (*queue["queue_running"], *queue["queue_pending"])]
    return found


async def test_a_photo_becomes_a_video(case: Case) -> None:
    await case.send()
    (row,) = await case.judge("COMPLETED")
    recipe = json.loads(row["result"])["recipe"]
    assert {"engine": "comfy", "comfyui": "0.33.0", "image": "imgvid-worker:demo"}.items() <= recipe.items()
    assert recipe["bundle"] == "imgvid/demo@000000000000 r1"
    assert files_of_comfyui(case.town) == []


async def test_a_cancel_in_the_middle_stops_it_within_a_step(case: Case) -> None:
    await case.send()
    await sampling(case)
    assert len(await running(case.town)) == 1
    await case.cancel()
    await case.in_state("CLOSING", "CANCELLED")

    async def nothing_runs() -> bool:
        return not await running(case.town) and not files_of_comfyui(case.town)

    await until(nothing_runs, within_s=20, what="ComfyUI to stop and its folders to be empty")
    (row,) = await case.judge("CANCELLED")
    phases = await case.sql(
        "SELECT detail ->> 'phase' AS phase FROM job_events WHERE job_id = $1 AND event = 'job.phase'", row["id"]
    )
    assert {found["phase"] for found in phases} <= {"load", "sample"}  # it never came out of the node with the steps


async def test_a_killed_comfyui_ends_its_container_and_the_job_is_made_elsewhere(case: Case) -> None:
    await case.send()
    await sampling(case)
    main = case.town.house.gpu.main
    assert main is not None
    before = processes_of(main)
    assert await case.town.call(lambda house: house.pull(BY_ID["kill-comfyui"]))
    (row,) = await case.judge("COMPLETED")
    assert (row["attempt"], row["tries_own"], row["tries_ours"]) == (2, 0, 1)
    assert not before.keys() & processes_of(main).keys()  # another ComfyUI, in another container
    assert files_of_comfyui(case.town) == []
    lines = [line.text for line in case.town.logbook.after(0, limit=4000)]
    assert any('"child.died"' in line and '"comfyui"' in line and "SIGKILL" in line for line in lines)
