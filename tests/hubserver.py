"""As much of the Hugging Face hub as ``datasets`` asks for, on this machine: one data set with files and a commit."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Hub:
    """``repos``: name -> revision -> (commit, files by path)."""

    repos: dict[str, dict[str, tuple[str, dict[str, bytes]]]]
    address: str = ""
    asked: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}"))

    def _answer(self, asked: dict[str, Any] | None = None) -> None:
        hub: Hub = self.server.hub
        path = unquote(urlsplit(self.path).path)
        hub.asked.append(f"{self.command} {path}")
        for name, revisions in hub.repos.items():
            for start in (f"/api/datasets/{name}", f"/datasets/{name}"):
                if path == start or path.startswith(start + "/"):
                    self._about(revisions, path.removeprefix(start).strip("/"), asked)
                    return
        self._send(404, b"", {"X-Error-Code": "RepoNotFound"})

    def _about(self, revisions: dict[str, Any], rest: str, asked: dict[str, Any] | None) -> None:
        verb, _, place = rest.partition("/")
        revision, _, path = place.partition("/")
        if revision == "refs":  # refs/convert/parquet
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
            return
        revision = revision or "main"
        commits = {commit: (commit, files) for commit, files in revisions.values()}
        if revision not in revisions and revision not in commits:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
            return
        commit, files = revisions.get(revision) or commits[revision]
        if verb == "resolve":
            self._file(commit, files.get(path))
        elif verb == "paths-info":
            wanted = (asked or {}).get("paths", [])
            self._json([_entry(name, files) for name in wanted if _is_there(name, files)])
        elif verb == "tree":
            self._json([_entry(name, files) for name in _below(path, files, "recursive=true" in self.path.lower())])
        elif verb in ("", "revision"):
            siblings = [{"rfilename": name} for name in files]
            self._json({"id": "x", "sha": commit, "siblings": siblings, "tags": [], "private": False})
        else:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})

    def _file(self, commit: str, data: bytes | None) -> None:
        if data is None:
            self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
            return
        headers = {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha1(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        wanted = self.headers.get("Range", "")
        if wanted:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, stop = int(first), min(len(data), int(last or len(data)) + 1)
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(data)}"
            self._send(206, data[start:stop], headers)
            return
        self._send(200, data, headers)

    def _json(self, value: Any) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _is_there(name: str, files: dict[str, bytes]) -> bool:
    return name in files or any(other.startswith(name + "/") for other in files)


def _below(folder: str, files: dict[str, bytes], deep: bool) -> list[str]:
    prefix = folder + "/" if folder else ""
    names = [name for name in files if name.startswith(prefix)]
    if deep:
        return names
    return sorted({prefix + name.removeprefix(prefix).partition("/")[0] for name in names})


def _entry(name: str, files: dict[str, bytes]) -> dict[str, Any]:
    if name not in files:
        return {"type": "directory", "path": name, "oid": hashlib.sha1(name.encode()).hexdigest()}
    return {"type": "file", "path": name, "size": len(files[name]), "oid": hashlib.sha1(files[name]).hexdigest()}


@contextmanager
def serving_hub(repos: dict[str, dict[str, tuple[str, dict[str, bytes]]]]) -> Iterator[Hub]:
    """A hub with these data sets on a free port, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    hub = Hub(repos, f"http://127.0.0.1:{server.server_address[1]}")
    server.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
