"""Equal or different is the frames' word; the rest of the recipe says where to look."""

from __future__ import annotations

from imgvid.ops.jobs.recipe import compare, verdict
from tests.ops.jobs.records import output


def test_the_same_frames() -> None:
    found = compare(output(), output(prompt_id="another", comfyui_s=3.5))
    assert (found.equal, found.differences) == (True, ())
    assert verdict(found)[0].startswith("equal")


def test_the_same_frames_from_another_recipe() -> None:
    found = compare(output(), output(gpu="B"))
    assert found.equal is True
    assert [str(one) for one in found.differences] == ["the GPU (gpu): A -> B"]
    assert "although" in verdict(found)[1]


def test_other_frames_and_what_differs() -> None:
    now = output("d2", graph="g2", image="imgvid-worker:2")
    now["file"] = {**now["file"], "frames": 289}
    found = compare(output(), now)
    assert found.equal is False
    assert [(one.name, one.was, one.is_now) for one in found.differences] == [
        ("graph", "g1", "g2"),
        ("image", None, "imgvid-worker:2"),
        ("frames", 241, 289),
    ]
    text = "\n".join(verdict(found))
    assert "different" in text
    assert "the graph's hash (graph): g1 -> g2" in text


def test_other_frames_from_the_same_recipe() -> None:
    assert "nothing in the recipe differs" in "\n".join(verdict(compare(output(), output("d2"))))


def test_without_a_digest_nothing_is_said() -> None:
    for lacking in (None, {}, {"overtaken": True}, output(None)):
        assert compare(lacking, output()).equal is None
        assert compare(output(), lacking).equal is None
    assert verdict(compare({}, {}))[0].startswith("nothing to compare")
