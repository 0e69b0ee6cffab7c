"""Push and verify as an operator runs them: the real command, the real hub library, a hub on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from imgvid.bundle import manifest
from tests.support.fake_hub import TOKEN, FakeHub, Repo
from tests.support.hub_cache import Cache

REPO = "org/bundle"
BIG = {"vae/v": b"v" * 5_000, "diffusion_models/high": b"h" * 20_000, "loras/l": b"l" * 3_000}


@pytest.fixture
async def hub() -> AsyncIterator[FakeHub]:
    fake = FakeHub()
    runner = web.AppRunner(fake.app(), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "models"
    for path, data in BIG.items():
        (made / path).parent.mkdir(parents=True, exist_ok=True)
        (made / path).write_bytes(data)
    return made


async def imgvid_bundle(hub: FakeHub, *arguments: str, token: str = TOKEN) -> tuple[int, str]:
    env = {
        "PATH": os.environ["PATH"],
        "HF_ENDPOINT": hub.url,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HOME": os.devnull + ".none",
        "HF_TOKEN": token,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "imgvid.ops.bundle", *arguments, env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def pushed(hub: FakeHub, folder: Path) -> None:
    for arguments in (("init", str(folder)), ("push", str(folder), REPO)):
        code, said = await imgvid_bundle(hub, *arguments)
        assert code == 0, said


async def test_push_makes_a_private_repo_and_publishes_the_manifest_last(hub: FakeHub, folder: Path) -> None:
    await pushed(hub, folder)
    repo = hub.repos[REPO]
    assert repo.private
    assert repo.log == ["initial commit", "files of bundle revision 1", "bundle revision 1"]
    first, last = list(repo.commits.values())[1:]
    assert manifest.FILE_NAME not in first
    assert last.keys() == {*BIG, manifest.FILE_NAME, ".gitattributes"}
    published = manifest.parse(hub.stored[last[manifest.FILE_NAME][0]].decode())
    assert {file.path: file.sha256 for file in published.files} == {
        path: hashlib.sha256(data).hexdigest() for path, data in BIG.items()
    }
    assert (await imgvid_bundle(hub, "verify", REPO))[0] == 0


async def test_again_without_a_change_does_nothing(hub: FakeHub, folder: Path) -> None:
    await pushed(hub, folder)
    code, said = await imgvid_bundle(hub, "push", str(folder), REPO)
    assert code == 0, said
    assert "nothing to do" in said
    assert len(hub.repos[REPO].log) == 3


async def test_a_broken_upload_publishes_nothing_and_resumes_without_sending_twice(hub: FakeHub, folder: Path) -> None:
    await imgvid_bundle(hub, "init", str(folder))
    hub.refuse = lambda method, path: 403 if method == "PUT" and hub.puts else None
    code, said = await imgvid_bundle(hub, "push", str(folder), REPO)
    assert code == 1
    assert "HTTP 403" in said
    assert len(hub.puts) == 1
    assert hub.repos[REPO].log == ["initial commit"]
    hub.refuse = lambda _method, _path: None
    code, said = await imgvid_bundle(hub, "push", str(folder), REPO)
    assert code == 0, said
    assert len(hub.puts) == len(set(hub.puts)) == len(BIG)


async def test_a_push_that_dies_before_the_manifest_is_no_bundle(hub: FakeHub, folder: Path) -> None:
    await imgvid_bundle(hub, "init", str(folder))

    def die(_repo: Repo, message: str) -> None:
        if message.startswith("bundle revision"):
            raise web.HTTPForbidden

    hub.before_commit = die
    assert (await imgvid_bundle(hub, "push", str(folder), REPO))[0] == 1
    code, said = await imgvid_bundle(hub, "verify", REPO)
    assert code == 1
    assert "no readable bundle.toml" in said


async def test_a_new_lora_makes_the_next_revision(hub: FakeHub, folder: Path) -> None:
    await pushed(hub, folder)
    (folder / "loras/new").write_bytes(b"n" * 4_000)
    sent = len(hub.puts)
    await pushed(hub, folder)
    assert len(hub.puts) == sent + 1
    assert manifest.parse((folder / manifest.FILE_NAME).read_text()).revision == 2
    assert hub.repos[REPO].log[-1] == "bundle revision 2"


async def test_a_replaced_file_and_its_manifest_change_in_one_commit(hub: FakeHub, folder: Path) -> None:
    """Between the two commits of a push, what `main` describes is always what `main` holds."""
    await pushed(hub, folder)
    (folder / "vae/v").write_bytes(b"w" * 6_000)
    (folder / "loras/new").write_bytes(b"n" * 4_000)
    text = (folder / manifest.FILE_NAME).read_text()
    old = manifest.parse(text)
    forgotten = old.with_files(f for f in old.files if f.path != "vae/v")
    (folder / manifest.FILE_NAME).write_text(manifest.render(forgotten))
    await pushed(hub, folder)
    for files in list(hub.repos[REPO].commits.values())[2:]:
        described = manifest.parse(hub.stored[files[manifest.FILE_NAME][0]].decode())
        assert all(files[f.path][0] == f.sha256 for f in described.files)


async def test_a_file_changed_after_init_is_found_before_anything_is_published(hub: FakeHub, folder: Path) -> None:
    await imgvid_bundle(hub, "init", str(folder))
    (folder / "diffusion_models/high").write_bytes(b"H" * 20_000)  # the same size
    code, said = await imgvid_bundle(hub, "push", str(folder), REPO)
    assert code == 1
    assert "diffusion_models/high" in said
    assert manifest.FILE_NAME not in hub.files(REPO) if REPO in hub.repos else True


async def test_two_pushes_at_once_do_not_mix(hub: FakeHub, folder: Path) -> None:
    await imgvid_bundle(hub, "init", str(folder))

    def overtaken(repo: Repo, message: str) -> None:
        if message.startswith("bundle revision"):
            hub.add(repo, dict(repo.commits[repo.head]), "somebody else")

    hub.before_commit = overtaken
    code, said = await imgvid_bundle(hub, "push", str(folder), REPO)
    assert code == 1
    assert "run the push again" in said
    assert manifest.FILE_NAME not in hub.files(REPO)


async def test_verify_sees_a_file_that_was_changed_on_the_hub(hub: FakeHub, folder: Path) -> None:
    await pushed(hub, folder)
    repo, other = hub.repos[REPO], b"x" * 5_000
    hub.stored[hashlib.sha256(other).hexdigest()] = other
    files = dict(hub.files(REPO)) | {"vae/v": (hashlib.sha256(other).hexdigest(), 5_000, True)}
    hub.add(repo, files, "by hand")
    code, said = await imgvid_bundle(hub, "verify", REPO)
    assert code == 1
    assert "vae/v: the hub has" in said


async def test_a_wrong_token_is_a_sentence_and_never_shown(hub: FakeHub, folder: Path) -> None:
    await imgvid_bundle(hub, "init", str(folder))
    wrong = "hf_" + "w" * 34
    code, said = await imgvid_bundle(hub, "push", str(folder), REPO, token=wrong)
    assert code == 1
    assert "HF_TOKEN" in said
    assert wrong not in said
    code, said = await imgvid_bundle(hub, "push", str(folder), REPO, token="")
    assert code == 1
    assert "HF_TOKEN is not set" in said


async def test_init_check_and_offline_verify_need_no_hub(hub: FakeHub, folder: Path, tmp_path: Path) -> None:
    assert (await imgvid_bundle(hub, "init", str(folder), token=""))[0] == 0
    assert (await imgvid_bundle(hub, "check", str(folder), "--hash", token=""))[0] == 0
    text = (folder / manifest.FILE_NAME).read_text().replace("optional = true\n", "")
    content = manifest.parse(text)
    cache = Cache(tmp_path / "hub", REPO)
    cache.main("a" * 40)
    cache.whole("a" * 40, content, without=["vae/v"])
    code, said = await imgvid_bundle(hub, "verify", REPO, "--cache", str(cache.root), token="")
    assert code == 1
    assert "vae/v: missing" in said
    assert hub.seen == []
