"""A real HTTP server on this machine, with the faults that servers have."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Web:
    """What is served, how badly, and what was asked for.

    ``drop_after``: bytes of a body after which a connection breaks, the first ``drops`` times (-1: always);
    ``statuses``: answered first, one a request; ``truncate``: bodies end so many bytes early without a word.
    """

    files: dict[str, bytes]
    address: str = ""
    ranges: bool = True
    lengths: bool = True
    etags: bool = True
    drop_after: int = 0
    drops: int = 0
    truncate: int = 0
    always: int = 0
    statuses: list[int] = field(default_factory=list)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    sent: int = 0

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        web: Web = self.server.web
        name = unquote(urlsplit(self.path).path).lstrip("/")
        wanted = self.headers.get("Range", "")
        web.asked.append((self.command, self.path, wanted))
        if web.always or (web.statuses and body):
            self._refuse(web.always or web.statuses.pop(0))
            return
        if name.endswith("/") or not name:
            self._listing(web, name, body)
            return
        if name not in web.files:
            is_folder = any(other.startswith(f"{name}/") for other in web.files)
            self._refuse(301 if is_folder else 404, f"/{name}/" if is_folder else None)
            return
        self._file(web, web.files[name], wanted, body)

    def _file(self, web: Web, data: bytes, wanted: str, body: bool) -> None:
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        if web.etags and self.headers.get("If-Match", etag) != etag:
            self._refuse(412)
            return
        start, stop, status = 0, len(data), 200
        if wanted and web.ranges:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, stop, status = int(first), min(len(data), int(last) + 1), 206
            if start >= len(data):
                self._refuse(416)
                return
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        if web.etags:
            self.send_header("ETag", etag)
        if web.lengths:
            self.send_header("Content-Length", str(stop - start))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if body:
            self._body(web, data[start:stop])

    def _body(self, web: Web, data: bytes) -> None:
        if web.drops and len(data) > web.drop_after:
            web.drops -= 1
            data = data[: web.drop_after]
            self.close_connection = True
        if web.truncate:
            data = data[: -web.truncate]
            self.close_connection = True
        web.sent += len(data)
        self.wfile.write(data)
        if not web.lengths:
            self.close_connection = True

    def _listing(self, web: Web, folder: str, body: bool) -> None:
        below = {name.removeprefix(folder) for name in web.files if name.startswith(folder)}
        links = {name.partition("/")[0] + ("/" if "/" in name else "") for name in below}
        page = "".join(f'<a href="{link}">{link}</a>\n' for link in sorted(links)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        if body:
            self.wfile.write(page)

    def _refuse(self, status: int, elsewhere: str | None = None) -> None:
        self.send_response(status)
        if elsewhere is not None:
            self.send_header("Location", elsewhere)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Web]:
    """A server of these files on a free port, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    web = Web(files, f"http://127.0.0.1:{server.server_address[1]}")
    server.web = web  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
