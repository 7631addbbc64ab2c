"""Addresses of what is not a local file: URLs, data sets of the Hugging Face hub, and how they are shown.

Addresses may carry secrets (``https://user:password@host/``, ``?X-Amz-Signature=...``). They are for opening only:
whatever is printed, stored or raised shows ``shown(address)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from overlap.errors import BadArgument

__all__ = [
    "HubAddress",
    "address_name",
    "is_hub",
    "is_remote",
    "is_web",
    "parse_hub",
    "shown",
    "shown_source",
    "without_secrets",
]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:://|::[a-z][A-Za-z0-9+.-]*://)")
_ANY_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>()]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SECRET_NAME = re.compile(
    r"sig|token|secret|password|passwd|pwd|key|auth|credential|session|jwt|policy|expires|accessid|x-amz-|x-goog-|^se$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(r"[A-Za-z0-9+/_=.~-]{32,}")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ACCOUNT_BEHIND_AT = {"abfs", "abfss", "wasb", "wasbs"}  # container@account, no secret
_HUB = re.compile(r"(hf|hf-stream):(?!//)(.*)", re.DOTALL)


def is_remote(path: str) -> bool:
    """Is this an address that fsspec opens (``scheme://...``), other than a local file's?"""
    return bool(_URL.match(path)) and not path.startswith("file://")


def is_web(path: str) -> bool:
    """Is this an address of HTTP?"""
    return path.startswith(("http://", "https://"))


def is_hub(path: str) -> bool:
    """Is this a data set of the Hugging Face hub: ``hf:NAME...`` or ``hf-stream:NAME...``?"""
    return bool(_HUB.fullmatch(path))


@dataclass(frozen=True)
class HubAddress:
    """``hf:NAME[:CONFIG[:SPLIT]][@REVISION]``; empty where nothing was said."""

    name: str
    config: str = ""
    split: str = ""
    revision: str = ""
    streaming: bool = False

    def __str__(self) -> str:
        parts = [self.name, *([self.config or "default", self.split] if self.split else [self.config])]
        prefix = "hf-stream:" if self.streaming else "hf:"
        return prefix + ":".join(filter(None, parts)) + (f"@{self.revision}" if self.revision else "")


def parse_hub(path: str) -> HubAddress:
    """Read the address of a hub data set. Raises BadArgument where it is none.

    >>> parse_hub("hf:openai/gsm8k:main:test@refs/pr/1")
    HubAddress(name='openai/gsm8k', config='main', split='test', revision='refs/pr/1', streaming=False)
    """
    match = _HUB.fullmatch(path)
    place, at, revision = match[2].partition("@") if match else ("", "", "")
    parts = place.split(":")
    if match is None or len(parts) > 3 or not all(parts) or parts[0].count("/") > 1 or (at and not revision):
        raise BadArgument(f"not a hub data set: {path!r}; write hf:NAME[:CONFIG[:SPLIT]][@REVISION]")
    name, config, split = (*parts, "", "")[:3]
    return HubAddress(name, config, split, revision, match[1] == "hf-stream")


def address_name(path: str) -> str:
    """The part of an address that a file name would be: without query, host and secrets.

    >>> address_name("https://host/data/a.jsonl?version=2"), address_name("hf:openai/gsm8k:main:test")
    ('a.jsonl', 'gsm8k')
    >>> address_name("zip://b.csv::https://host/x.zip"), address_name("simplecache::https://host/a.jsonl")
    ('b.csv', 'a.jsonl')
    """
    if is_hub(path):
        return path.partition(":")[2].partition("@")[0].partition(":")[0].rstrip("/").rpartition("/")[2]
    links = shown(path).split("::")
    parts = urlsplit(next((link for link in links if "://" in link), links[0]))  # simplecache:: names no file
    return unquote(parts.path).rstrip("/").rpartition("/")[2] or parts.netloc


def shown(path: str) -> str:
    """The address as it may be seen by anyone: without user, password, and what looks like a signature or a token.

    >>> shown("https://me:secret@host/a.jsonl?part=2&X-Amz-Signature=0f3c")
    'https://host/a.jsonl?part=2'
    """
    if not is_remote(path):
        return path
    return "::".join(_shown_part(part) for part in path.split("::"))


def shown_source(text: str) -> str:
    """A source as someone wrote it (``NAME=ADDRESS``, ``recipe:NAME@ADDRESS``), as it may be seen by anyone.

    >>> shown_source("exam=recipe:gsm8k@https://me:secret@host/a.jsonl")
    'exam=recipe:gsm8k@https://host/a.jsonl'
    """
    match = _SCHEME.search(text)
    return text if match is None else text[: match.start()] + shown(text[match.start() :])


def without_secrets(text: str) -> str:
    """A message of another library with every address in it as it may be seen."""
    return _ANY_URL.sub(lambda match: shown(match[0]), text)


def _shown_part(part: str) -> str:
    if "://" not in part:
        return part
    scheme, _, rest = part.partition("://")
    place, mark, query = rest.partition("?")
    host, slash, path = place.partition("/")
    user, at, address = host.rpartition("@")
    if at and not (scheme in _ACCOUNT_BEHIND_AT and ":" not in user):
        host = address
    if mark:
        query = query.partition("#")[0]
        pairs = parse_qsl(query, keep_blank_values=True)
        kept = [(name, value) for name, value in pairs if not _is_secret(name, value)]
        query = query if len(kept) == len(pairs) and pairs else urlencode(kept)
    return f"{scheme}://{host}{slash}{path}" + (f"?{query}" if query else "")


def _is_secret(name: str, value: str) -> bool:
    opaque = any(_SECRET_VALUE.fullmatch(part) and not _COMMIT.fullmatch(part) for part in (name, value))
    return opaque or bool(_SECRET_NAME.search(name))
