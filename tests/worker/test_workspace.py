"""The job folder: there while it is needed, gone on every way out, never anywhere else."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from imgvid.worker.workspace import Root, Workspace, choose_root

HOLDER = """
import sys, time, os
from pathlib import Path
from uuid import UUID
from imgvid.worker.workspace import Root, Workspace
space = Workspace(Root(path=Path(sys.argv[1]), is_tmpfs=False))
with space.job(UUID(sys.argv[2])) as folder:
    (folder / "input.png").write_bytes(b"x" * 1000)
    if os.fork() == 0:
        time.sleep(30)  # a child as the SDK's ping process: it lives on and must not hold the root
        os._exit(0)
    print("ready", flush=True)
    time.sleep(30)
"""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(path=tmp_path / "jobs", is_tmpfs=False)


def test_a_job_folder_is_private_and_gone_afterwards(root: Root) -> None:
    space = Workspace(root)
    job = uuid4()
    with space.job(job) as folder:
        assert folder == root.path / str(job)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(root.path.stat().st_mode) == 0o700
        (folder / "deep").mkdir()
        (folder / "deep" / "out.mp4").write_bytes(b"1234")
        assert space.residual_bytes() == 4
    assert not folder.exists()
    assert space.residual_bytes() == 0
    space.close()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_it_is_gone_after_any_exception(root: Root, error: type[BaseException]) -> None:
    space = Workspace(root)
    job = uuid4()

    def work() -> None:
        with space.job(job) as folder:
            (folder / "input.png").write_bytes(b"1")
            raise error

    with pytest.raises(error):
        work()
    assert not (root.path / str(job)).exists()
    space.close()


def test_a_link_inside_is_removed_and_not_followed(root: Root, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "file").write_text("keep")
    space = Workspace(root)
    with space.job(uuid4()) as folder:
        (folder / "link").symlink_to(outside)
    assert (outside / "file").read_text() == "keep"
    space.close()


def test_a_start_purges_what_a_dead_worker_left_and_nothing_else(root: Root) -> None:
    left = root.path / str(uuid4())
    left.mkdir(parents=True)
    (left / "input.png").write_bytes(b"x" * 10)
    (root.path / str(uuid4())).write_bytes(b"y" * 5)  # a file named like a job
    other = root.path / "somebody-elses"
    other.mkdir()
    (other / "file").write_text("keep")
    space = Workspace(root)
    assert space.purged_bytes == 15
    assert not left.exists()
    assert (other / "file").read_text() == "keep"
    space.close()


def test_a_living_workers_files_stay_and_a_killed_ones_go_at_the_next_start(root: Root) -> None:
    job = uuid4()
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root.path), str(job)], stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        assert holder.stdout is not None
        assert b"ready\n" in iter(holder.stdout.readline, b"")
        beside = Workspace(root)
        assert (beside.root.path, beside.purged_bytes) == (root.path / "beside-1", 0)
        with beside.job(job) as folder:  # the same job again, next to its living run
            (folder / "input.png").write_bytes(b"y" * 7)
            assert beside.residual_bytes() == 7
            assert (root.path / str(job) / "input.png").stat().st_size == 1000
        beside.close()
        holder.kill()
        holder.wait()
        space = Workspace(root)  # the forked child is still alive
        assert space.root.path == root.path
        assert space.purged_bytes == 1000
        assert space.residual_bytes() == 0
        space.close()
    finally:
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()


def test_the_root_is_memory_where_there_is_some(tmp_path: Path) -> None:
    mounts, shm = tmp_path / "mounts", tmp_path / "my shm"
    shm.mkdir()
    escaped = str(shm).replace(" ", "\\040")
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\ntmpfs {escaped} tmpfs rw 0 0\n")
    assert choose_root(None, shm=shm, mounts=mounts) == Root(path=shm / "imgvid", is_tmpfs=True)
    assert choose_root(shm / "mine", shm=shm, mounts=mounts) == Root(path=shm / "mine", is_tmpfs=True)
    assert choose_root(tmp_path / "disk", shm=shm, mounts=mounts) == Root(path=tmp_path / "disk", is_tmpfs=False)
    mounts.write_text("/dev/sda / ext4 rw 0 0\n")  # a plain folder that is called shm
    fallback = choose_root(None, shm=shm, mounts=mounts)
    assert fallback.is_tmpfs is False
    assert fallback.path.name == "imgvid"
    assert not fallback.path.is_relative_to(shm)


def test_without_proc_nothing_is_taken_for_memory(tmp_path: Path) -> None:
    assert choose_root(tmp_path, mounts=tmp_path / "absent").is_tmpfs is False


def test_a_start_purges_the_places_of_all_dead_workers(root: Root) -> None:
    left = root.path / "beside-3" / str(uuid4())
    left.mkdir(parents=True)
    (left / "out.mp4").write_bytes(b"x" * 9)
    space = Workspace(root)
    assert (space.root.path, space.purged_bytes) == (root.path, 9)
    assert not left.exists()
    space.close()


def test_a_root_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        Workspace(Root(path=tmp_path / "file" / "jobs", is_tmpfs=False))


def test_only_a_uuid_names_a_folder(root: Root) -> None:
    space = Workspace(root)
    with space.job(UUID("00000000-0000-0000-0000-000000000001")) as folder:
        assert folder.parent == root.path
    space.close()
