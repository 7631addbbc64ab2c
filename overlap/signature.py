"""The signature: one short string that says how a number was made, so that it can be made again.

The idea is sacreBLEU's: a published overlap without its n, its normaliser and its corpus means little.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from overlap.errors import BadArgument

__all__ = ["Signature", "common_noun", "noun_of"]

DEFAULT_FILTER = "bloom"
_NAMES = ("n", "unit", "norm", "docs", "fpr", "train", "v")
_NAMES_WITH_FILTER = ("n", "unit", "norm", "docs", "fpr", "filter", "train", "v")
_NOUNS = {"word": "words", "whitespace": "words", "char": "characters", "token": "tokens"}


@dataclass(frozen=True)
class Signature:
    """How an overlap was measured.

    ``docs`` is what one document was: ``record`` (a JSON object, a table row), ``line``, ``file``, or
    ``mixed``. ``train`` is the corpus name and the first twelve hex digits of its digest. ``filter`` is written only
    where it is not the default, a Bloom filter.

    >>> print(Signature(n=8, unit="word", norm="alnum-1", docs="line", fpr=1e-8, train="web#ab12cd", v="0.1.0"))
    n:8|unit:word|norm:alnum-1|docs:line|fpr:1e-08|train:web#ab12cd|v:0.1.0
    >>> Signature.parse("n:8|unit:word|norm:alnum-1|docs:line|fpr:1e-08|train:web#ab12cd|v:0.1.0").n
    8
    """

    n: int
    unit: str
    norm: str
    docs: str
    fpr: float
    train: str
    v: str
    filter: str = DEFAULT_FILTER

    def __str__(self) -> str:
        names = _NAMES if self.filter == DEFAULT_FILTER else _NAMES_WITH_FILTER
        return "|".join(f"{name}:{_text(getattr(self, name))}" for name in names)

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read a signature back. Raises ValueError where ``text`` is none."""
        parts = dict(part.split(":", 1) for part in text.split("|") if ":" in part)
        if tuple(parts) not in (_NAMES, _NAMES_WITH_FILTER) or parts.get("filter") == DEFAULT_FILTER:
            raise BadArgument(f"not a signature: {text!r}")
        values = {**parts, "n": int(parts["n"]), "fpr": float(parts["fpr"])}
        return cls(**values)  # type: ignore[arg-type]

    def method(self) -> str:
        """The part that two results must share to be comparable: all but the corpus, the bound and what keeps it."""
        return str(replace(self, train="", fpr=0.0, filter=DEFAULT_FILTER))


def noun_of(unit: str) -> str:
    """What several units are called, by the name in a signature: words, characters, tokens."""
    return _NOUNS.get(unit, "units")


def common_noun(units: Iterable[str]) -> str:
    """What the units of several results are called together.

    >>> common_noun(["word", "whitespace"]), common_noun(["word", "char"])
    ('words', 'units')
    """
    nouns = {noun_of(unit) for unit in units}
    return nouns.pop() if len(nouns) == 1 else "units"


def _text(value: object) -> str:
    if isinstance(value, float):
        return repr(value) if value else "0"
    return str(value).replace("|", "/")
