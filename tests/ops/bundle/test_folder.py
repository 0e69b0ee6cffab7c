"""init and check on a folder: what is filled in, what is never overwritten, what is worth a note."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from imgvid.bundle import manifest
from imgvid.bundle.manifest import BundleFile, Manifest
from imgvid.ops.bundle import folder as folders
from imgvid.ops.bundle import main
from tests.support.hub_cache import bundle, entry


def quiet(_: str) -> None: ...


def put(folder: Path, path: str, data: bytes = b"weights") -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


def test_init_fills_in_what_nobody_published_and_keeps_what_was_written(tmp_path: Path) -> None:
    put(tmp_path, "vae/v.safetensors")
    template = Manifest(
        name="wan",
        revision=4,
        files=(BundleFile(path="vae/v.safetensors", folder="vae", size=None, sha256=None, licence="apache-2.0"),),
    )
    content, notes = folders.fill(tmp_path, template, told=quiet)
    assert notes == []
    assert content.revision == 4
    (file,) = content.files
    assert (file.size, file.sha256) == (7, hashlib.sha256(b"weights").hexdigest())
    assert (file.licence, file.optional) == ("apache-2.0", False)


def test_a_new_lora_is_one_file_in_its_folder_and_optional(tmp_path: Path) -> None:
    put(tmp_path, "loras/wan/style.safetensors")
    put(tmp_path, "notes/plan.txt")
    put(tmp_path, ".cache/huggingface/x")
    content, notes = folders.fill(tmp_path, Manifest(name="b", revision=0, files=()), told=quiet)
    (file,) = content.files
    assert (file.path, file.folder, file.optional) == ("loras/wan/style.safetensors", "loras", True)
    assert any("notes/plan.txt: not added" in note for note in notes)
    assert any("write its licence" in note for note in notes)


def test_a_half_download_is_told_and_the_published_digest_stays(tmp_path: Path) -> None:
    put(tmp_path, "vae/v", b"hal")
    content, notes = folders.fill(tmp_path, bundle([entry("vae/v", 1_000)]), told=quiet)
    assert content.files == bundle([entry("vae/v", 1_000)]).files
    assert any("is the download whole?" in note for note in notes)


def test_a_required_file_that_is_not_there_is_told_an_optional_one_is_left_out(tmp_path: Path) -> None:
    unfilled = BundleFile(path="loras/o", folder="loras", size=None, sha256=None, licence="mit", optional=True)
    content, notes = folders.fill(tmp_path, bundle([entry("vae/v"), unfilled]), told=quiet)
    assert [file.path for file in content.files] == ["vae/v"]
    assert "vae/v: not in the folder" in notes


@pytest.mark.parametrize(
    ("size", "told"),
    [(70 * 10**9, None), (81 * 10**9, "81 of the account's 100 GB"), (101 * 10**9, "the hub will refuse")],
)
def test_the_accounts_limit_is_told_before_it_is_met(size: int, told: str | None) -> None:
    notes = folders.advice(bundle([entry("vae/v", size)]), limit_gb=100)
    assert (notes == []) if told is None else any(told in note for note in notes)


def test_check_is_quiet_when_all_is_well_and_names_what_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "vae/v")
    assert main(["check", str(tmp_path)]) == 1
    assert "imgvid bundle init" in capsys.readouterr().err
    assert main(["init", str(tmp_path)]) == 0
    assert main(["check", str(tmp_path), "--hash"]) == 0
    put(tmp_path, "vae/v", b"WEIGHTS")
    assert main(["check", str(tmp_path)]) == 1  # a small file is always read
    assert "vae/v: its sha256 starts" in capsys.readouterr().err


def test_the_shipped_manifest_is_the_operators_list() -> None:
    shipped = manifest.parse(Path("worker_image/bundle.toml").read_text())
    required = {file.place for file in shipped.files if not file.optional}
    assert required == {
        "models/diffusion_models/DasiwaWAN22I2V14BV8V1_midnightflirtHighV7.safetensors",
        "models/diffusion_models/DasiwaWAN22I2V14BV8V1_midnightflirtLowV7.safetensors",
        "models/diffusion_models/DasiwaWAN22I2V14BTastysinV8_q8High.gguf",
        "models/diffusion_models/DasiwaWAN22I2V14BTastysinV8_q8Low.gguf",
        "models/text_encoders/umt5_xxl_fp8_e4m3fn_scaled.safetensors",
        "models/vae/wan_2.1_vae.safetensors",
        "custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife/rife49.pth",
    }
    optional = {file.name for file in shipped.files if file.optional}
    assert optional == {
        "wan2.2_i2v_high_noise_14B_fp8_scaled.safetensors",
        "wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors",
        "wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors",
        "wan2.2_i2v_lightx2v_4steps_lora_v1_low_noise.safetensors",
        "remacri_original.pth",
    }


def test_the_manifest_of_ltx_has_every_camera_and_leaves_the_choice_of_weights() -> None:
    shipped = manifest.parse(Path("worker_image/bundle.ltx2.toml").read_text())
    required = {file.place for file in shipped.files if not file.optional}
    assert sum("camera-control" in place for place in required) == 7
    assert {file.name for file in shipped.files if file.optional} == {
        "ltx-2-19b-distilled-fp8.safetensors",
        "ltx-2-19b-dev-fp8.safetensors",
    }
    assert all(file.licence for file in shipped.files)
    assert not any("unknown" in file.licence for file in shipped.files)
