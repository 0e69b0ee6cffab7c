"""Whether a graph may run, in the real server's words (ComfyUI 0.33.0, execution.py).

Everything upstream of an output is looked at; an output with a fault below it is dropped; with none left the prompt is
refused. Literals are turned into the declared type in place, as the server does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imgvid.sandbox.comfyui.nodes import NodeClass, annotated_path
from imgvid.sandbox.comfyui.world import Folders

Json = Any
CLIPS = "custom_nodes/ComfyUI-LivePortraitKJ/assets/examples/driving/"  # the pack's own, from ComfyUI's folder
_LITERALS = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What may run, and what is said about the rest. `error` is None when anything may."""

    outputs: list[str] = field(default_factory=list)
    error: Json = None
    node_errors: dict[str, Json] = field(default_factory=dict)


def validate(graph: dict[str, Json], classes: Mapping[str, NodeClass], folders: Folders) -> Verdict:
    for key, node in graph.items():
        if node.get("class_type") not in classes:
            return Verdict(error=_missing(key, node))
    outputs = [key for key, node in graph.items() if classes[node["class_type"]].is_output]
    if not outputs:
        return Verdict(error=_error("prompt_no_outputs", "Prompt has no outputs"))
    look = _Look(graph, classes, folders)
    good = [key for key in outputs if look.is_good(key)]
    node_errors = {
        key: {
            "errors": errors,
            "dependent_outputs": [output for output in outputs if key in look.upstream(output)],
            "class_type": graph[key]["class_type"],
        }
        for key, errors in look.errors.items()
        if errors
    }
    refused = _error("prompt_outputs_failed_validation", "Prompt outputs failed validation")
    return Verdict(outputs=good, error=None if good else refused, node_errors=node_errors)


def _error(kind: str, message: str, details: str = "", extra: Json = None) -> Json:
    return {"type": kind, "message": message, "details": details, "extra_info": extra or {}}


def _absent(source: str, via: tuple[str, Json, Json] | None) -> Json:
    """A link to no node. The real server's loop meets it one level further up, and names the input that led here."""
    extra: dict[str, Json] = {}
    if via is not None:
        extra = {"input_name": via[0], "input_config": via[1]}
    extra |= {"exception_message": f"'{source}'", "exception_type": "KeyError", "traceback": []}
    if via is None:
        return _error("exception_during_validation", "Exception when validating node", f"'{source}'", extra)
    extra["linked_node"] = via[2]
    return _error("exception_during_inner_validation", "Exception when validating inner node", f"'{source}'", extra)


def _missing(key: str, node: Json) -> Json:
    title = (node.get("_meta") or {}).get("title", node.get("class_type"))
    return _error(
        "missing_node_type",
        f"Node '{title}' not found. The custom node may not be installed.",
        f"Node ID '#{key}'",
        {"node_id": key, "class_type": node.get("class_type"), "node_title": title},
    )


class _Look:
    def __init__(self, graph: dict[str, Json], classes: Mapping[str, NodeClass], folders: Folders) -> None:
        self._graph, self._classes, self._folders = graph, classes, folders
        self._good: dict[str, bool] = {}
        self.errors: dict[str, list[Json]] = {}

    def is_good(self, key: str, via: tuple[str, Json, Json] | None = None) -> bool:
        """Look at a node once. `via` is the input, its declaration and the link that led here, None for an output."""
        if key not in self._good:
            self._good[key] = False  # a cycle is no good
            node = self._classes[self._graph[key]["class_type"]]
            errors = self.errors.setdefault(key, [])
            linked_good = True
            for name, spec in {**node.required, **node.optional}.items():
                if name not in self._graph[key]["inputs"]:
                    if name in node.required:
                        errors.append(
                            _error("required_input_missing", "Required input is missing", name, {"input_name": name})
                        )
                    continue
                linked_good &= self._input(key, name, spec, via)
            self._good[key] = linked_good and not errors
        return self._good[key]

    def upstream(self, key: str) -> set[str]:
        found, todo = set[str](), [key]
        while todo:
            one = todo.pop()
            if one in found or one not in self._graph:
                continue
            found.add(one)
            todo += [str(value[0]) for value in self._graph[one]["inputs"].values() if _is_link(value)]
        return found

    def _input(self, key: str, name: str, spec: Json, via: tuple[str, Json, Json] | None) -> bool:
        """Look at one input; False where the trouble is further up."""
        value, errors = self._graph[key]["inputs"][name], self.errors[key]
        if _is_link(value) and str(value[0]) not in self._graph:
            errors.append(_absent(str(value[0]), via))
            return True
        if _is_link(value):
            return self._link(name, spec, value, errors)
        error = _literal_error(name, spec, value)
        if error is not None:
            errors.append(error)
            return True
        self._graph[key]["inputs"][name] = _typed(spec, value)
        if self._graph[key]["class_type"] == "LoadImage" and name == "image":
            path = annotated_path(self._folders, str(value))
            if path is None or not path.is_file():
                details = f"image - Invalid image file: {value}"
                message = "Custom validation failed for node"
                errors.append(_error("custom_validation_failed", message, details, {"input_name": "image"}))
        if (
            self._graph[key]["class_type"] == "VHS_LoadVideoPath"
            and name == "video"
            and not str(value).startswith(CLIPS)
        ):
            details, message = f"video - Invalid file path: {value}", "Custom validation failed for node"
            errors.append(_error("custom_validation_failed", message, details, {"input_name": "video"}))
        return True

    def _link(self, name: str, spec: Json, value: Json, errors: list[Json]) -> bool:
        source, slot = str(value[0]), int(value[1])
        given = self._classes[self._graph[source]["class_type"]].output[slot]
        if spec[0] != "*" and given != spec[0]:
            details = f"{name}, received_type({given}) mismatch input_type({spec[0]})"
            extra = {"input_name": name, "input_config": spec, "received_type": given, "linked_node": value}
            errors.append(_error("return_type_mismatch", "Return type mismatch between linked nodes", details, extra))
            return True
        return self.is_good(source, (name, spec, value))


def _literal_error(name: str, spec: Json, value: Json) -> Json:
    kind, options = spec[0], spec[1] if len(spec) > 1 else {}
    extra = {"input_name": name, "input_config": spec, "received_value": value}
    choices = kind if isinstance(kind, list) else options.get("options") if kind == "COMBO" else None
    if choices is not None:
        # LoadImage lists the input folder's own files only; it looks for the named file itself.
        if name == "image" or value in choices:
            return None
        return _error("value_not_in_list", "Value not in list", f"{name}: '{value}' not in {choices}", extra)
    return _number_error(name, kind, options, extra) if kind in _LITERALS else None


def _number_error(name: str, kind: str, options: Json, extra: Json) -> Json:
    value = extra["received_value"]
    try:
        number = _LITERALS[kind](value)
    except (ValueError, TypeError) as error:
        message = f"Failed to convert an input value to a {kind} value"
        details = f"{name}, {value}, {error}"
        return _error("invalid_input_type", message, details, {**extra, "exception_message": str(error)})
    if "min" in options and number < options["min"]:
        message = f"Value {number} smaller than min of {options['min']}"
        return _error("value_smaller_than_min", message, name, extra)
    if "max" in options and number > options["max"]:
        message = f"Value {number} bigger than max of {options['max']}"
        return _error("value_bigger_than_max", message, name, extra)
    return None


def _typed(spec: Json, value: Json) -> Json:
    kind = spec[0]
    return _LITERALS[kind](value) if isinstance(kind, str) and kind in _LITERALS else value


def _is_link(value: Json) -> bool:
    return isinstance(value, list) and len(value) == 2
