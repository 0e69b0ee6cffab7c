"""Finding the bundle: a filling cache is waited for, a wrong one refused, a half-uploaded one never used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from imgvid.bundle.manifest import FILE_NAME
from imgvid.worker.bootstrap import seek, settings
from imgvid.worker.bootstrap.settings import BootstrapRefused, BootstrapSettings
from tests.support.hub_cache import MAIN, OLDER, Cache, bundle, entry, fake_sha, raised

CONTENT = bundle([entry("vae/v"), entry("loras/l"), entry("loras/extra", optional=True)])


@pytest.fixture
def hub(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "hub")


@pytest.fixture
def asked(hub: Cache) -> BootstrapSettings:
    return replace(settings.read({"BUNDLE_CACHE": str(hub.root)}), wait=timedelta(seconds=300))


class Clock:
    """Time passes only in sleep; `then` runs before the look that follows."""

    def __init__(self, *then: Callable[[], None]) -> None:
        self.now = 0.0
        self.then = list(then)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.then:
            self.then.pop(0)()


async def find(asked: BootstrapSettings, clock: Clock | None = None) -> seek.Bundle:
    clock = clock or Clock()
    return await seek.seek(asked, clock=clock, sleep=clock.sleep)


async def test_a_whole_snapshot_is_taken_at_once(hub: Cache, asked: BootstrapSettings) -> None:
    hub.main(MAIN)
    hub.whole(MAIN, CONTENT)
    clock = Clock()
    found = await find(asked, clock)
    assert found.label == f"org/bundle@{MAIN[:12]} r1"
    assert clock.now == 0


async def test_an_optional_file_may_be_absent(hub: Cache, asked: BootstrapSettings) -> None:
    hub.main(MAIN)
    hub.whole(MAIN, CONTENT, without=["loras/extra"])
    assert (await find(asked)).snapshot.commit == MAIN


async def test_a_cache_that_fills_is_waited_for(hub: Cache, asked: BootstrapSettings) -> None:
    """The order in which a downloader makes it: nothing, the ref, some files, short files, the manifest, the rest."""
    clock = Clock(
        lambda: hub.main(MAIN),
        lambda: hub.manifest(MAIN, CONTENT),
        lambda: hub.blob(MAIN, "vae/v", fake_sha("vae/v"), size=300),
        lambda: hub.blob(MAIN, "vae/v", fake_sha("vae/v"), size=1_000),
        lambda: hub.blob(MAIN, "loras/l", fake_sha("loras/l"), size=1_000),
    )
    found = await find(asked, clock)
    assert found.snapshot.commit == MAIN
    assert clock.then == []
    assert clock.now == pytest.approx(10)


async def test_patience_ends_with_what_is_missing(hub: Cache, asked: BootstrapSettings) -> None:
    hub.main(MAIN)
    hub.whole(MAIN, CONTENT, without=["vae/v"])
    clock = Clock()
    with pytest.raises(BootstrapRefused) as caught:
        await find(asked, clock)
    assert any(problem.startswith("vae/v: missing") for problem in caught.value.problems)
    assert clock.now >= 300


async def test_an_empty_cache_names_the_console_step(asked: BootstrapSettings) -> None:
    with pytest.raises(BootstrapRefused, match="read token"):
        await find(asked)


async def test_a_file_of_another_content_is_refused_at_once(hub: Cache, asked: BootstrapSettings) -> None:
    hub.main(MAIN)
    hub.whole(MAIN, CONTENT, without=["vae/v"])
    hub.blob(MAIN, "vae/v", "0" * 64, size=1_000)
    clock = Clock()
    with pytest.raises(BootstrapRefused, match="vae/v: its sha256 starts 0000"):
        await find(asked, clock)
    assert clock.now == 0


async def test_main_in_the_middle_of_a_push_is_not_used_an_older_whole_one_is(
    hub: Cache, asked: BootstrapSettings
) -> None:
    """New files are there, the manifest is the old one and a file it names has been replaced."""
    hub.whole(OLDER, CONTENT)
    hub.whole(MAIN, CONTENT, without=["loras/l"])
    hub.blob(MAIN, "loras/l", "1" * 64, size=1_000)
    hub.main(MAIN)
    found = await find(asked)
    assert found.snapshot.commit == OLDER


async def test_main_that_still_fills_gets_a_grace_before_an_older_one(hub: Cache, asked: BootstrapSettings) -> None:
    hub.whole(OLDER, CONTENT)
    hub.whole(MAIN, raised(CONTENT), without=["vae/v"])
    hub.main(MAIN)
    clock = Clock()
    assert (await find(asked, clock)).snapshot.commit == OLDER
    assert clock.now == pytest.approx(seek.GRACE.total_seconds(), abs=2)


async def test_a_snapshot_without_manifest_is_not_used(hub: Cache, asked: BootstrapSettings) -> None:
    hub.main(MAIN)
    hub.whole(MAIN, CONTENT)
    (hub.snapshot(MAIN) / FILE_NAME).unlink()
    with pytest.raises(BootstrapRefused, match=r"bundle\.toml is not in"):
        await find(asked)


async def test_a_minimum_revision_waits_for_a_newer_cache(hub: Cache, asked: BootstrapSettings) -> None:
    hub.main(MAIN)
    hub.whole(MAIN, CONTENT)
    asked = replace(asked, min_revision=2)
    with pytest.raises(BootstrapRefused, match="needs 2 or newer"):
        await find(asked)
    hub.whole(OLDER, raised(CONTENT))
    assert (await find(asked)).snapshot.commit == OLDER


async def test_a_pinned_revision_has_no_stand_in(hub: Cache, asked: BootstrapSettings) -> None:
    hub.whole(MAIN, CONTENT)
    hub.main(MAIN)
    with pytest.raises(BootstrapRefused, match=OLDER):
        await find(replace(asked, revision=OLDER))


async def test_two_repos_must_be_told_apart(hub: Cache, asked: BootstrapSettings) -> None:
    hub.whole(MAIN, CONTENT)
    hub.main(MAIN)
    Cache(hub.root, "other/one").snapshot(MAIN)
    with pytest.raises(BootstrapRefused, match="BUNDLE_REPO"):
        await find(asked)
    assert (await find(replace(asked, repo="org/bundle"))).snapshot.repo == "org/bundle"


async def test_hashing_reads_what_the_names_only_promise(hub: Cache, asked: BootstrapSettings) -> None:
    hub.whole(MAIN, CONTENT)  # zeros under promised names
    hub.main(MAIN)
    with pytest.raises(BootstrapRefused, match="vae/v: its sha256 starts"):
        await find(replace(asked, hash_all=True))
