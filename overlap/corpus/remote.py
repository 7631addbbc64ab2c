"""Remote files through fsspec: what is there, and bytes of it.

A file is read in pieces by ranges. A dropped connection or a short answer is tried again from the byte where it
stopped, with growing pauses and shrinking pieces; a bounded number of tries without progress is one error. Whatever a
library says passes through ``without_secrets`` before anyone sees it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any, TypeVar

from overlap.corpus.addresses import is_web, shown, without_secrets
from overlap.errors import CorpusError

__all__ = [
    "TRIES",
    "NoRanges",
    "RemoteEntry",
    "download",
    "entry_of",
    "failure",
    "fetch",
    "filesystem",
    "look",
    "may_pass",
    "patiently",
    "pause",
]


TRIES = 6  # without progress, for one piece
_TRIES_TO_FIND = 4  # a mistyped host should not keep anyone waiting
SMALLEST_PIECE = 1 << 16
_PAUSE = 0.25  # seconds before the second try; doubles with each
_WAIT = 60  # seconds without a byte, after which a connection counts as dropped
_EXTRAS = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs"}
_VERSIONS = ("ETag", "etag", "generation", "blob_id", "md5Hash", "sha256", "mtime", "LastModified", "last_modified")
_DATES = ("Last-Modified", "updated", "modified", "created")
_log = logging.getLogger("overlap")
T = TypeVar("T")


@dataclass(frozen=True)
class RemoteEntry:
    """A remote file: ``size`` in bytes (None: its server does not say), ``version`` what changes with its content."""

    path: str
    size: int | None
    version: str = ""


class NoRanges(Exception):
    """The server sends whole files only."""


def filesystem(path: str) -> tuple[Any, str]:
    """fsspec's file system for an address, and the place in it. Raises CorpusError where there is none."""
    import fsspec

    scheme = path.partition(":")[0]
    options: dict[str, Any] = {}
    if is_web(path) and "client_kwargs" not in fsspec.config.conf.get(scheme, {}):
        options["client_kwargs"] = _web_client()
    try:
        found: tuple[Any, str] = fsspec.core.url_to_fs(path, **options)
        return found
    except ImportError as error:
        package = _EXTRAS.get(scheme, "")
        advice = f"pip install {package}" if package else without_secrets(str(error))
        raise CorpusError(f"{scheme}:// needs another package: {advice}", shown(path)) from error
    except ValueError as error:
        raise CorpusError(f"no such kind of address: {without_secrets(str(error))}", shown(path)) from error
    except Exception as error:  # credentials, most often: every file system has its own exceptions
        raise CorpusError(f"cannot be reached: {_reason(error)}", shown(path)) from error


def _web_client() -> dict[str, Any]:
    """Proxies of the environment, and a limit for silence instead of fsspec's one for the whole transfer."""
    import aiohttp

    return {
        "trust_env": True,
        "timeout": aiohttp.ClientTimeout(total=None, sock_connect=_WAIT // 2, sock_read=_WAIT),
    }


def look(path: str) -> RemoteEntry:
    """What is there now: size and version. Raises CorpusError where nothing is, or where it cannot be reached."""
    system, place = filesystem(path)

    def ask() -> dict[str, Any]:
        system.invalidate_cache()
        info: dict[str, Any] = system.info(place)
        return info

    info = patiently(ask, path)
    if info.get("type") == "directory":
        raise CorpusError("not a regular file", shown(path))
    return entry_of(path, info)


def entry_of(path: str, info: dict[str, Any]) -> RemoteEntry:
    version = next((f"{name}:{info[name]}" for name in (*_VERSIONS, *_DATES) if info.get(name)), "")
    return RemoteEntry(path, info.get("size"), version)


def fetch(system: Any, place: str, path: str, start: int, stop: int, version: str) -> bytes:
    """Some of the bytes ``[start, stop)`` of a remote file, at least one; one request.

    Raises NoRanges, or whatever the file system raises; EOFError where nothing comes.
    """
    if is_web(path):
        headers = {"Accept-Encoding": "identity"}
        if version.startswith('ETag:"'):  # strong: the server itself refuses to send another version
            headers["If-Match"] = version.removeprefix("ETag:")
        with system.open(place, "rb", block_size=1 << 20, cache_type="none", size=stop, headers=headers) as stream:
            stream.seek(start)
            try:
                raw: bytes = stream.read(stop - start)
            except ValueError as error:
                raise NoRanges from error
    else:
        raw = system.cat_file(place, start=start, end=stop)
    if not raw:
        raise EOFError("nothing was sent")
    return raw[: stop - start]


def download(path: str, target: IO[bytes]) -> None:
    """Copy a whole remote file. A broken transfer begins again from the start. Raises CorpusError."""
    system, place = filesystem(path)

    def copy() -> None:
        target.seek(0)
        target.truncate()
        for piece in _stream(system, place, path):
            target.write(piece)
        target.flush()

    patiently(copy, path, TRIES)


def _stream(system: Any, place: str, path: str) -> Iterator[bytes]:
    """A file from its begin to its end, and an error where its server announced more than came."""
    whole: dict[str, Any] = {"block_size": 0, "headers": {"Accept-Encoding": "identity"}} if is_web(path) else {}
    with system.open(place, "rb", **whole) as stream:
        announced = getattr(getattr(stream, "r", None), "headers", {}).get("Content-Length")
        got = 0
        while piece := stream.read(1 << 20):
            got += len(piece)
            yield piece
        if announced is not None and got != int(announced):
            raise EOFError(f"{got:,} of {int(announced):,} bytes came")


def patiently(ask: Callable[[], T], path: str, tries: int = _TRIES_TO_FIND) -> T:
    """The answer of a request that may have to be made again. Raises CorpusError."""
    for number in range(tries):
        try:
            return ask()
        except Exception as error:
            if number + 1 == tries or not may_pass(error):
                raise failure(error, path, number + 1) from error
            pause(number, path, error)
    raise AssertionError


def pause(number: int, path: str, error: Exception) -> None:
    """Wait before the next try, longer each time."""
    _log.info("%s: %s; trying again", shown(path), _reason(error))
    time.sleep(_PAUSE * 2**number)


def may_pass(error: BaseException) -> bool:
    """May the same request succeed a moment later? Connections break, servers stumble; what is missing stays so."""
    status = _status(error)
    if status is not None:
        return status >= 500 or status in (408, 425, 429)
    if isinstance(error, FileNotFoundError) and error.__cause__ is not None:  # fsspec's word for any failed request
        return may_pass(error.__cause__)
    if isinstance(error, (CorpusError, FileNotFoundError, PermissionError, ImportError, TypeError, ValueError)):
        return False
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, (OSError, EOFError)) or bool(names & {"ClientError", "TimeoutError", "FSTimeoutError"})


def failure(error: Exception, path: str, tries: int) -> CorpusError:
    """The error that a user sees for a request that failed for good."""
    if isinstance(error, CorpusError):
        return error
    cause = error.__cause__ if isinstance(error, FileNotFoundError) and error.__cause__ is not None else error
    status = _status(cause)
    if status in (401, 403) or isinstance(cause, PermissionError):
        return CorpusError(f"access was refused ({_reason(cause)}): mind the credentials", shown(path))
    if status == 412:
        return CorpusError("the file changed while it was read: run the build again", shown(path))
    if status in (404, 410) or (isinstance(cause, FileNotFoundError) and status is None):
        return CorpusError("no such file or directory", shown(path))
    return CorpusError(f"cannot be fetched ({tries} {'try' if tries == 1 else 'tries'}): {_reason(cause)}", shown(path))


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status", None)
    if status is None:  # botocore's and Google's
        status = getattr(error, "code", None)
    return status if isinstance(status, int) and 100 <= status < 600 else None


def _reason(error: BaseException) -> str:
    status = _status(error)
    if status is not None:
        return f"HTTP status {status}"
    text = " ".join(without_secrets(str(error)).split())[:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
