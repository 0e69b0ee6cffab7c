"""The Hugging Face Hub, as far as a bundle needs it. The only room that imports huggingface_hub.

HubRefused   the hub said no, or cannot be reached; the text says what to do
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from imgvid.ops.bundle.plan import Remote

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationCopy, HfApi


class HubRefused(Exception):
    """The hub did not do it. The message is for the operator and names no token."""


class Hub:
    """One account's view of the hub. The token goes nowhere else and is never logged."""

    def __init__(self, *, token: str) -> None:
        from huggingface_hub import HfApi

        self._api: HfApi = HfApi(token=token, library_name="imgvid")
        self._stored: dict[tuple[str, Path], CommitOperationAdd] = {}

    def ensure(self, repo: str) -> bool:
        """Make the private repo if it is not there. Returns whether it is private. Idempotent."""
        with _told(repo):
            self._api.create_repo(repo, private=True, repo_type="model", exist_ok=True)
            return bool(self._api.repo_info(repo).private)

    def head(self, repo: str, revision: str) -> str:
        """The commit that a branch, tag or commit stands for."""
        with _told(repo):
            return str(self._api.repo_info(repo, revision=revision).sha)

    def files(self, repo: str, commit: str) -> dict[str, Remote]:
        """Every file of a commit."""
        from huggingface_hub.hf_api import RepoFile

        with _told(repo):
            entries = list(self._api.list_repo_tree(repo, recursive=True, revision=commit))
        return {
            entry.path: Remote(size=entry.size, sha256=entry.lfs.sha256 if entry.lfs else None)
            for entry in entries
            if isinstance(entry, RepoFile)
        }

    def read(self, repo: str, commit: str, path: str, *, into: Path) -> str:
        """A small text file; `into` is a folder to download to."""
        with _told(repo):
            return Path(self._api.hf_hub_download(repo, path, revision=commit, local_dir=into)).read_text()

    def store(self, repo: str, revision: str, path: str, source: Path) -> None:
        """Send a file's bytes without a commit. What the hub already holds is not sent again, so this resumes."""
        from huggingface_hub import CommitOperationAdd

        with _told(repo):
            addition = CommitOperationAdd(path_in_repo=path, path_or_fileobj=source)
            self._api.preupload_lfs_files(repo, [addition], revision=revision)
        self._stored[path, source] = addition  # the commit takes it as it is, so that it is not read and hashed again

    def commit(
        self,
        repo: str,
        revision: str,
        *,
        added: Mapping[str, Path | bytes],
        removed: tuple[str, ...],
        message: str,
        parent: str,
    ) -> str:
        """One atomic commit on top of `parent`. Raises HubRefused where the branch has moved meanwhile."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
            CommitOperationDelete(path_in_repo=path) for path in removed
        ]
        for path, source in added.items():
            stored = self._stored.get((path, source)) if isinstance(source, Path) else None
            operations.append(stored or CommitOperationAdd(path_in_repo=path, path_or_fileobj=source))
        with _told(repo):
            done = self._api.create_commit(
                repo, operations, commit_message=message, revision=revision, parent_commit=parent
            )
        return str(done.oid)


_HINTS = {
    401: "the token is wrong or has expired (HF_TOKEN)",
    403: "the token may not do this: it needs write access to this repo, and the account room for it",
    404: "there is no such repo or revision, or the token may not see it",
    409: "somebody else changed the branch at this moment; run the push again, what is stored is not sent twice",
    412: "somebody else changed the branch at this moment; run the push again, what is stored is not sent twice",
    429: "the hub asks to wait; run it again in five minutes, what is stored is not sent twice",
}


@contextmanager
def _told(repo: str) -> Iterator[None]:
    """Foreign errors become a sentence; only our own type leaves this room."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except HfHubHTTPError as error:
        raise _refused(repo, error) from error
    except RuntimeError as error:  # the library's word for an upload that failed; the reason is its cause
        raise _refused(repo, error.__cause__ or error) from error
    except (OSError, ValueError) as error:
        raise _refused(repo, error) from error


def _refused(repo: str, error: BaseException) -> HubRefused:
    response = getattr(error, "response", None)
    if response is None:
        return HubRefused(f"{repo}: {type(error).__name__}: {error}; run it again, what is stored stays")
    status = response.status_code
    return HubRefused(f"{repo}: {_HINTS.get(status, 'the hub refused')} (HTTP {status})")
