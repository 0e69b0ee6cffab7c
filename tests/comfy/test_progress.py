from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from imgvid.comfy.frames import Executing, Over, Ready, Steps, parse_frame
from imgvid.comfy.graph import Graph, parse_graph
from imgvid.comfy.progress import Step, Tracker, is_sampler
from tests.comfy.script import CORE, VHS

RECORDED: dict[str, list[Any]] = json.loads((Path(__file__).parent / "transcripts" / "comfyui-0.33.0.json").read_text())

# Two experts as WAN has them: loaded one after the other, decoded, interpolated, written.
WAN: dict[str, Any] = {
    "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
    "10": {"class_type": "UNETLoader", "inputs": {}},
    "11": {"class_type": "UNETLoader", "inputs": {}},
    "12": {"class_type": "VAELoader", "inputs": {}},
    "20": {"class_type": "WanImageToVideo", "inputs": {"start_image": ["1", 0], "vae": ["12", 0]}},
    "5": {"class_type": "KSamplerAdvanced", "inputs": {"model": ["10", 0], "latent_image": ["20", 0]}},
    "30": {"class_type": "LatentPass", "inputs": {"samples": ["5", 0]}},
    "7": {"class_type": "KSamplerAdvanced", "inputs": {"model": ["11", 0], "latent_image": ["30", 0]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["7", 0], "vae": ["12", 0]}},
    "9": {"class_type": "RIFE VFI", "inputs": {"frames": ["8", 0]}},
    "28": {"class_type": "VHS_VideoCombine", "inputs": {"images": ["9", 0]}},
    "40": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
}


def steps(**nodes: tuple[float, float, str]) -> Steps:
    return Steps(prompt_id="p", nodes={key[1:]: value for key, value in nodes.items()})


def at(node: str) -> Executing:
    return Executing(prompt_id="p", node=node)


def graph(data: dict[str, Any]) -> Graph:
    return parse_graph(data)


def test_two_samplers_are_one_bar_and_nothing_goes_back() -> None:
    tracker = Tracker(graph(WAN))
    frames = [
        at("10"), at("1"), at("5"),
        steps(n5=(1, 3, "running")), steps(n5=(3, 3, "running")), steps(n5=(3, 3, "finished")),
        at("30"), at("11"), at("7"),
        steps(n5=(3, 3, "finished"), n7=(0, 1, "running")),
        steps(n5=(3, 3, "finished"), n7=(2, 3, "running")),
        steps(n5=(3, 3, "finished"), n7=(3, 3, "finished")),
        at("12"), at("8"), at("9"), steps(n9=(5, 80, "running")), at("28"), steps(n28=(1, 241, "running")),
    ]  # fmt: skip
    told = [step for step in map(tracker.see, frames) if step is not None]
    assert [(str(step.phase), step.percent) for step in told] == [
        ("sample", 0), ("sample", 16), ("sample", 50), ("sample", 83), ("sample", 100), ("decode", 100), ("encode", 100),
    ]  # fmt: skip


def test_a_sampler_that_a_switch_left_out_does_not_hold_the_bar_back() -> None:
    tracker = Tracker(graph(WAN))
    tracker.see(at("7"))
    assert tracker.see(steps(n7=(3, 3, "finished"))) == Step(phase="sample", percent=100)  # type: ignore[arg-type]


def test_more_steps_weigh_more() -> None:
    parts = {
        "5": {"steps": 9, "start_at_step": 0, "end_at_step": 8},
        "7": {"steps": 9, "start_at_step": 8, "end_at_step": 1000},
    }
    wan = {key: {**node, "inputs": {**node["inputs"], **parts.get(key, {})}} for key, node in WAN.items()}
    tracker = Tracker(graph(wan))
    tracker.see(at("5"))
    told = tracker.see(steps(n5=(8, 8, "finished")))
    assert told is not None
    assert told.percent == 88


def test_a_branch_that_a_switch_cuts_is_not_waited_for() -> None:
    switched = {
        **WAN,
        "50": {"class_type": "KSampler", "inputs": {"latent_image": ["20", 0]}},
        "51": {"class_type": "LazySwitchKJ", "inputs": {"switch": True, "on_true": ["7", 0], "on_false": ["50", 0]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["51", 0], "vae": ["12", 0]}},
    }
    tracker = Tracker(graph(switched))
    tracker.see(at("5"))
    told = tracker.see(steps(n5=(3, 3, "finished")))
    assert told is not None
    assert told.percent == 50


def test_what_only_names_a_sampler_is_none() -> None:
    wan = graph(WAN)
    assert [key for key in wan.nodes if is_sampler(wan, key)] == ["5", "7"]


def test_a_graph_without_a_sampler_has_phases_and_no_percent() -> None:
    plain = {key: node for key, node in CORE.items() if key != "6"}
    plain["3"] = {"class_type": "RepeatImageBatch", "inputs": {"image": ["2", 0], "amount": 5}}
    tracker = Tracker(graph(plain))
    told = [tracker.see(at(node)) for node in ("1", "2", "3", "4", "5")]
    assert [step and (str(step.phase), step.percent) for step in told] == [None, None, None, ("encode", None), None]


def test_a_node_that_another_made_while_it_ran_is_no_crash() -> None:
    assert Tracker(graph(CORE)).see(at("6.0.0.1")) is None


def test_the_recorded_run_of_the_real_server() -> None:
    for name, data in (("core video", CORE), ("vhs video", VHS)):
        tracker = Tracker(graph(data))
        frames = [parse_frame(json.dumps(event["frame"])) for event in RECORDED[name] if "frame" in event]
        assert isinstance(frames[0], Ready)
        assert isinstance(frames[-1], Over)
        told = [(str(step.phase), step.percent) for frame in frames if frame and (step := tracker.see(frame))]
        assert told[0] == ("sample", 0)
        assert told[-1] == ("encode", 100)
        assert [phase for phase, _ in told] == sorted(
            (phase for phase, _ in told), key=["sample", "decode", "encode"].index
        )
        assert [percent for _, percent in told] == sorted(percent for _, percent in told if percent is not None)
        assert {33, 66} <= {percent for _, percent in told}


def test_frames_that_do_not_matter_have_no_type() -> None:
    for text in ("", "{", "[]", '{"type":"status","data":{"status":{}}}', '{"type":"crystools.monitor","data":{"cpu":3}}',
                 '{"type":"executing","data":{}}', '{"type":"feature_flags"}'):  # fmt: skip
        assert parse_frame(text) is None


def test_servers_before_progress_state_are_read() -> None:
    frame = parse_frame('{"type":"progress","data":{"value":2,"max":3,"prompt_id":"p","node":"5"}}')
    assert frame == Steps(prompt_id="p", nodes={"5": (2.0, 3.0, "running")})
