"""The hub's cache in every shape it has: where a file really is, how large, and which name is its digest."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from imgvid.bundle import cache
from imgvid.bundle.verdict import Verdict, judge
from tests.support.hub_cache import MAIN, OLDER, Cache, bundle, entry, fake_sha

BIG = 70 * 1024 * 1024  # larger than what is read when nothing else tells the digest


@pytest.fixture
def hub(tmp_path: Path) -> Cache:
    made = Cache(tmp_path / "hub")
    made.main(MAIN)
    return made


def held(hub: Cache, path: str, commit: str = MAIN) -> cache.Held | None:
    return cache.look(hub.snapshot(commit), path)


def test_a_blob_is_named_by_its_sha256(hub: Cache) -> None:
    blob = hub.blob(MAIN, "vae/v.safetensors", fake_sha("v"), size=BIG)
    found = held(hub, "vae/v.safetensors")
    assert found == cache.Held(path=blob.resolve(), size=BIG, sha256=fake_sha("v"))


def test_in_a_shared_store_the_last_name_is_not_the_digest(hub: Cache) -> None:
    xet = "f" * 64  # as long as a sha256, and none
    blob = hub.shared(MAIN, "vae/v.safetensors", fake_sha("v"), size=BIG, xet=xet)
    found = held(hub, "vae/v.safetensors")
    assert found == cache.Held(path=blob.resolve(), size=BIG, sha256=fake_sha("v"))


def test_a_small_file_named_by_git_is_read(hub: Cache) -> None:
    hub.blob(MAIN, "README.md", "c" * 40, data=b"hello")
    found = held(hub, "README.md")
    assert found is not None
    assert found.sha256 == hashlib.sha256(b"hello").hexdigest()


def test_a_plain_large_file_has_no_digest_unless_the_tree_tells(hub: Cache) -> None:
    hub.plain(MAIN, "vae/v.safetensors", size=BIG)
    found = held(hub, "vae/v.safetensors")
    assert found is not None
    assert found.sha256 is None
    file = entry("vae/v.safetensors", BIG)
    assert judge(file, found).verdict is Verdict.UNPROVEN
    hub.tree(MAIN, [file])
    snapshot = cache.snapshots(hub.root, hub.repo)[0]
    told = cache.look(snapshot.path, file.path, tree=cache.tree(snapshot))
    assert judge(file, told).verdict is Verdict.GOOD


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": {"a": null}}'])
def test_a_tree_of_another_shape_is_no_tree(hub: Cache, text: str) -> None:
    hub.snapshot(MAIN)
    (hub.folder / "trees").mkdir()
    (hub.folder / "trees" / f"{MAIN}.json").write_text(text)
    assert cache.tree(cache.snapshots(hub.root, hub.repo)[0]) == {}


def test_a_broken_link_is_absent(hub: Cache) -> None:
    blob = hub.blob(MAIN, "vae/v.safetensors", fake_sha("v"), size=10)
    blob.unlink()
    assert held(hub, "vae/v.safetensors") is None


def test_a_link_in_a_circle_is_absent(hub: Cache) -> None:
    place = hub.snapshot(MAIN) / "loop"
    place.symlink_to(place)
    assert held(hub, "loop") is None


def test_a_folder_is_no_file(hub: Cache) -> None:
    (hub.snapshot(MAIN) / "vae").mkdir()
    assert held(hub, "vae") is None


def test_main_comes_first_and_may_end_in_a_newline(hub: Cache) -> None:
    hub.snapshot(OLDER)
    hub.snapshot(MAIN)
    hub.main(OLDER, newline=True)
    assert [s.commit for s in cache.snapshots(hub.root, hub.repo)] == [OLDER, MAIN]


def test_a_revision_is_a_commit_its_beginning_or_a_ref(hub: Cache) -> None:
    hub.snapshot(OLDER)
    hub.snapshot(MAIN)
    (hub.folder / "refs" / "v3").write_text(OLDER)
    for revision in (OLDER, OLDER[:7], "v3"):
        assert [s.commit for s in cache.snapshots(hub.root, hub.repo, revision=revision)] == [OLDER]
    assert cache.snapshots(hub.root, hub.repo, revision="b") == []  # six digits or fewer name nothing
    assert cache.snapshots(hub.root, hub.repo, revision="v4") == []


def test_repos_are_listed_without_the_shared_store(hub: Cache) -> None:
    hub.shared(MAIN, "vae/v", fake_sha("v"), size=1, xet="f" * 64)
    Cache(hub.root, "other/name-with--dashes").snapshot(MAIN)
    (hub.root / "CACHEDIR.TAG").touch()
    (hub.root / ".locks").mkdir()
    (hub.root / "datasets--a--b").mkdir()
    assert cache.repos(hub.root) == ["org/bundle", "other/name-with"]
    assert cache.repos(hub.root / "absent") == []


@pytest.mark.parametrize(
    ("size", "sha", "verdict"),
    [
        (1_000, fake_sha("vae/v"), Verdict.GOOD),
        (999, fake_sha("vae/v"), Verdict.PARTIAL),
        (1_001, fake_sha("vae/v"), Verdict.WRONG),
        (1_000, "0" * 64, Verdict.WRONG),
        (1_000, None, Verdict.UNPROVEN),
    ],
)
def test_verdicts(size: int, sha: str | None, verdict: Verdict) -> None:
    assert judge(entry("vae/v"), cache.Held(path=Path("x"), size=size, sha256=sha)).verdict is verdict


def test_what_the_manifest_does_not_know_is_never_good() -> None:
    unfilled = bundle([entry("vae/v")]).files[0]
    for lacking in ({"size": None}, {"sha256": None}):
        file = type(unfilled)(**{**{k: getattr(unfilled, k) for k in unfilled.__slots__}, **lacking})
        assert judge(file, cache.Held(path=Path("x"), size=1_000, sha256=fake_sha("vae/v"))).verdict is Verdict.WRONG
    assert judge(unfilled, None).verdict is Verdict.ABSENT
