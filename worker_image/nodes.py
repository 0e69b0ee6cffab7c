"""Fetch what nodes.lock names, and prove that it loads. Runs while the image is built; standard library and git only.

python nodes.py fetch nodes.lock /opt/ComfyUI      every repository at its commit, without its history
python nodes.py smoke nodes.lock /opt/ComfyUI      ComfyUI loads every pack on the CPU; a pack that fails ends the build
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path


def git(place: Path, *arguments: str) -> str:
    """What git says. Raises CalledProcessError."""
    argv = [shutil.which("git") or "git", "-C", str(place), *arguments]
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()  # noqa: S603 - no shell


def fetch(lock: dict, root: Path) -> int:
    """Each commit is asked for by name and compared afterwards: a moved tag or branch cannot change the image."""
    places = [(root, lock["comfyui"])]
    places += [(root / "custom_nodes" / pack["folder"], pack) for pack in lock["pack"]]
    for place, entry in places:
        print(f"nodes: {entry['repo']} {entry['commit'][:12]} ({entry['version']})", flush=True)
        place.mkdir(parents=True, exist_ok=True)
        try:
            git(place, "init", "--quiet")
            git(place, "fetch", "--quiet", "--depth", "1", entry["repo"], entry["commit"])
            git(place, "checkout", "--quiet", "--detach", "FETCH_HEAD")
            got = git(place, "rev-parse", "HEAD")
        except subprocess.CalledProcessError:  # git has said why, above
            print(f"nodes: {entry['repo']} could not be fetched at {entry['commit']}", file=sys.stderr)
            return 1
        if got != entry["commit"]:
            print(f"nodes: {entry['repo']} gave {got}, the lock says {entry['commit']}", file=sys.stderr)
            return 1
        shutil.rmtree(place / ".git")
    # Impact Pack's installer fetches weights unless this file is there (facts of the pack; we never run the installer).
    (root / "custom_nodes" / "skip_download_model").touch()
    return 0


def smoke(lock: dict, root: Path) -> int:
    """Load ComfyUI with every pack and look at what it says of them."""
    with tempfile.TemporaryDirectory() as home:
        argv = [
            sys.executable, "main.py", "--cpu", "--quick-test-for-ci", "--disable-api-nodes", "--log-stdout",
            "--database-url", "sqlite:///:memory:", "--user-directory", home,
        ]  # fmt: skip
        env = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HOME": home}
        done = subprocess.run(argv, cwd=root, env=env, capture_output=True, text=True, check=False, timeout=600)  # noqa: S603 - no shell
    lines = (done.stdout + done.stderr).splitlines()
    failed = {line.rsplit("/", 1)[-1].strip() for line in lines if "IMPORT FAILED" in line}
    seen = {line.rsplit("/", 1)[-1].strip() for line in lines if "seconds" in line and "custom_nodes/" in line}
    fatal = []
    for pack in lock["pack"]:
        if pack["folder"] in seen - failed:
            print(f"nodes: {pack['folder']} {pack['version']} loads")
        elif pack.get("may_fail"):
            print(f"nodes: WARNING: {pack['folder']} {pack['version']} does not load; the image goes without it")
        else:
            fatal.append(pack["folder"])
    if done.returncode or fatal:
        print("\n".join(lines[-80:]), file=sys.stderr)
        print(f"nodes: exit {done.returncode}; do not load: {', '.join(fatal) or 'none'}", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fetch", "smoke"])
    parser.add_argument("lock", type=Path)
    parser.add_argument("root", type=Path)
    options = parser.parse_args()
    lock = tomllib.loads(options.lock.read_text())
    return (fetch if options.what == "fetch" else smoke)(lock, options.root)


if __name__ == "__main__":
    sys.exit(main())
