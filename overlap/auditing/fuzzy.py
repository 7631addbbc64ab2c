"""Near-duplicates that share no long run of words: MinHash over short shingles, with datasketch.

MinHash only proposes candidates; the similarities that are reported are computed exactly on the sets of shingles.
What a signature misses is missed, so recall is below one near the threshold; docs/classes.md has measured figures.
Paraphrases, translations and renamed code share few shingles and stay invisible here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import islice
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.corpus import InputFile, Shard, Source, Sources, group_training, make_layout, read_file, resolve
from overlap.errors import BadArgument, OverlapError
from overlap.hashing import UnitHasher
from overlap.progress import silent
from overlap.results import FuzzyPair, FuzzyRule
from overlap.test_sets import Parts, read_test_sets

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["check_fuzzy", "find_similar", "near_duplicates", "shingle_sets", "similar_pairs"]

_CHUNK = 5_000  # training documents whose signatures are held at once
_GENEROUS = 0.6  # candidates are proposed from this share of a threshold on: a proposal costs 20 µs, a miss is a miss


@dataclass(frozen=True)
class Shingled:
    """A document as the sorted set of its shingles' hashes."""

    source: str
    row: int
    shingles: NDArray[np.uint64]


def check_fuzzy(rule: FuzzyRule) -> None:
    """Raise ValueError for an impossible rule, OverlapError where datasketch is not installed."""
    if not (0 < rule.jaccard <= 1 and 0 < rule.containment <= 1 and rule.shingle > 0 and rule.permutations >= 16):
        raise BadArgument(f"no such rule: {rule}")
    if find_spec("datasketch") is None:
        raise OverlapError("--fuzzy needs the package datasketch: pip install 'trainset-overlap[fuzzy]'")


def shingle_sets(files: Sequence[InputFile], size: int) -> Iterator[Shingled]:
    """The documents of some files as sets of shingles of ``size`` units; a shorter document is one shingle."""
    from overlap.kernels.ngrams import batch_ngrams

    hasher = UnitHasher()
    for file in files:
        shard = Shard(file, 0, file.size)
        for batch in read_file(file):
            units, counts = hasher.hash(batch, shard)
            ends = np.cumsum(counts)
            for index, (end, count) in enumerate(zip(ends.tolist(), counts.tolist(), strict=True)):
                length = min(size, count)
                out = np.empty(count - length + 1 if length else 0, np.uint64)
                if length:
                    batch_ngrams(units[end - count : end], counts[index : index + 1], length, out, 0)
                yield Shingled(file.label, batch.row(index), np.array(sorted(set(out.tolist())), np.uint64))


def near_duplicates(files: Mapping[str, Sequence[InputFile]], rule: FuzzyRule) -> tuple[FuzzyPair, ...]:
    """Pairs of documents of different sets (each unordered pair of sets once, the later one as ``test``) that are
    alike.

    Raises OverlapError where datasketch is not installed, ValueError for an impossible rule.
    """
    names = list(files)
    pairs: list[FuzzyPair] = []
    sets = {name: list(shingle_sets(group, rule.shingle)) for name, group in files.items()}
    for number, train in enumerate(names):
        for test in names[number + 1 :]:
            pairs += _both_ways(train, sets[train], test, sets[test], rule)
    return tuple(pairs)


def _both_ways(
    train: str, documents: Sequence[Shingled], test: str, examples: Sequence[Shingled], rule: FuzzyRule
) -> list[FuzzyPair]:
    """The pairs of two sets, each once, with the containment of the one in the other that is higher."""
    found = {_places(pair): pair for pair in similar_pairs(train, documents, test, examples, rule)}
    for pair in similar_pairs(test, examples, train, documents, rule):
        turned = replace(
            pair,
            train=train,
            test=test,
            train_source=pair.test_source,
            train_row=pair.test_row,
            test_source=pair.train_source,
            test_row=pair.train_row,
        )
        known = found.get(_places(turned))
        if known is None or known.containment < turned.containment:
            found[_places(turned)] = turned
    return [found[places] for places in sorted(found)]


def _places(pair: FuzzyPair) -> tuple[str, int, str, int]:
    return pair.test_source, pair.test_row, pair.train_source, pair.train_row


def find_similar(
    train: Sources,
    test: Sources,
    *,
    rule: FuzzyRule | None = None,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    parts: Parts = (),
    template: str | None = None,
    recipes: str | PathLike[str] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[FuzzyPair, ...]:
    """Near-duplicates of test examples among training documents, for every training set and test set.

    ``parts`` and ``template`` say what the text of test examples is, as in ``measure``.
    Signatures of a few thousand training documents are held at a time; a few thousand documents a second are looked at.
    Raises CorpusError and its kin, OverlapError without datasketch, ValueError for bad arguments.
    """
    rule = rule or FuzzyRule()
    check_fuzzy(rule)
    reading: dict[str, Any] = {
        "text_field": text_field,
        "by_line": by_line,
        "input_format": input_format,
        "on_bad_record": on_bad_record,
    }
    trains = {name: resolve(group, **reading) for name, group in _trains(train).items()}
    tests = read_test_sets(test, layout=make_layout(parts, template), recipes=recipes, **reading)
    report = progress or silent
    examples = {name: list(shingle_sets(files, rule.shingle)) for name, files in tests.items()}
    signatures = {name: [_signature(item, rule) for item in items] for name, items in examples.items()}
    total = sum(file.size for files in trains.values() for file in files)
    done = 0
    pairs: list[FuzzyPair] = []
    for name, files in trains.items():
        for file in files:
            documents = shingle_sets([file], rule.shingle)
            while chunk := list(islice(documents, _CHUNK)):
                for test_name, items in examples.items():
                    pairs += similar_pairs(name, chunk, test_name, items, rule, signatures[test_name])
            done += file.size
            report("similar", done, total)
    order = {name: number for number, name in enumerate(tests)}
    return tuple(sorted(pairs, key=lambda pair: (order[pair.test], pair.test_source, pair.test_row)))


def _trains(sources: Sources) -> dict[str, list[Source]]:
    groups = group_training(sources)
    if not groups:
        raise BadArgument("no source was named")
    return groups


def similar_pairs(
    train: str,
    documents: Sequence[Shingled],
    test: str,
    examples: Sequence[Shingled],
    rule: FuzzyRule,
    signatures: Sequence[Any] | None = None,
) -> list[FuzzyPair]:
    """All pairs of a training document and a test example over either threshold, as far as MinHash proposes them.

    ``signatures`` are those of the examples, where they are known already.
    """
    check_fuzzy(rule)
    signatures = [_signature(item, rule) for item in examples] if signatures is None else signatures
    proposals = _Proposals(documents, rule)
    found = []
    for example, signature in zip(examples, signatures, strict=True):
        if not example.shingles.size:
            continue
        for index in sorted(proposals.of(signature, example.shingles.size)):
            document = documents[index]
            shared = np.intersect1d(example.shingles, document.shingles, assume_unique=True).size
            jaccard = shared / (example.shingles.size + document.shingles.size - shared)
            containment = shared / example.shingles.size
            if jaccard >= rule.jaccard or containment >= rule.containment:
                found.append(
                    FuzzyPair(
                        train, test, document.source, document.row, example.source, example.row, jaccard, containment
                    )
                )
    return found


class _Proposals:
    """Candidates from two indexes of datasketch: LSH for the Jaccard similarity, LSH Ensemble for containment."""

    def __init__(self, documents: Sequence[Shingled], rule: FuzzyRule):
        from datasketch import MinHashLSH, MinHashLSHEnsemble

        filled = [(index, item) for index, item in enumerate(documents) if item.shingles.size]
        signatures = [(index, _signature(item, rule), item.shingles.size) for index, item in filled]
        self._lsh = MinHashLSH(threshold=_GENEROUS * rule.jaccard, num_perm=rule.permutations)
        for index, signature, _ in signatures:
            self._lsh.insert(index, signature)
        self._ensemble = MinHashLSHEnsemble(
            threshold=_GENEROUS * rule.containment,
            num_perm=rule.permutations,
            num_part=min(16, max(2, len(signatures))),
        )
        if signatures:
            self._ensemble.index(signatures)
        self._empty = not signatures

    def of(self, signature: Any, size: int) -> set[int]:
        """Numbers of documents that may be like an example of so many shingles."""
        if self._empty:
            return set()
        return set(self._lsh.query(signature)) | set(self._ensemble.query(signature, size))


def _signature(item: Shingled, rule: FuzzyRule) -> Any:
    from datasketch import MinHash

    signature = MinHash(num_perm=rule.permutations, hashfunc=_low_bits)
    signature.update_batch(item.shingles.tolist())
    return signature


def _low_bits(value: int) -> int:
    """datasketch hashes to 32 bits; the shingles are hashes already."""
    return value & 0xFFFFFFFF
