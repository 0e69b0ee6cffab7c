"""Workflows as they are read, and the modes that a ComfyUI server makes: each choice binds, as it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgvid.catalog import Mode, modes
from imgvid.catalog.choices import combinations, context
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.faces import Box, surroundings
from imgvid.comfy.finding import Level
from imgvid.comfy.graph import parse_graph
from imgvid.comfy.workflow import GRAPHS, Workflow, WorkflowRefused, apart, read_workflow, workflows_of
from tests.comfy.graphs import INFO, at
from tests.comfy.script import CORE, VHS
from tests.comfy.test_direct_graphs import BUCKETS, EXPRESSIONS, LENGTHS

DIRECT = [mode for mode in modes().values() if mode.backend == "comfyui"]
WORKFLOWS = workflows_of(DIRECT)
FACE = surroundings([Box(x=400, y=300, width=200, height=240)])


def values(mode: Mode, choices: dict[str, object]) -> dict[str, object]:
    """What a job of this mode binds."""
    roles = {rule.role for rule in mode.inputs}
    asked = context(mode, choices, roles)  # type: ignore[arg-type]
    given = {"prompt": "a fox", "negative": "snow", "seed": 7, **dict.fromkeys(roles, "a/b.png [temp]"), **FACE}
    return dict(mode.role_values(asked, {**choices, **given}))  # type: ignore[dict-item]


def workflow(mode: Mode, choices: dict[str, object]) -> Workflow:
    assert mode.workflow is not None
    return WORKFLOWS[str(mode.workflow.of(choices))]  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", DIRECT, ids=lambda mode: mode.id)
def test_every_combination_binds_to_the_letter_and_fits_the_real_server(mode: Mode) -> None:
    count = 0
    for choices in combinations(mode):
        flow = workflow(mode, dict(choices))
        bound = flow.bind(values(mode, dict(choices)), INFO)  # type: ignore[arg-type]
        assert (bound.notes, bound.unused) == ((), ()), choices
        found = check(bound.graph, INFO, Surroundings(binding=flow.binding))
        assert [one for one in found if one.level is Level.ERROR] == []
        count += 1
    assert count > 8


def test_sdxl_is_given_its_own_sizes() -> None:
    mode = modes()["sdxl-t2i"]
    sizes = []
    for choices in combinations(mode):
        if not choices["as_file"]:
            given = values(mode, dict(choices))
            sizes.append((given["width"], given["height"]))
    assert tuple(sizes) == BUCKETS
    without = mode.role_values({"aspect": "1:1"}, {"prompt": "a", "seed": 1})
    assert "negative" not in without, "the file's own stays"


@pytest.mark.parametrize("choices", list(combinations(modes()["liveportrait"])), ids=str)
def test_liveportrait_is_given_what_was_measured(choices: dict[str, object]) -> None:
    mode = modes()["liveportrait"]
    given = values(mode, choices)
    assert {**EXPRESSIONS[str(choices["expression"])], **LENGTHS[int(str(choices["seconds"]))]}.items() <= given.items()
    graph = workflow(mode, choices).bind(given, INFO).graph  # type: ignore[arg-type]
    assert at(graph, "Surroundings back into the photo", "x") == FACE["face_x"]


def test_a_mode_with_faces_names_their_graph_among_its_workflows() -> None:
    assert modes()["liveportrait"].workflows == ("liveportrait", "face_look")
    assert set(WORKFLOWS) == {"sdxl_t2i", "liveportrait", "face_look"}
    assert WORKFLOWS["face_look"].output is not None


def test_files_of_two_jobs_never_meet() -> None:
    graph = apart(parse_graph({**CORE, "28": VHS["28"]}), "job-1")
    assert {key: node.inputs["filename_prefix"] for key, node in graph.nodes.items() if "filename_prefix" in node.inputs} == {
        "5": "job-1/5",
        "28": "job-1/28",
    }  # fmt: skip


def test_whose_graph_it_is(tmp_path: Path) -> None:
    ours = read_workflow(GRAPHS, "sdxl_t2i")
    assert ours.origin == "shipped"
    assert read_workflow(GRAPHS, "sdxl_t2i", shipped=["x"]).origin == "operator's"
    assert "KSampler" in ours.classes()
    with pytest.raises(WorkflowRefused, match="nothing"):
        read_workflow(tmp_path, "nothing")
    (tmp_path / "broken.api.json").write_text("{")
    (tmp_path / "broken.toml").write_text("")
    with pytest.raises(WorkflowRefused, match="broken"):
        read_workflow(tmp_path, "broken")
