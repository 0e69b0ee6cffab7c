"""Push a folder: resumable, the manifest last, never a moment in which `main` describes what is not there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from imgvid.bundle import manifest
from imgvid.bundle.manifest import FILE_NAME, Manifest
from imgvid.bundle.verdict import USABLE, Verdict, readable
from imgvid.ops.bundle import folder as folders
from imgvid.ops.bundle.folder import FolderRefused
from imgvid.ops.bundle.hub import Hub, HubRefused
from imgvid.ops.bundle.plan import PushPlan, Remote, plan, unlike


def push(
    hub: Hub, folder: Path, repo: str, *, revision: str, prune: bool, told: Callable[[str], None]
) -> tuple[Manifest, str]:
    """Bring the hub to what the folder holds; returns the published manifest and its commit.

    Run it again after any failure: stored bytes are not sent twice, and nothing was published before the last commit.
    Raises FolderRefused, HubRefused.
    """
    ours = _ready(folder)
    if not hub.ensure(repo):
        told(f"WARNING: {repo} is public: everybody can download these models")
    head = hub.head(repo, revision)
    remote = hub.files(repo, head)
    published = published_manifest(hub, repo, head, remote)
    steps = plan(ours, published, remote, prune=prune)
    if steps.nothing and published is not None and published.files == ours.files:
        told(f"nothing to do: {repo} holds revision {published.revision}")
        return published, head
    _tell(steps, told)
    head = _add(hub, folder, repo, revision, steps, head=head, told=told)
    final = replace(ours, revision=steps.revision)
    for file in steps.replaced:
        told(f"storing {file.path} ({readable(file.size or 0)}), published at the end")
        hub.store(repo, revision, file.path, folder / file.path)
    text = manifest.render(final)
    commit = hub.commit(
        repo,
        revision,
        added={**{file.path: folder / file.path for file in steps.replaced}, FILE_NAME: text.encode()},
        removed=steps.removed,
        message=f"bundle revision {final.revision}",
        parent=head,
    )
    _compare(hub, repo, commit, final)
    (folder / FILE_NAME).write_text(text)
    return final, commit


def published_manifest(hub: Hub, repo: str, commit: str, remote: dict[str, Remote]) -> Manifest | None:
    """The manifest of a commit; None where it has none or one that nobody can read (a worker would refuse it too)."""
    if FILE_NAME not in remote:
        return None
    with tempfile.TemporaryDirectory() as into:
        text = hub.read(repo, commit, FILE_NAME, into=Path(into))
    try:
        return manifest.parse(text)
    except manifest.ManifestRefused:
        return None


def _ready(folder: Path) -> Manifest:
    """The folder's manifest, whole: every file here, none of another size. Digests are compared on the hub."""
    ours = folders.read_manifest(folder)
    problems = [f"{path}: size or sha256 is missing; run `imgvid bundle init {folder}`" for path in ours.incomplete()]
    looked = folders.judged(folder, ours, hashed=False, told=lambda _: None)
    absent = {item.file.path for item in looked if item.verdict is Verdict.ABSENT and item.file.optional}
    problems += [
        item.why
        for item in looked
        if item.verdict not in USABLE and item.file.path not in absent | set(ours.incomplete())
    ]
    if problems:
        raise FolderRefused(problems)
    return ours.with_files(file for file in ours.files if file.path not in absent)


def _tell(steps: PushPlan, told: Callable[[str], None]) -> None:
    size = sum(file.size or 0 for file in (*steps.added, *steps.replaced))
    told(
        f"{len(steps.added)} to add, {len(steps.replaced)} to replace, {len(steps.removed)} to remove, {steps.same} there; "
        f"{readable(size)} at most; becomes revision {steps.revision}"
    )


def _add(
    hub: Hub, folder: Path, repo: str, revision: str, steps: PushPlan, *, head: str, told: Callable[[str], None]
) -> str:
    """Store the new files one by one, then name them all in one commit. Returns the branch's commit."""
    if not steps.added:
        return head
    for number, file in enumerate(steps.added, 1):
        told(f"storing {file.path} ({readable(file.size or 0)}), {number} of {len(steps.added)}")
        hub.store(repo, revision, file.path, folder / file.path)
    head = hub.commit(
        repo,
        revision,
        added={file.path: folder / file.path for file in steps.added},
        removed=(),
        message=f"files of bundle revision {steps.revision}",
        parent=head,
    )
    stored = Manifest(name="added", revision=0, files=steps.added)
    _compare(hub, repo, head, stored)
    return head


def _compare(hub: Hub, repo: str, commit: str, content: Manifest) -> None:
    problems = unlike(content, hub.files(repo, commit))
    if problems:
        raise HubRefused(
            f"{repo}@{commit[:12]} is not what {FILE_NAME} says: {'; '.join(problems)}. "
            "Was a file changed since `imgvid bundle init`? Run it again, then push"
        )
