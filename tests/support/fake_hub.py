"""A hub on loopback, for the requests that facts/runpod.md 5 lists plus the upload protocol (preupload, LFS batch, commit).

It is a server with opinions: bytes are stored under the sha256 that they really have, a commit may only name bytes that are
stored, a commit on a parent that is not the head is 412, and without a token nothing is seen.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.hub_cache import git_sha1

TOKEN = "hf_" + "t" * 34
LARGE = 1_000  # bytes from which on this hub wants LFS; text stays in git


@dataclass
class Repo:
    private: bool
    commits: dict[str, dict[str, tuple[str, int, bool]]] = field(
        default_factory=dict
    )  # sha -> path -> (oid, size, large)
    log: list[str] = field(default_factory=list)  # commit messages, oldest first
    head: str = ""


class FakeHub:
    """One account with any number of repos. `refuse` is asked before each request: a status to answer with, or None."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.stored: dict[str, bytes] = {}
        self.puts: list[str] = []
        self.seen: list[str] = []
        self.refuse: Callable[[str, str], int | None] = lambda _method, _path: None
        self.before_commit: Callable[[Repo, str], None] = lambda _repo, _message: None
        self.url = ""

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 2**20, middlewares=[self._gate])
        repo = "/{org}/{name}"
        app.router.add_post("/api/repos/create", self._create)
        app.router.add_get(f"/api/models{repo}", self._info)
        app.router.add_get(f"/api/models{repo}/revision/{{rev}}", self._info)
        app.router.add_get(f"/api/models{repo}/tree/{{rev}}", self._tree)
        app.router.add_post(f"/api/models{repo}/preupload/{{rev}}", self._preupload)
        app.router.add_post(f"/api/models{repo}/commit/{{rev}}", self._commit)
        app.router.add_post(f"{repo}.git/info/lfs/objects/batch", self._batch)
        app.router.add_put("/store/{oid}", self._put)
        app.router.add_get(f"{repo}/resolve/{{rev}}/{{path:.+}}", self._resolve)
        return app

    def files(self, repo: str) -> dict[str, tuple[str, int, bool]]:
        return self.repos[repo].commits[self.repos[repo].head]

    def add(self, repo: Repo, files: dict[str, tuple[str, int, bool]], message: str) -> str:
        repo.log.append(message)
        sha = hashlib.sha1(f"{len(repo.log)}{message}".encode(), usedforsecurity=False).hexdigest()
        repo.commits[sha] = files
        repo.head = sha
        return sha

    @web.middleware
    async def _gate(self, request: web.Request, handler: Callable) -> web.StreamResponse:
        self.seen.append(f"{request.method} {request.path}")
        status = self.refuse(request.method, request.path)
        if status is not None:
            return web.json_response({"error": "refused"}, status=status)
        if not request.path.startswith("/store/") and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "Invalid username or password."}, status=401)
        return await handler(request)

    def _repo(self, request: web.Request) -> tuple[Repo, str]:
        repo = self.repos.get(f"{request.match_info['org']}/{request.match_info['name']}")
        if repo is None:
            raise web.HTTPNotFound(headers={"X-Error-Code": "RepoNotFound"})
        revision = request.match_info.get("rev", "main")
        commit = repo.head if revision == "main" else revision
        if commit not in repo.commits:
            raise web.HTTPNotFound(headers={"X-Error-Code": "RevisionNotFound"})
        return repo, commit

    async def _create(self, request: web.Request) -> web.Response:
        asked = await request.json()
        name = f"{asked['organization']}/{asked['name']}"
        url = {"url": f"{self.url}/{name}"}
        if name in self.repos:
            return web.json_response(url | {"error": "You already created this model repo"}, status=409)
        self.repos[name] = Repo(private=asked.get("private", False) or asked.get("visibility") == "private")
        self.add(self.repos[name], {".gitattributes": ("0" * 40, 10, False)}, "initial commit")
        return web.json_response(url)

    async def _info(self, request: web.Request) -> web.Response:
        repo, commit = self._repo(request)
        name = f"{request.match_info['org']}/{request.match_info['name']}"
        return web.json_response({"_id": "1", "id": name, "sha": commit, "private": repo.private, "siblings": []})

    async def _tree(self, request: web.Request) -> web.Response:
        repo, commit = self._repo(request)
        entries = []
        for path, (oid, size, large) in sorted(repo.commits[commit].items()):
            entry: dict[str, object] = {"type": "file", "path": path, "size": size, "oid": oid[:40]}
            if large:
                entry["lfs"] = {"oid": oid, "size": size, "pointerSize": 134}
            entries.append(entry)
        return web.json_response(entries)

    async def _preupload(self, request: web.Request) -> web.Response:
        self._repo(request)
        files = (await request.json())["files"]
        modes = [
            {
                "path": f["path"],
                "uploadMode": "lfs" if f["size"] >= LARGE and not f["path"].endswith(".toml") else "regular",
                "shouldIgnore": False,
            }
            for f in files
        ]
        return web.json_response({"files": modes})

    async def _batch(self, request: web.Request) -> web.Response:
        objects = []
        for item in (await request.json())["objects"]:
            if item["oid"] not in self.stored:
                item = item | {"actions": {"upload": {"href": f"{self.url}/store/{item['oid']}"}}}
            objects.append(item)
        answer = {"transfer": "basic", "objects": objects}
        return web.json_response(answer, content_type="application/vnd.git-lfs+json")

    async def _put(self, request: web.Request) -> web.Response:
        data, oid = await request.read(), request.match_info["oid"]
        if hashlib.sha256(data).hexdigest() != oid:
            return web.Response(status=400, text="these bytes have another sha256")
        self.puts.append(oid)
        self.stored[oid] = data
        return web.Response()

    async def _commit(self, request: web.Request) -> web.Response:
        repo, commit = self._repo(request)
        lines = [json.loads(line) for line in (await request.text()).splitlines()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        self.before_commit(repo, header["summary"])
        if header.get("parentCommit", repo.head) != repo.head:
            return web.json_response({"error": "the branch has moved"}, status=412)
        files = dict(repo.commits[commit])
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                data = base64.b64decode(value["content"])
                self.stored[git_sha1(data)] = data
                files[value["path"]] = (git_sha1(data), len(data), False)
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.stored:
                    return web.json_response({"error": f"{value['oid']} is not stored"}, status=400)
                files[value["path"]] = (value["oid"], len(self.stored[value["oid"]]), True)
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        sha = self.add(repo, files, header["summary"])
        name = f"{request.match_info['org']}/{request.match_info['name']}"
        return web.json_response({"commitUrl": f"{self.url}/{name}/commit/{sha}", "commitOid": sha})

    async def _resolve(self, request: web.Request) -> web.Response:
        repo, commit = self._repo(request)
        oid, size, large = repo.commits[commit][request.match_info["path"]]
        headers = {"X-Repo-Commit": commit, "ETag": f'"{oid}"'}
        if large:
            headers |= {"X-Linked-Size": str(size), "X-Linked-ETag": f'"{oid}"'}
        return web.Response(body=self.stored[oid], headers=headers)
