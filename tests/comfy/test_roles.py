"""Suggested bindings: the nodes that a person would change, as a file that can be read back."""

from __future__ import annotations

import tomllib
from typing import Any

from imgvid.comfy.bind import bind, parse_binding
from imgvid.comfy.check import Surroundings, check
from imgvid.comfy.graph import Graph, parse_graph
from imgvid.comfy.objectinfo import ObjectInfo
from imgvid.comfy.roles import suggest, toml
from tests.comfy.compile.workbench import server_class

INFO = ObjectInfo(
    {
        "SaveVideo": server_class({"video": ["VIDEO"]}, saves=True),
        "SaveImage": server_class({"images": ["IMAGE"]}, saves=True),
    }
)


def _node(kind: str, title: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title}}


def _film(**more: dict[str, Any]) -> Graph:
    nodes = {
        "1": _node("LoadImage", "Photo", image="a.png"),
        "2": _node("LoadImage", "The End Frame", image="b.png"),
        "3": _node("BOOLConstant", "Use last frame?", value=False),
        "4": _node("CLIPTextEncode", "Say", text="hello", clip=["9", 0]),
        "5": _node("CLIPTextEncode", "Do not say", text="bad", clip=["9", 0]),
        "6": _node(
            "LTXVImgToVideo", "Latent", positive=["4", 0], negative=["5", 0], width=640, height=["10", 0], length=97
        ),
        "7": _node("RandomNoise", 'Noise "A"', noise_seed=5),
        "8": _node("SamplerCustomAdvanced", "Sample", latent_image=["6", 2], noise=["7", 0], guider=["13", 0]),
        "9": _node("CLIPLoader", "Texts", clip_name="x"),
        "10": _node("INTConstant", "Height", value=448),
        "11": _node("CreateVideo", "Film", images=["12", 0], fps=24),
        "12": _node("VAEDecode", "Decode", samples=["8", 0]),
        "13": _node("CFGGuider", "Guide", positive=["6", 0], negative=["6", 1]),
        "14": _node("SaveVideo", "Result", video=["11", 0]),
        **more,
    }
    return parse_graph(nodes)


def _suggested(graph: Graph) -> dict[str, tuple[tuple[str, str], ...]]:
    return {suggestion.role: suggestion.targets for suggestion in suggest(graph, INFO)}


def test_every_role_is_followed_to_what_a_person_would_change() -> None:
    assert _suggested(_film()) == {
        "image": (("1", "image"),),
        "last": (("2", "image"),),
        "prompt": (("4", "text"),),
        "negative": (("5", "text"),),
        "seed": (("7", "noise_seed"),),
        "width": (("6", "width"),),
        "height": (("10", "value"),),
        "frames": (("6", "length"),),
        "fps": (("11", "fps"),),
    }


def test_the_file_can_be_read_back_fits_and_binds() -> None:
    graph = _film()
    written = toml(suggest(graph, INFO), graph, INFO)
    binding = parse_binding(tomllib.loads(written))
    assert [f for f in check(graph, INFO, Surroundings(binding=binding)) if "Role" in f.text] == []
    bound = bind(graph, binding, {"image": "x.png", "frames": 100, "seed": 3, "fps": 25}).graph
    assert bound.nodes["2"].inputs["image"] == "x.png"
    assert bound.nodes["3"].inputs["value"] is False
    assert bound.nodes["6"].inputs["length"] == 97  # 8n + 1 for LTX
    assert binding.output == "Result"
    assert binding.roles["seed"].targets[0].node == 'Noise "A"'


def test_titles_that_several_nodes_have_give_way_to_ids() -> None:
    graph = _film(**{"15": _node("CLIPTextEncode", "Say", text="again", clip=["9", 0])})
    binding = parse_binding(tomllib.loads(toml(suggest(graph, INFO), graph, INFO)))
    assert binding.roles["prompt"].targets[0].node == "4"


def test_several_seeds_are_one_role() -> None:
    graph = _film(
        **{
            "20": _node("RandomNoise", "Noise B", noise_seed=6),
            "21": _node("SamplerCustomAdvanced", "Again", latent_image=["8", 0], noise=["20", 0], guider=["13", 0]),
            "12": _node("VAEDecode", "Decode", samples=["21", 0]),
        }
    )
    assert _suggested(graph)["seed"] == (("7", "noise_seed"), ("20", "noise_seed"))


def test_two_pictures_that_could_be_the_first_are_left_to_a_person() -> None:
    graph = _film(**{"22": _node("LoadImage", "Another", image="c.png")})
    assert "image" not in _suggested(graph)


def test_a_graph_without_anything_known_has_no_roles() -> None:
    graph = parse_graph({"1": _node("SaveImage", "Save", images=["2", 0]), "2": _node("Odd", "Odd", value=3)})
    assert suggest(graph, INFO) == []
