"""Links into ComfyUI's folders: the right ones, no others, and never over a real file."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgvid.worker.bootstrap import seek
from imgvid.worker.bootstrap.place import place
from imgvid.worker.bootstrap.settings import BootstrapRefused
from tests.support.hub_cache import MAIN, Cache, bundle, entry

CONTENT = bundle([entry("vae/v"), entry("loras/wan/l"), entry("rife/rife49.pth"), entry("loras/extra", optional=True)])


@pytest.fixture
def found(tmp_path: Path) -> seek.Bundle:
    hub = Cache(tmp_path / "hub")
    hub.whole(MAIN, CONTENT, without=["loras/extra"])
    looked = seek.inspect(seek.cache.snapshots(hub.root, hub.repo)[0])
    assert isinstance(looked, seek.Bundle)
    return looked


@pytest.fixture
def comfy(tmp_path: Path) -> Path:
    (tmp_path / "ComfyUI/models/vae").mkdir(parents=True)
    return tmp_path / "ComfyUI"


def test_every_file_is_where_comfyui_and_the_rife_pack_look(found: seek.Bundle, comfy: Path) -> None:
    done = place(found.files, comfy_root=comfy)
    assert done.linked == 3
    assert [text.split(":")[0] for text in done.left_out] == ["loras/extra"]
    for where in (
        "models/vae/v",
        "models/loras/wan/l",
        "custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife/rife49.pth",
    ):
        link = comfy / where
        assert link.is_symlink()
        assert link.stat().st_size == 1_000


def test_twice_is_the_same(found: seek.Bundle, comfy: Path) -> None:
    place(found.files, comfy_root=comfy)
    done = place(found.files, comfy_root=comfy)
    assert (done.linked, done.removed) == (3, 0)


def test_links_of_an_earlier_bundle_go_and_the_images_own_stay(found: seek.Bundle, comfy: Path, tmp_path: Path) -> None:
    models = comfy / "models"
    (models / "loras").mkdir()
    (models / "loras" / "gone.safetensors").symlink_to(tmp_path / "nowhere")  # ComfyUI would list it
    elsewhere = tmp_path / "old.safetensors"
    elsewhere.touch()
    (models / "loras" / "old.safetensors").symlink_to(elsewhere)
    (models / "vae" / "shipped").touch()
    (models / "vae" / "alias").symlink_to(models / "vae" / "shipped")
    done = place(found.files, comfy_root=comfy)
    assert done.removed == 2
    assert sorted(path.name for path in (models / "loras").iterdir()) == ["wan"]
    assert (models / "vae" / "alias").exists()


def test_a_link_that_points_elsewhere_is_moved(found: seek.Bundle, comfy: Path, tmp_path: Path) -> None:
    (comfy / "models/vae/v").symlink_to(tmp_path / "other")
    place(found.files, comfy_root=comfy)
    assert (comfy / "models/vae/v").stat().st_size == 1_000


def test_a_real_file_in_the_way_is_refused_and_kept(found: seek.Bundle, comfy: Path) -> None:
    (comfy / "models/vae/v").write_text("mine")
    with pytest.raises(BootstrapRefused, match="real file"):
        place(found.files, comfy_root=comfy)
    assert (comfy / "models/vae/v").read_text() == "mine"
