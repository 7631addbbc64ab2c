"""The signature: one short string that says how a number was made, so that it can be made again.

The idea is sacreBLEU's: a published overlap without its n, its normaliser and its corpus means little.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from overlap.errors import BadArgument

__all__ = ["Signature", "common_noun", "noun_of"]

_NOUNS = {"word": "words", "whitespace": "words", "char": "characters", "token": "tokens"}


@dataclass(frozen=True)
class Signature:
    """How an overlap was measured.

    ``docs`` is what one document was: ``record`` (a JSON object, a table row), ``line``, ``file``, or
    ``mixed``. ``train`` is the corpus name and the first twelve hex digits of its digest.

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

    def __str__(self) -> str:
        return "|".join(f"{field.name}:{_text(getattr(self, field.name))}" for field in fields(self))

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Read a signature back. Raises ValueError where ``text`` is none."""
        parts = dict(part.split(":", 1) for part in text.split("|") if ":" in part)
        if list(parts) != [field.name for field in fields(cls)]:
            raise BadArgument(f"not a signature: {text!r}")
        values = {**parts, "n": int(parts["n"]), "fpr": float(parts["fpr"])}
        return cls(**values)  # type: ignore[arg-type]

    def method(self) -> str:
        """The part that two results must share to be comparable: all but the corpus and the bound."""
        return str(replace(self, train="", fpr=0.0))


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
