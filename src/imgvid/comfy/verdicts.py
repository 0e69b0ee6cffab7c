"""What the server's own error reports mean: a refused prompt (400 or `node_errors`), and a node that raised. Pure.

The shapes are those of ComfyUI 0.33.0; older servers say less, newer ones more, and both are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from imgvid.comfy.errors import (
    BadAnswer,
    BadInput,
    ComfyError,
    Interrupted,
    MissingModel,
    MissingNode,
    NodeFailed,
    NoFace,
    OutOfMemory,
)
from imgvid.comfy.jsontypes import Json, as_dict, as_list, as_text
from imgvid.comfy.redact import redact

_MODEL_FILE = re.compile(r"[\w.+-]+\.(?:safetensors|gguf|ckpt|pth|pt2?|bin|sft|pkl|onnx)\b", re.IGNORECASE)
_PICTURE_FILE = re.compile(r"\.(?:png|jpe?g|webp|gif|bmp|tiff?)\b", re.IGNORECASE)
_OOM_TYPES = frozenset(
    {"torch.OutOfMemoryError", "torch.cuda.OutOfMemoryError", "OutOfMemoryError", "MemoryError", "builtins.MemoryError"}
)
_OOM_WORDS = re.compile(r"out of memory|allocation on device|failed to allocate|can't allocate memory", re.IGNORECASE)
_GONE_WORDS = re.compile(r"Tried all urls to download", re.IGNORECASE)  # the RIFE pack without its weights
_BROKEN_FILE = re.compile(r"SafetensorError|UnpicklingError|PytorchStreamReader|corrupt", re.IGNORECASE)
_NO_FACE = re.compile(r"No face detected in FIRST source image", re.IGNORECASE)  # LivePortraitKJ's LivePortraitProcess
_VALUE_KINDS = frozenset({"value_smaller_than_min", "value_bigger_than_max", "invalid_input_type"})
_PICTURE_TYPES = frozenset({"PIL.UnidentifiedImageError", "UnidentifiedImageError"})


def refusal(answer: Json, private: Iterable[str] = ()) -> ComfyError:
    """The error that a refused prompt means: the JSON of a 400, or of a 200 whose `node_errors` is not empty."""
    error = as_dict(as_dict(answer).get("error"))
    kind = as_text(error.get("type"))
    if kind == "missing_node_type":
        extra = as_dict(error.get("extra_info"))
        return MissingNode(f"no node class {_word(extra.get('class_type'))} (node {_word(extra.get('node_id'))})")
    problems = list(_problems(as_dict(as_dict(answer).get("node_errors")), private))
    if problems:
        return min(problems, key=_weight)
    if kind:
        return BadInput(f"the graph was refused: {kind}: {redact(as_text(error.get('message')), private)}")
    return BadAnswer("the graph was refused without a reason")


def failure(data: Mapping[str, Json], private: Iterable[str] = ()) -> ComfyError:
    """The error that an `execution_error` means."""
    kind, message = as_text(data.get("exception_type")), as_text(data.get("exception_message"))
    where = f"node {_word(data.get('node_id'))} ({_word(data.get('node_type'))})"
    said = redact(message, private)
    if kind in _OOM_TYPES or _OOM_WORDS.search(message.partition("\n")[0]):
        return OutOfMemory(f"{where}: {kind}")
    if kind in _PICTURE_TYPES:
        return BadInput(f"{where}: {kind}", picture=True)
    if _NO_FACE.search(message):
        return NoFace(f"{where}: {said}")
    named = _MODEL_FILE.search(message)
    if _GONE_WORDS.search(message) or (kind.endswith("FileNotFoundError") and named):
        return MissingModel(f"{where}: {named[0] if named else said} is not there")
    if _BROKEN_FILE.search(f"{kind} {message}"):
        return MissingModel(f"{where}: {named[0] if named else 'a model file'} cannot be read: {kind}: {said}")
    return NodeFailed(f"{where}: {kind}: {said}")


def interruption(data: Mapping[str, Json]) -> Interrupted:
    """The error that an `execution_interrupted` means for whoever did not ask for it."""
    return Interrupted(f"interrupted at node {_word(data.get('node_id'))} ({_word(data.get('node_type'))})")


def _problems(node_errors: Mapping[str, Json], private: Iterable[str]) -> Iterable[ComfyError]:
    for key, raw in node_errors.items():
        node = as_dict(raw)
        where = f"node {_word(key)} ({_word(node.get('class_type'))})"
        for item in as_list(node.get("errors")):
            yield _problem(where, as_dict(item), private)


def _problem(where: str, error: Mapping[str, Json], private: Iterable[str]) -> ComfyError:
    kind, details = as_text(error.get("type")), as_text(error.get("details"))
    extra = as_dict(error.get("extra_info"))
    name, value = _word(extra.get("input_name")), extra.get("received_value")
    if kind == "value_not_in_list" and isinstance(value, str) and _MODEL_FILE.search(value):
        return MissingModel(f"{where}: {name} {redact(value)} is not on the server")
    if _PICTURE_FILE.search(details) and "Invalid image file" in details:
        return BadInput(f"{where}: {name}: the picture is not on the server or cannot be read", picture=True)
    if "Invalid file path" in details:  # a clip that belongs to a pack (VHS_LoadVideoPath)
        return MissingModel(f"{where}: the file of {name} is not on the server")
    # `details` repeats values and whole lists of choices: the input's name says enough.
    shown = redact(details, private) if kind == "required_input_missing" else name
    return BadInput(f"{where}: {kind}: {shown}", value=kind in _VALUE_KINDS)


def _weight(error: ComfyError) -> int:
    """A missing file is told before what follows from it."""
    order: tuple[type[ComfyError], ...] = (MissingNode, MissingModel, BadInput)
    return next((place for place, kind in enumerate(order) if isinstance(error, kind)), len(order))


def _word(value: Json) -> str:
    """An id, a class or an input's name as one short word."""
    return redact(str(value))[:80] if value is not None else "?"
