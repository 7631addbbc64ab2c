"""Matches: where a test example and a training document share text, and what kind of sharing it is.

A ``Match`` is one stretch that one test example shares with one training document, confirmed string against
string. A ``Run`` is a maximal stretch of hits in a test example with its evidence over the whole corpus. Both are
values; ``Findings`` holds those of one training set and one test set, with exact document frequencies.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from overlap.displaying import Displayed
from overlap.errors import BadArgument

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CLASSES", "ClassRule", "Findings", "Match", "Matches", "Run", "classify"]

CLASSES = ("duplicate", "passage", "common phrase", "short match", "false positive")
UNITS_A_WORD = {"char": 5.0, "raw-1": 6.0, "token": 1.3}  # of English prose, about
DUPLICATE, PASSAGE, PHRASE, SHORT, FALSE_POSITIVE = CLASSES


@dataclass(frozen=True)
class ClassRule:
    """Which run is what. The defaults are those of words, justified in docs/classes.md; ``of_unit`` has the others.

    *duplicate*: one training document has at least ``duplicate_units`` of it in a row, or at least
    ``duplicate_share`` of the whole example. *common phrase*: every n-gram is in more than ``phrase_documents``
    training documents, or in more than ``phrase_examples`` test examples. *passage*: one training document has at
    least ``passage_units`` in a row. *short match*: anything else. The first that fits. (*false positive*: the filter
    claimed it, and no training document has any of it.)
    """

    duplicate_units: int = 50
    duplicate_share: float = 0.9
    phrase_documents: int = 10
    phrase_examples: int = 10
    passage_units: int = 13

    def __post_init__(self) -> None:
        least = min(self.duplicate_units, self.passage_units, self.phrase_documents + 1, self.phrase_examples + 1)
        if not (least >= 1 and 0 < self.duplicate_share <= 1):
            raise BadArgument(f"no such rule: {self}")

    @classmethod
    def of_unit(cls, unit: str, norm: str) -> ClassRule:
        """The rule for units of a signature: the same stretches of text, counted in them."""
        factor = UNITS_A_WORD.get(norm, UNITS_A_WORD.get(unit, 1.0))
        return cls(duplicate_units=round(50 * factor), passage_units=round(13 * factor))


@dataclass(frozen=True)
class Run:
    """A maximal stretch of hits in a test example: n-grams ``first`` to ``first + ngrams - 1``.

    ``least_documents``: in how many training documents its rarest confirmed n-gram stands; ``least_examples``: in how
    many examples of the test set its rarest n-gram stands; ``longest``: units in a row that one training document has
    of it (0: the filter erred, no document has any of it); ``text`` as it stands in the example. ``documents`` and
    ``examples`` have, for each of its n-grams in order, the training documents and the test examples that have it
    (nothing in results of older versions).
    """

    example: int
    first: int
    ngrams: int
    least_documents: int
    least_examples: int
    longest: int
    kind: str
    text: str
    documents: tuple[int, ...] = ()
    examples: tuple[int, ...] = ()


@dataclass(frozen=True, repr=False)
class Match(Displayed):
    """One stretch of ``units`` units, shared by one test example and one training document.

    Spans are in characters of the two texts: ``test_text`` is what stands from ``test_start`` to ``test_stop``, and so
    with ``train_text``; ``before`` and ``after`` are context. ``example`` counts from 0 within the test set;
    ``source`` and ``row`` (from 0) and ``document`` (the id field, if named) are the place in training.
    ``part``: in which part of the example it lies, ``question+answer`` where it crosses from one to the next.
    """

    example: int
    first: int
    units: int
    share: float
    kind: str
    least_documents: int
    least_examples: int
    test_source: str
    test_row: int
    test_id: str
    test_start: int
    test_stop: int
    test_before: str
    test_text: str
    test_after: str
    source: str
    row: int
    document: str
    train_start: int
    train_stop: int
    train_before: str
    train_text: str
    train_after: str
    part: str = ""

    def __repr__(self) -> str:
        text = " ".join(self.test_text.split())
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        place = f"{self.source!r}, record {self.row + 1}"
        return f"Match({self.kind}, {self.units} units of {self.test_id or self.example!r} in {place}: {shown!r})"


@dataclass(frozen=True, repr=False)
class Matches(Displayed):
    """Some matches of one training set and one test set; in a notebook, their texts side by side."""

    train: str
    test: str
    matches: tuple[Match, ...]
    unit: str = "word"
    own: bool = False

    def __len__(self) -> int:
        return len(self.matches)

    def __iter__(self) -> Iterator[Match]:
        return iter(self.matches)

    def __getitem__(self, index: int) -> Match:
        return self.matches[index]

    def __repr__(self) -> str:
        return self.drawn()

    def to_arrow(self) -> pa.Table:
        """A row per match, with the names of the two sets in front."""
        import pyarrow as pa

        sets = {"train": self.train, "own_train": self.own, "test": self.test}
        columns: dict[str, Any] = {name: [value] * len(self.matches) for name, value in sets.items()}
        for name in Match.__dataclass_fields__:
            columns[name] = [getattr(match, name) for match in self.matches]
        return pa.table(columns, schema=match_schema())

    def to_pandas(self) -> Any:
        """``to_arrow`` as a pandas DataFrame."""
        return self.to_arrow().to_pandas()


@dataclass(frozen=True, repr=False)
class Findings(Displayed):
    """What the exact pass found of one training set in one test set.

    ``asked``: distinct n-grams looked for: the hits of a filter, or (``exact``) all of the test set. ``confirmed``:
    those that stand in training. ``sampled``: of the stretches that begin at one n-gram of an example, those of so many
    documents are kept, and longer ones; counts are exact all the same. ``tested`` distinct n-grams were asked of the
    filter, whose bound is ``bound``. ``refuted``: stretches that had equal hashes and different units. ``partial``:
    only a part of the training text was searched, so that hits without a match are neither confirmed nor refuted, and
    runs without any are left out. ``unit``: that of the n-grams. ``repetitive``: documents that repeat themselves so
    much that not all pairs of places were compared: the longest stretch of a run may be longer than is said.
    """

    train: str
    own: bool
    test: str
    n: int
    examples: int
    asked: int
    confirmed: int
    exact: bool
    tested: int
    bound: float
    sampled: int
    refuted: int
    rule: ClassRule
    runs: tuple[Run, ...]
    matches: tuple[Match, ...]
    partial: bool = False
    unit: str = "word"
    repetitive: int = 0

    @property
    def false_positives(self) -> int:
        """Distinct hits of the filter that no training document confirms."""
        return 0 if self.exact or self.partial else self.asked - self.confirmed

    def __repr__(self) -> str:
        return (
            f"Findings({self.test!r} in {self.train!r}: {self.confirmed:,} of {self.asked:,} distinct n-grams confirmed"
            f", {len(self.runs):,} runs, {len(self.matches):,} matches)"
        )

    def show(self, example: str | int | None = None) -> Matches:
        """The matches of an example, by its id or its number from 0; of all where none is named. Longest first.

        Raises ValueError for a number that no example has.
        """
        if isinstance(example, int) and not 0 <= example < self.examples:
            raise BadArgument(f"example must be 0 to {self.examples - 1}, not {example}")
        chosen = (m for m in self.matches if example is None or example in (m.example, m.test_id))
        return Matches(
            self.train, self.test, tuple(sorted(chosen, key=lambda match: -match.units)), self.unit, self.own
        )

    def to_arrow(self) -> pa.Table:
        """A row per match, with the names of the two sets in front."""
        return Matches(self.train, self.test, self.matches, self.unit, self.own).to_arrow()

    def to_pandas(self) -> Any:
        """``to_arrow`` as a pandas DataFrame."""
        return self.to_arrow().to_pandas()


def match_schema() -> pa.Schema:
    """The columns of ``matches.parquet``."""
    return _schema(Match)


def run_schema() -> pa.Schema:
    """The columns of ``runs.parquet``."""
    return _schema(Run)


def _schema(kind: type[Match] | type[Run]) -> pa.Schema:
    import pyarrow as pa

    kinds = {"int": pa.int64(), "float": pa.float64(), "str": pa.string(), "tuple[int, ...]": pa.list_(pa.int64())}
    fields = [(name, kinds[str(field.type)]) for name, field in kind.__dataclass_fields__.items()]
    return pa.schema([("train", pa.string()), ("own_train", pa.bool_()), ("test", pa.string()), *fields])


def classify(*, longest: int, example_units: int, least_documents: int, least_examples: int, rule: ClassRule) -> str:
    """The class of a run by its evidence; see ``ClassRule``.

    >>> classify(longest=60, example_units=80, least_documents=1, least_examples=1, rule=ClassRule())
    'duplicate'
    >>> classify(longest=9, example_units=80, least_documents=500, least_examples=1, rule=ClassRule())
    'common phrase'
    """
    if least_documents == 0:
        return FALSE_POSITIVE
    if longest >= rule.duplicate_units or (longest >= rule.duplicate_share * example_units):
        return DUPLICATE
    if least_documents > rule.phrase_documents or least_examples > rule.phrase_examples:
        return PHRASE
    return PASSAGE if longest >= rule.passage_units else SHORT
