"""Tokens as units: those that a tokenizer of the library ``tokenizers`` makes of a whole text.

No special tokens are added, and text that spells one is text. A token is its id; the digest of the tokenizer's file
is part of the signature. Texts are never cut into pieces: what a token is may depend on all that stands before it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from overlap.errors import TokenizerError
from overlap.segmenting.rules import Segmenter, Unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["TOKEN_UNIT", "Tokens", "find_tokenizer", "read_tokenizer"]

TOKEN_UNIT = "token"
_RULE = "tokens-1"
_FILE = "tokenizer.json"
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


class Tokens(Segmenter):
    """The tokens of one tokenizer: of ``raw``, the bytes of its file, which is at ``path``. Raises TokenizerError."""

    unit = TOKEN_UNIT
    in_pieces: ClassVar[bool] = False

    def __init__(self, raw: bytes, path: str, name: str):
        self.raw = raw
        self.name = name
        self.tokenizer = path
        self.norm = f"{_RULE}-{hashlib.sha256(raw).hexdigest()[:12]}"
        self._tokenizer = _loaded(raw, Path(path))

    def __reduce__(self) -> tuple[type[Tokens], tuple[bytes, str, str]]:
        """Another machine need not have the file."""
        return Tokens, (self.raw, self.tokenizer, self.name)

    def _encoded(self, texts: list[str]) -> list[Any]:
        return list(self._tokenizer.encode_batch(texts, add_special_tokens=False))

    def batch(
        self, data: NDArray[np.uint8], offsets: NDArray[np.int64], units: NDArray[np.uint64], start: int
    ) -> tuple[NDArray[np.uint64], int, NDArray[np.int64]]:
        import numpy as np

        from overlap.kernels.characters import number_hashes

        texts: list[str] = []
        counts = np.zeros(offsets.size - 1, np.int64)
        for first, last in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
            try:
                texts.append(bytes(data[first:last]).decode())
            except UnicodeDecodeError as error:
                return units, -1 - (first + error.start), counts
        ids = [np.array(encoding.ids, np.uint32) for encoding in self._encoded(texts)]
        counts[:] = [part.size for part in ids]
        end = start + int(counts.sum())
        if units.size < end:
            larger = np.empty(end + end // 4, np.uint64)
            larger[:start] = units[:start]
            units = larger
        number_hashes(np.concatenate([np.empty(0, np.uint32), *ids]), units[start:end])
        return units, end, counts

    def places(self, data: NDArray[np.uint8], first: int, last: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        import numpy as np

        from overlap.kernels.characters import number_hashes

        encoding = self._tokenizer.encode(bytes(data[first:last]).decode("utf-8", "replace"), add_special_tokens=False)
        ids = np.array(encoding.ids, np.uint32)
        hashes = np.empty(ids.size, np.uint64)
        number_hashes(ids, hashes)
        return hashes, np.array(encoding.offsets, np.int64).reshape(-1, 2)

    def byte_places(
        self, data: NDArray[np.uint8], first: int, last: int
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        import numpy as np

        hashes, spans = self.places(data, first, last)
        characters = np.flatnonzero((data[first:last] & 0xC0) != 0x80)  # where each begins
        return hashes, np.append(characters, last - first)[spans] + first

    def units(self, text: str) -> list[Unit]:
        (encoding,) = self._encoded([text.encode("utf-8", "replace").decode()])
        return [Unit(token, *span) for token, span in zip(encoding.tokens, encoding.offsets, strict=True)]


def find_tokenizer(named: str) -> Path:
    """The file of a tokenizer: a path (or a folder with ``tokenizer.json`` in it), or a model's on the hub.

    What the hub's cache has is taken from there; else it is fetched. Raises TokenizerError.
    """
    path = Path(named)
    if path.is_dir() and (path / _FILE).is_file():
        return path / _FILE
    if path.exists():
        return path
    if not _HUB_NAME.fullmatch(named) or path.suffix == ".json":
        raise TokenizerError("no such tokenizer file", named)
    from huggingface_hub import hf_hub_download

    for cached in (True, False):
        try:
            with _quiet():
                return Path(hf_hub_download(named, _FILE, local_files_only=cached))
        except Exception as error:  # a dozen kinds, of that library and of those below it
            reason = _first_line(error)
    raise TokenizerError(
        f"no such file, and neither in the hub's cache nor to be fetched ({reason}): name a tokenizer.json", named
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of the hub's library on stderr: what it cannot do is said in one line."""
    logger = logging.getLogger("huggingface_hub")
    hub: Any = import_module("huggingface_hub.utils")
    level, had_bars = logger.level, not hub.are_progress_bars_disabled()
    logger.setLevel(logging.CRITICAL)
    hub.disable_progress_bars()
    try:
        yield
    finally:
        logger.setLevel(level)
        if had_bars:
            hub.enable_progress_bars()


def read_tokenizer(path: Path) -> bytes:
    """The bytes of a tokenizer's file. Raises TokenizerError where it cannot be read, or is something else."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TokenizerError(f"cannot be read: {error.strerror}", path) from error
    try:
        sound = "model" in json.loads(raw)
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise TokenizerError("no tokenizer.json of the library tokenizers", path)
    return raw


def _loaded(raw: bytes, path: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise TokenizerError(
            "tokens need the package tokenizers: pip install 'trainset-overlap[tokens]'", path
        ) from error
    try:
        tokenizer = Tokenizer.from_str(raw.decode())
    except Exception as error:  # the library raises plain Exceptions
        raise TokenizerError(f"the library tokenizers cannot read it ({_first_line(error)})", path) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True  # text that spells <|endoftext|> is text
    return tokenizer


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
