"""What the real server's own refusals and errors are taken for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from imgvid.comfy.errors import (
    BadInput,
    ComfyError,
    Interrupted,
    MissingModel,
    MissingNode,
    NodeFailed,
    NoFace,
    OutOfMemory,
)
from imgvid.comfy.history import Ended, parse_entry
from imgvid.comfy.verdicts import failure, interruption, refusal
from imgvid.jobs.errors import Code

RECORDED: dict[str, list[Any]] = json.loads((Path(__file__).parent / "transcripts" / "comfyui-0.33.0.json").read_text())


def refused(name: str) -> Any:
    return RECORDED[f"refused: {name}"][-1]["answer"]


def history(name: str) -> Any:
    return next(event["answer"] for event in RECORDED[name] if event.get("call") == "GET /history/ID")


@pytest.mark.parametrize(
    ("name", "kind", "code", "words"),
    [
        ("missing node", MissingNode, Code.NODE_MISSING, "NoSuchNode (node 6)"),
        ("missing model", MissingModel, Code.MODEL_MISSING, "unet_name nope.safetensors"),
        ("missing image", BadInput, Code.BAD_IMAGE, "node 1 (LoadImage)"),
        ("missing input", BadInput, Code.ENGINE_FAILED, "required_input_missing"),
        ("bad value", BadInput, Code.ENGINE_FAILED, "invalid_input_type: width"),
        ("too small", BadInput, Code.ENGINE_FAILED, "value_smaller_than_min: amount"),
        ("bad link", BadInput, Code.ENGINE_FAILED, "exception_during_inner_validation"),
        ("wrong type", BadInput, Code.ENGINE_FAILED, "return_type_mismatch: image"),
        ("no outputs", BadInput, Code.ENGINE_FAILED, "prompt_no_outputs"),
    ],
)
def test_refusals_of_the_real_server(name: str, kind: type[ComfyError], code: Code, words: str) -> None:
    error = refusal(refused(name))
    assert type(error) is kind
    assert error.code is code
    assert words in str(error)


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("value error", NodeFailed, Code.ENGINE_FAILED),
        ("out of memory", OutOfMemory, Code.OUT_OF_MEMORY),
        ("model file gone", MissingModel, Code.MODEL_MISSING),
        ("model file empty", MissingModel, Code.MODEL_MISSING),
    ],
)
def test_errors_of_the_real_server(name: str, kind: type[ComfyError], code: Code) -> None:
    entry = parse_entry(history(name), "ID")
    assert entry is not None
    assert entry.ended is Ended.ERROR
    error = failure(entry.last)
    assert type(error) is kind
    assert error.code is code
    assert "node 6 (ProbeFail)" in str(error)


def test_an_interrupted_prompt_is_no_error_although_its_status_word_says_so() -> None:
    for name in ("cancelled", "interrupted"):
        entry = parse_entry(history(name), "ID")
        assert entry is not None
        assert entry.ended is Ended.INTERRUPTED
        assert isinstance(interruption(entry.last), Interrupted)


@pytest.mark.parametrize(
    ("kind", "message", "wanted"),
    [
        ("torch.AcceleratorError", "CUDA error: out of memory\nCUDA kernel errors might be ...", OutOfMemory),
        ("RuntimeError", "Allocation on device 0 would exceed allowed memory.", OutOfMemory),
        ("MemoryError", "", OutOfMemory),
        ("Exception", "Tried all urls to download rife49.pth but no success...", MissingModel),
        ("PIL.UnidentifiedImageError", "cannot identify image file '/in/a/b.png'", BadInput),
        ("ValueError", "No face detected in FIRST source image\n", NoFace),
        # A tip about memory further down is not the error.
        ("RuntimeError", "shapes differ\nTIPS: you may be out of memory", NodeFailed),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/tmp/x/notes.txt'", NodeFailed),
    ],
)
def test_errors_that_were_not_recorded(kind: str, message: str, wanted: type[ComfyError]) -> None:
    data = {"node_id": "5", "node_type": "X", "exception_type": kind, "exception_message": message}
    assert type(failure(data)) is wanted


def test_no_error_tells_a_prompt_a_path_or_a_list_of_files() -> None:
    data = RECORDED["value error"][-1]["answer"]["ID"]["status"]["messages"][-1][1]
    assert "a quiet garden" in json.dumps(data), "the recording does hold the text"
    assert "quiet" not in str(failure(data, ["a quiet garden at night"]))
    gone = "[Errno 2] No such file or directory: '/home/someone/models/a.safetensors'"
    assert "someone" not in str(failure({"exception_type": "FileNotFoundError", "exception_message": gone}))
    assert "a.safetensors'" not in str(refusal(refused("missing model"))), "the list of what there is stays out"


def test_a_missing_model_is_told_before_what_follows_from_it() -> None:
    answer = refused("missing model")
    answer["node_errors"]["0"] = {
        "errors": [{"type": "required_input_missing", "details": "height", "extra_info": {"input_name": "height"}}],
        "class_type": "A",
    }
    assert isinstance(refusal(answer), MissingModel)


def test_a_value_out_of_bounds_is_told_from_a_graph_that_does_not_fit() -> None:
    values = {name: refusal(refused(name)) for name in ("bad value", "too small", "missing input", "wrong type")}
    assert [name for name, error in values.items() if isinstance(error, BadInput) and error.value] == [
        "bad value",
        "too small",
    ]


def test_a_refusal_of_another_shape_is_no_crash() -> None:
    for answer in (
        None,
        [],
        {},
        {"error": "no"},
        {"node_errors": {"1": None}},
        {"node_errors": {"1": {"errors": [3]}}},
    ):
        assert isinstance(refusal(answer), ComfyError)
