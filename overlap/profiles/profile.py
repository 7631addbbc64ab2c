"""A profile: one published rule for contamination, by name, and a report of what it gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from overlap.results import ByDocument

__all__ = ["Profile", "ProfileReport"]

_UNITS = {
    "alnum": ("word", "alnum-1"),
    "whitespace": ("whitespace", "lower-1"),
    "chars": ("char", "alnum-strip-1"),
    "raw-chars": ("char", "raw-1"),
    "tokens": ("token", "tokens-1-"),
}


@dataclass(frozen=True)
class Profile:
    """Units, n and rule of one publication.

    ``unit``: as ``--unit`` has it; ``tokens`` needs a tokenizer. ``n``: one or several; none where it follows from the
    data set (GPT-3). ``by_document``: the rule keeps training documents apart, and needs their text; ``budget``:
    substitutions in a span. ``whole_from``: examples of so many units or more are looked for whole where they are
    shorter than n (0: they are too short). ``verified``: the rule was read in the ``paper`` or in the ``code``;
    ``secondary``: only in others' words, so that it is not called faithful. ``chosen``: what the source leaves open and
    we chose.
    """

    name: str
    rule: str
    source: str
    verified: str
    unit: str
    n: tuple[int, ...]
    chosen: tuple[str, ...]
    by_document: bool = False
    budget: int = 0
    whole_from: int = 0

    @property
    def is_faithful(self) -> bool:
        """Was the rule read where it was published?"""
        return self.verified in ("paper", "code")

    @property
    def standing(self) -> str:
        """Where the rule was read, as every report says it."""
        if self.is_faithful:
            return f"the rule was read in the {self.verified}"
        return "not verified: the rule was read in other authors' words only, do not call this faithful"

    @property
    def needs_text(self) -> bool:
        """Must the training text be read, an index not being enough, or several n being asked?"""
        return self.by_document or len(self.n) != 1

    def fits(self, unit: str, norm: str, n: int) -> bool:
        """Are n-grams of this unit, normaliser and n those of the profile?"""
        name, rule = _UNITS[self.unit]
        return (
            (not self.n or n in self.n)
            and unit == name
            and (norm == rule or (rule.endswith("-") and norm.startswith(rule)))
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON values, with where it was read in words."""
        return {**asdict(self), "is_faithful": self.is_faithful, "standing": self.standing}

    @property
    def ngrams(self) -> str:
        """What it looks for, in words."""
        sizes = "/".join(map(str, self.n)) or "8 to 13"
        return f"{sizes}-grams of {self.unit}"


@dataclass(frozen=True)
class ProfileReport:
    """What a profile gives: a row for each test set and training set (and n, or length); ``seed`` of what is random.

    ``documents``: what single documents have of the examples, where the rule keeps them apart.
    """

    profile: Profile
    seed: int
    signatures: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    documents: tuple[ByDocument, ...] = field(default=(), repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "profile": self.profile.to_json(),
            "seed": self.seed,
            "signature": " + ".join(self.signatures),
            "results": list(self.rows),
        }
