"""The stand-in is taken through the script that the real ComfyUI 0.33.0 was recorded with: the same frames and answers, in
the same order, with the same keys."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from imgvid.sandbox.comfyui import serve
from tests.comfy import script

RECORDED: dict[str, list[Any]] = json.loads(
    (Path(__file__).parents[2] / "comfy" / "transcripts" / "comfyui-0.33.0.json").read_text()
)
# What the stand-in leaves out knowingly: texts for an editor's menus, and what a node was given when it failed.
_FREE = {"current_inputs", "input_config", "ImageScale", "extra_info", "prompt"}


def order(events: list[Any]) -> list[str]:
    """A scene as a list of what happened; how often a step is reported hangs on the clock."""
    said: list[str] = []
    for event in events:
        if "frame" in event:
            kind = event["frame"]["type"]
            told = f"frame {kind}"
            if kind == "progress":
                told += f" of {event['frame']['data']['node']}"
            if kind == "progress" and len(said) > 1 and said[-2:] == [told, "frame progress_state"]:
                said.pop()
                continue
            said.append(told)
        elif "call" in event:
            said.append(f"{script.tidy(event['call'])} {event['status']}")
        else:
            said.append(f"view {event['view']} {event['type']} {event['head']}")
    return said


def keys(value: Any) -> Any:
    """The shape of an answer: its keys and the kinds of its values, not the values."""
    if isinstance(value, dict):
        return {key: ... if key in _FREE else keys(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [keys(item) for item in value]
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else "text"


def facts(value: Any) -> Any:
    """Words that a client decides by: types, names, texts of refusals."""
    if isinstance(value, dict):
        wanted = {"type", "message", "class_type", "exception_type", "exception_message", "status_str", "input_name"}
        kept = {key: item for key, item in value.items() if key in wanted and isinstance(item, str)}
        return {
            **kept,
            **{
                key: facts(item)
                for key, item in value.items()
                if isinstance(item, dict | list) and key != "input_config"
            },
        }
    if isinstance(value, list):
        return sorted((facts(item) for item in value if isinstance(item, dict)), key=str)
    return None


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The stand-in's own transcript, played once."""

    async def play() -> dict[str, list[Any]]:
        async with serve(tmp_path_factory.mktemp("comfy")) as world:
            return await script.play(world.url)

    return asyncio.run(play())


def test_the_same_happens_in_the_same_order(heard: dict[str, list[Any]]) -> None:
    assert list(heard) == list(RECORDED)
    for name, events in RECORDED.items():
        assert order(heard[name]) == order(events), name


def test_frames_and_answers_have_the_same_keys(heard: dict[str, list[Any]]) -> None:
    for name, events in RECORDED.items():
        assert shapes(heard[name]) == shapes(events), name


def test_refusals_and_errors_use_the_same_words(heard: dict[str, list[Any]]) -> None:
    for name, events in RECORDED.items():
        for mine, real in zip(answers(heard[name]), answers(events), strict=True):
            assert facts(script.tidy(mine)) == facts(real), name


def shapes(events: list[Any]) -> dict[str, Any]:
    """By what it is: the shape of the last frame of each type, of each answer."""
    found: dict[str, Any] = {}
    for event in events:
        event = script.tidy(event)
        if "frame" in event:
            found[f"frame {event['frame']['type']}"] = keys(event["frame"])
        elif "call" in event:
            found[event["call"]] = keys(event["answer"])
    return found


def answers(events: list[Any]) -> list[Any]:
    refused = [event["answer"] for event in events if event.get("status") == 400]
    ended = [
        event["frame"]["data"]
        for event in events
        if event.get("frame", {}).get("type", "").endswith(("error", "interrupted"))
    ]
    return refused + [
        {key: data.get(key) for key in ("node_type", "exception_type", "exception_message")} for data in ended
    ]
