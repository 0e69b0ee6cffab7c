"""A small server and a small editor: classes with every kind of input, and UI files written in a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imgvid.comfy.compile import Compiled, compile_workflow

Inputs = Mapping[str, Any]


def server_class(
    required: Inputs | None = None,
    optional: Inputs | None = None,
    output: tuple[str, ...] = (),
    *,
    title: str = "",
    saves: bool = False,
    module: str = "nodes",
    **more: Any,
) -> dict[str, Any]:
    """One class as object_info describes it."""
    groups = {"required": dict(required or {}), "optional": dict(optional or {})}
    return {
        "input": groups,
        "input_order": {name: list(group) for name, group in groups.items()},
        "output": list(output),
        "output_name": list(output),
        "output_is_list": [False] * len(output),
        "display_name": title,
        "output_node": saves,
        "python_module": module,
        **more,
    }


SAMPLERS = ["euler", "dpmpp_2m"]
CLASSES: dict[str, Any] = {
    "Checkpoint": server_class({"ckpt_name": [["base.safetensors"], {}]}, output=("MODEL", "CLIP", "VAE")),
    "Prompt": server_class(
        {"text": ["STRING", {"multiline": True, "dynamicPrompts": True}], "clip": ["CLIP"]}, output=("CONDITIONING",)
    ),
    "Latent": server_class(
        {
            "width": ["INT", {"default": 512, "min": 16, "max": 4096, "step": 8}],
            "height": ["INT", {"default": 512, "min": 16, "max": 4096, "step": 8}],
        },
        output=("LATENT",),
    ),
    "KSampler": server_class(
        {
            "model": ["MODEL"],
            "seed": ["INT", {"default": 0, "min": 0, "max": 2**64 - 1, "control_after_generate": True}],
            "steps": ["INT", {"default": 20, "min": 1, "max": 100}],
            "cfg": ["FLOAT", {"default": 8.0, "min": 0.0, "max": 100.0, "step": 0.1}],
            "sampler_name": [SAMPLERS],
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "latent_image": ["LATENT"],
        },
        output=("LATENT",),
        title="Sampler",
    ),
    "Decode": server_class({"samples": ["LATENT"], "vae": ["VAE"]}, output=("IMAGE",)),
    "LoadImage": server_class(
        {"image": [["a.png"], {"image_upload": True}]}, output=("IMAGE", "MASK"), title="Load Image"
    ),
    "Scale": server_class(
        {"image": ["IMAGE"], "factor": ["FLOAT", {"default": 1.0, "min": 0.1, "max": 8.0, "step": 0.1}]},
        output=("IMAGE",),
    ),
    "Blend": server_class({"image_a": ["IMAGE"], "mask": ["MASK"], "image_b": ["IMAGE"]}, output=("MASK", "IMAGE")),
    "Batch": server_class(
        {
            "images": [
                "COMFY_AUTOGROW_V3",
                {"template": {"input": {"required": {"image": ["IMAGE", {}]}}, "prefix": "image", "min": 1, "max": 4}},
            ]
        },
        output=("IMAGE",),
    ),
    "Resize": server_class(
        {
            "image": ["IMAGE"],
            "mode": [
                "COMFY_DYNAMICCOMBO_V3",
                {
                    "options": [
                        {"key": "factor", "inputs": {"required": {"factor": ["FLOAT", {"default": 2.0}]}}},
                        {
                            "key": "sides",
                            "inputs": {
                                "required": {"width": ["INT", {"default": 64}], "height": ["INT", {"default": 64}]},
                                "optional": {"like": ["IMAGE", {}]},
                            },
                        },
                    ]
                },
            ],
            "method": [["area", "lanczos"]],
        },
        output=("IMAGE",),
    ),
    "Switch": server_class(
        {
            "switch": ["BOOLEAN", {}],
            "on_false": ["COMFY_MATCHTYPE_V3", {"template": {"template_id": "t", "allowed_types": "*"}}],
            "on_true": ["COMFY_MATCHTYPE_V3", {"template": {"template_id": "t", "allowed_types": "*"}}],
        },
        output=("COMFY_MATCHTYPE_V3",),
        output_matchtypes=["t"],
    ),
    "Whole": server_class({"value": ["INT", {"default": 0}]}, output=("INT",)),
    "SaveImage": server_class(
        {"images": ["IMAGE"], "filename_prefix": ["STRING", {"default": "ComfyUI"}]}, saves=True, title="Save Image"
    ),
    "Anything Everywhere": server_class({}, {"anything": ["*", {}]}, module="custom_nodes.ue"),
    "Pack Blur": server_class(
        {"image": ["IMAGE"], "radius": ["INT", {"default": 3}], "kind": [["box", "gauss"]], "fast": ["BOOLEAN", {}]},
        output=("IMAGE",),
        module="custom_nodes.blur",
    ),
}


@dataclass
class Sheet:
    """A UI file under construction; `link` writes the table, the target's slot and the origin's list as editors do."""

    nodes: list[dict[str, Any]] = field(default_factory=list)
    links: list[list[Any]] = field(default_factory=list)
    subgraphs: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    def node(
        self,
        key: int,
        kind: str,
        values: Any = None,
        *,
        mode: int = 0,
        title: str = "",
        inputs: Mapping[str, str] | None = None,
        outputs: tuple[str, ...] = (),
        **properties: Any,
    ) -> int:
        """Add a node. `inputs`: the saved sockets, name to type; `outputs`: types of the saved outlets."""
        body: dict[str, Any] = {
            "id": key,
            "type": kind,
            "mode": mode,
            "inputs": [{"name": name, "type": type_, "link": None} for name, type_ in (inputs or {}).items()],
            "outputs": [{"name": type_, "type": type_, "links": []} for type_ in outputs],
            "properties": properties,
        }
        if values is not None:
            body["widgets_values"] = values
        if title:
            body["title"] = title
        self.nodes.append(body)
        return key

    def link(self, origin: int, slot: int, target: int, name: str, kind: str = "IMAGE", *, widget: bool = False) -> int:
        """Connect two nodes, adding the sockets that are not there yet."""
        number = max([0, *(link[0] for link in self.links)]) + 1
        source, sink = self._of(origin), self._of(target)
        while len(source["outputs"]) <= slot:
            source["outputs"].append({"name": kind, "type": kind, "links": []})
        source["outputs"][slot].setdefault("links", []).append(number)
        socket = next((s for s in sink["inputs"] if s["name"] == name), None)
        if socket is None:
            socket = {"name": name, "type": kind, "link": None}
            sink["inputs"].append(socket)
        if widget:
            socket["widget"] = {"name": name}
        socket["link"] = number
        self.links.append([number, origin, slot, target, sink["inputs"].index(socket), kind])
        return number

    def json(self) -> dict[str, Any]:
        """The file as the editor saves it."""
        return {
            "version": 0.4,
            "last_node_id": max((node["id"] for node in self.nodes), default=0),
            "nodes": self.nodes,
            "links": self.links,
            "extra": self.extra,
            "definitions": {"subgraphs": self.subgraphs},
        }

    def _of(self, key: int) -> dict[str, Any]:
        return next(node for node in self.nodes if node["id"] == key)


def subgraph(
    key: str,
    inner: Sheet,
    inputs: tuple[tuple[str, str, list[tuple[int, str]]], ...] = (),
    outputs: tuple[tuple[str, str, int, int], ...] = (),
    *,
    name: str = "Inside",
) -> dict[str, Any]:
    """A definition. `inputs`: name, type and the (node, input) pairs it leads to; `outputs`: name, type, node, slot."""
    links = [
        {"id": n, "origin_id": o, "origin_slot": s, "target_id": t, "target_slot": i, "type": k}
        for n, o, s, t, i, k in inner.links
    ]
    number = 1000
    rails_in, rails_out = [], []
    for index, (label, kind, targets) in enumerate(inputs):
        ids = []
        for target, socket_name in targets:
            number += 1
            node = next(n for n in inner.nodes if n["id"] == target)
            socket = next((s for s in node["inputs"] if s["name"] == socket_name), None)
            if socket is None:
                socket = {"name": socket_name, "type": kind, "widget": {"name": socket_name}}
                node["inputs"].append(socket)
            socket["link"] = number
            links.append({"id": number, "origin_id": -10, "origin_slot": index, "target_id": target,
                          "target_slot": node["inputs"].index(socket), "type": kind})  # fmt: skip
            ids.append(number)
        rails_in.append({"id": f"in{index}", "name": label, "type": kind, "linkIds": ids})
    for index, (label, kind, origin, slot) in enumerate(outputs):
        number += 1
        links.append({"id": number, "origin_id": origin, "origin_slot": slot, "target_id": -20,
                      "target_slot": index, "type": kind})  # fmt: skip
        rails_out.append({"id": f"out{index}", "name": label, "type": kind, "linkIds": [number]})
    return {"id": key, "name": name, "nodes": inner.nodes, "links": links, "inputs": rails_in, "outputs": rails_out}


def compiled(sheet: Sheet | dict[str, Any], more: Mapping[str, Any] | None = None) -> Compiled:
    """Compile with the small server; `more` adds classes."""
    data = sheet.json() if isinstance(sheet, Sheet) else sheet
    return compile_workflow(data, {**CLASSES, **(more or {})})


def inputs_of(sheet: Sheet | dict[str, Any], key: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The inputs of one node of the compiled graph."""
    return dict(compiled(sheet, more).graph.nodes[key].inputs)


def picture(sheet: Sheet, key: int = 1) -> int:
    """A LoadImage node."""
    return sheet.node(key, "LoadImage", ["a.png", "image"])


def saved(sheet: Sheet, origin: int, slot: int = 0, key: int = 99) -> int:
    """A SaveImage node fed by another."""
    sheet.node(key, "SaveImage", ["out"])
    sheet.link(origin, slot, key, "images")
    return key
