"""Sealed JSON: one way to write a document, with its own digest in it.

A file that does not read back to the very same bytes has been altered, if only in a space or in the digest itself.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

__all__ = ["seal", "unseal"]

_DIGEST = "~digest"  # sorts behind every other key


def seal(body: dict[str, Any]) -> bytes:
    """The document as ASCII JSON: sorted keys, one space of indentation, the SHA-256 of the rest as its last entry."""
    plain = (json.dumps(body, sort_keys=True, indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")
    digest = hashlib.sha256(plain).hexdigest().encode()
    return plain.removesuffix(b"\n}\n") + b',\n "' + _DIGEST.encode() + b'": "' + digest + b'"\n}\n'


def unseal(raw: bytes) -> tuple[dict[str, Any], bool]:
    """(the document without its digest, whether it is as it was sealed).

    Raises ValueError where the bytes are no JSON object at all.
    """
    try:
        body = json.loads(raw)
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")
    body.pop(_DIGEST, None)
    try:
        return body, seal(body) == raw
    except (TypeError, ValueError, RecursionError):
        return body, False
