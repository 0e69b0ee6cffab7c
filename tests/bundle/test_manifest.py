"""The manifest: what it accepts, what it refuses all at once, and that its text comes back as it went out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgvid.bundle import manifest
from imgvid.bundle.manifest import FOLDERS, BundleFile, Manifest, ManifestRefused
from tests.support.hub_cache import bundle, entry

_names = st.text(
    st.characters(blacklist_characters="/\\\0", blacklist_categories=("Cs",)), min_size=1, max_size=12
).filter(lambda text: text not in {".", ".."})
_files = st.builds(
    BundleFile,
    path=st.lists(_names, min_size=1, max_size=3).map("/".join),
    folder=st.sampled_from(sorted(FOLDERS)),
    size=st.none() | st.integers(0, 10**12),
    sha256=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
    licence=st.text(max_size=20),
    optional=st.booleans(),
    source=st.text(max_size=20),
)


@given(files=st.lists(_files, min_size=1, max_size=5, unique_by=lambda f: f.place), revision=st.integers(0, 10**6))
def test_what_is_written_is_what_is_read(files: list[BundleFile], revision: int) -> None:
    paths = {file.path for file in files}
    content = Manifest(name="b", revision=revision, files=tuple(files))
    if len(paths) < len(files):
        with pytest.raises(ManifestRefused, match="listed twice"):
            manifest.parse(manifest.render(content))
    else:
        assert manifest.parse(manifest.render(content)) == content


def test_the_name_is_the_path_below_its_folder() -> None:
    assert entry("loras/wan/a.safetensors").name == "wan/a.safetensors"
    assert entry("loras/wan/a.safetensors").place == "models/loras/wan/a.safetensors"
    assert entry("rife/rife49.pth").place == "custom_nodes/ComfyUI-Frame-Interpolation/ckpts/rife/rife49.pth"
    elsewhere = BundleFile(path="weights/x.pth", folder="vae", size=1, sha256=None, licence="")
    assert elsewhere.place == "models/vae/x.pth"


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "loras/../../x", "a//b", "a\\b", "", "loras/./x", "loras/"], ids=repr
)
def test_a_path_that_leaves_the_bundle_is_refused(path: str) -> None:
    assert not manifest.is_safe(path)


def test_every_fault_is_named_at_once() -> None:
    text = """
    format = 2
    revision = -1
    [[file]]
    path = "loras/a"
    folder = "lora"
    size = "big"
    [[file]]
    path = "../b"
    folder = "loras"
    [[file]]
    path = "vae/c"
    folder = "vae"
    sha256 = "ABC"
    """
    with pytest.raises(ManifestRefused) as caught:
        manifest.parse(text)
    told = "\n".join(caught.value.problems)
    for part in ("format is 2", "name is missing", "revision is -1", "folder 'lora'", "size 'big'", "'../b'", "'ABC'"):
        assert part in told


def test_two_files_that_would_be_one_link_are_refused() -> None:
    clash = manifest.render(
        bundle([entry("vae/a"), BundleFile(path="x/a", folder="vae", size=1, sha256=None, licence="")])
    )
    with pytest.raises(ManifestRefused, match="another file is already models/vae/a"):
        manifest.parse(clash)
