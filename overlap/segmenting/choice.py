"""Which segmenter: by the name that a user gives, or by what an index or a result has on record."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from overlap.errors import BadArgument, SignatureMismatch, TokenizerError
from overlap.segmenting.rules import AlnumWords, Characters, RawCharacters, Segmenter, SpacedWords
from overlap.segmenting.tokens import TOKEN_UNIT, Tokens, find_tokenizer, read_tokenizer

__all__ = ["DEFAULT", "default_n", "is_known", "recorded_segmenter", "segmenter_of"]

DEFAULT = "alnum"
_RULES: tuple[Segmenter, ...] = (AlnumWords(), SpacedWords(), Characters(), RawCharacters())
_BY_NAME = {rule.name: rule for rule in _RULES}
_BY_SIGNATURE = {(rule.unit, rule.norm): rule for rule in _RULES}
_PREFIX = "tokens:"
_TOKEN_NORM = re.compile(r"tokens-1-[0-9a-f]{12}")
_DEFAULT_N = {"char": 50}  # OpenAI 2023 (GPT-4), appendix C; Xu et al. 2025 (infini-gram mini), section 4


def segmenter_of(unit: str) -> Segmenter:
    """The segmenter of ``alnum``, ``whitespace``, ``chars``, ``raw-chars`` or ``tokens:TOKENIZER``.

    TOKENIZER is a ``tokenizer.json`` of the library ``tokenizers``, or the name of a model on the Hugging Face hub.
    Raises ValueError for another name, TokenizerError where the tokenizer cannot be had.
    """
    if unit in _BY_NAME:
        return _BY_NAME[unit]
    if unit.startswith(_PREFIX) and unit != _PREFIX:
        return _tokens(*_state(find_tokenizer(unit.removeprefix(_PREFIX))), unit)
    raise BadArgument(f"unit must be one of {', '.join(_BY_NAME)} or tokens:TOKENIZER, not {unit!r}")


def recorded_segmenter(unit: str, norm: str, tokenizer: str = "", asked: str | None = None) -> Segmenter:
    """The segmenter that a signature names; that of tokens from the file ``tokenizer``, or as ``asked`` for.

    Raises SignatureMismatch where what is asked for, or the file, is another; TokenizerError; ValueError.
    """
    if asked is None and (unit, norm) in _BY_SIGNATURE:
        return _BY_SIGNATURE[unit, norm]
    if asked is None and not tokenizer:
        raise TokenizerError(
            "the tokenizer of these units is not on record: name it with --unit tokens:TOKENIZER", norm
        )
    found = segmenter_of(asked or _PREFIX + tokenizer)
    if (found.unit, found.norm) != (unit, norm):
        raise SignatureMismatch(
            "other units than those of the measurement",
            f"unit:{unit}|norm:{norm}",
            f"unit:{found.unit}|norm:{found.norm}",
        )
    return found


def is_known(unit: str, norm: str) -> bool:
    """Does this version have the rule that a signature names?"""
    return (unit, norm) in _BY_SIGNATURE or (unit == TOKEN_UNIT and _TOKEN_NORM.fullmatch(norm) is not None)


def default_n(segmenter: Segmenter) -> int:
    """Units in an n-gram where nothing else is said: 8, of characters 50."""
    return _DEFAULT_N.get(segmenter.unit, 8)


def _state(path: Path) -> tuple[Path, int, int]:
    """What a file is now: one that was changed is read again."""
    try:
        state = path.stat()
    except OSError as error:
        raise TokenizerError(f"cannot be read: {error.strerror}", path) from error
    return path, state.st_size, state.st_mtime_ns


@cache
def _tokens(path: Path, size: int, changed: int, unit: str) -> Tokens:
    return Tokens(read_tokenizer(path), str(path), unit)
