"""audit: all ordered pairs of a data set's splits, and what each split repeats of itself.

Exact, by the pass of ``overlap.locating``: memory follows the data set. Each split is looked up in each other by
itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from overlap.auditing.fuzzy import check_fuzzy, near_duplicates
from overlap.corpus import (
    InputFile,
    Shard,
    Source,
    Sources,
    group_sources,
    hub_splits,
    is_data_set,
    is_hub,
    read_file,
    resolve,
    splits_of,
    without_bookkeeping,
)
from overlap.errors import BadArgument, CorpusError
from overlap.executors import Executor, Pool, check_executor, opened
from overlap.hashing import UnitHasher
from overlap.locating import asked_of_test_sets, document_frequency, scan
from overlap.progress import Progress
from overlap.results import Audit, Findings, FuzzyRule, Inside, NearDuplicates, Overlap, PairOfSplits
from overlap.segmenting import DEFAULT, Segmenter, segmenter_of
from overlap.text import chosen_n

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["audit", "find_splits"]

COVERAGE = 0.9
_SPLITS = ("train", "training", "validation", "valid", "val", "dev", "test", "heldout")
_SPLIT_NAME = re.compile(rf"(?:^|[^a-z])({'|'.join(_SPLITS)})(?=$|[^a-z])")


def find_splits(dataset: str | PathLike[str]) -> dict[str, list[str]]:
    """The splits of a data set's folder, by the names of its files or folders: train, validation, test ...

    ``data/train-00000-of-00002.parquet``, ``test.jsonl`` and ``validation/part.csv`` are found; hidden files are not.
    So are the splits of a hub data set (``hf:NAME:CONFIG``).

    Raises CorpusError where fewer than two splits can be told.
    """
    if is_hub(fspath(dataset)):
        return hub_splits(fspath(dataset))
    root = Path(dataset)
    if not root.is_dir():
        raise CorpusError(
            "not a folder: name a data set's folder, or its splits with --split NAME=PATH", fspath(dataset)
        )
    splits: dict[str, list[str]] = {}
    for path in _files_in(root):
        parts = reversed(path.relative_to(root).parts)
        found = [match[1] for part in parts if (match := _SPLIT_NAME.search(part.lower()))]
        if found:
            splits.setdefault(found[0], []).append(str(path))
    if len(splits) < 2:
        raise CorpusError(
            f"no splits can be told from its files' names ({', '.join(splits) or 'none'}); "
            "name them with --split NAME=PATH",
            fspath(dataset),
        )
    return dict(sorted(splits.items(), key=lambda item: _SPLITS.index(item[0])))


def _files_in(root: Path) -> list[Path]:
    names = [str(item) for item in sorted(root.rglob("*")) if item.is_file()]
    files = map(Path, without_bookkeeping(names, lambda name: Path(name).read_bytes()))
    return [path for path in files if not any(part.startswith((".", "_")) for part in path.relative_to(root).parts)]


def files_left_out(dataset: str | PathLike[str], splits: dict[str, list[str]]) -> list[str]:
    """The files of a data set's folder that belong to none of these splits, hidden ones aside."""
    if is_hub(fspath(dataset)):
        return []
    known = {path for paths in splits.values() for path in paths}
    return [str(path) for path in _files_in(Path(dataset)) if str(path) not in known]


def audit(
    splits: Sources,
    *,
    n: int | None = None,
    unit: str = DEFAULT,
    text_field: str = "text",
    by_line: bool = False,
    input_format: str | None = None,
    on_bad_record: str = "stop",
    id_field: str | None = None,
    coverage: float = COVERAGE,
    fuzzy: FuzzyRule | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Check every split of a data set against every other, and against itself.

    ``splits`` are sources, one name a split, or a ``DatasetDict``; ``unit`` and ``n`` are as in ``scan``; ``coverage``:
    the share of a document's n-grams that must stand in other documents of its split for it to count as covered;
    ``fuzzy`` also looks for near-duplicates (needs datasketch); ``executor`` and ``workers`` are as in ``build_index``.

    Raises CorpusError and its kin; ValueError for bad arguments, or fewer than two splits.
    """
    segmenter = segmenter_of(unit)
    n = chosen_n(n, segmenter)
    if fuzzy:
        check_fuzzy(fuzzy)
    if not 0 < coverage <= 1:
        raise BadArgument(f"coverage must be above 0 and at most 1, not {coverage}")
    groups = group_sources(splits_of(splits) if is_data_set(splits) else splits)
    if len(groups) < 2:
        raise BadArgument(f"an audit needs two splits with different names, not {', '.join(groups) or 'none'}")
    reading: dict[str, Any] = {
        "text_field": text_field,
        "by_line": by_line,
        "input_format": input_format,
        "on_bad_record": on_bad_record,
    }
    check_executor(executor, workers)
    files = {name: resolve(group, id_field=id_field, **reading) for name, group in groups.items()}
    hashes = {name: _document_hashes(group, segmenter) for name, group in files.items()}
    with opened(executor, workers) as pool:
        how: dict[str, Any] = {"n": n, "unit": unit, "id_field": id_field, "executor": pool, "progress": progress}
        pairs = _pairs(groups, hashes, {**how, **reading})
        inside = tuple(
            _inside(name, group, hashes[name], n, segmenter, coverage, pool, progress) for name, group in files.items()
        )
    return Audit(n, pairs, inside, NearDuplicates(fuzzy, near_duplicates(files, fuzzy)) if fuzzy else None)


def _pairs(
    groups: Mapping[str, list[Source]], hashes: dict[str, NDArray[np.uint64]], how: dict[str, Any]
) -> tuple[PairOfSplits, ...]:
    """Every split as training set, every other one looked up in it; ``how`` are options of ``scan``."""
    pairs: list[PairOfSplits] = []
    for train, sources in groups.items():
        others = [source for name, group in groups.items() if name != train for source in group]
        overlaps, findings = scan(sources, others, test_id_field=how["id_field"], **how)
        for overlap, found in zip(overlaps, findings, strict=True):
            pairs.append(_pair(overlap, found, hashes[train], hashes[overlap.test]))
    return tuple(pairs)


def _document_hashes(files: Sequence[InputFile], segmenter: Segmenter) -> NDArray[np.uint64]:
    """One hash of the normalised text of each document; documents without a unit have 0."""
    from overlap.kernels.ngrams import document_hashes

    hasher = UnitHasher(segmenter)
    parts = [np.empty(0, np.uint64)]
    for file in files:
        shard = Shard(file, 0, file.size)
        for batch in read_file(file):
            units, counts = hasher.hash(batch, shard)
            out = np.empty(len(batch), np.uint64)
            document_hashes(units, counts, out)
            out[counts == 0] = 0
            parts.append(out)
    return np.concatenate(parts)


def _pair(overlap: Overlap, findings: Findings, train: NDArray[np.uint64], test: NDArray[np.uint64]) -> PairOfSplits:
    known = np.sort(train[train != 0])
    place = np.minimum(np.searchsorted(known, test), max(0, known.size - 1))
    identical = (test != 0) & (known[place] == test) if known.size else np.zeros(test.size, np.bool_)
    rows = sorted({match.example for match in findings.matches if match.units == int(overlap.units[match.example])})
    return PairOfSplits(
        overlap.train.name, overlap.test, overlap, findings, int(identical.sum()), len(rows), tuple(rows)
    )


def _inside(
    name: str,
    files: Sequence[InputFile],
    hashes: NDArray[np.uint64],
    n: int,
    segmenter: Segmenter,
    coverage: float,
    pool: Pool,
    progress: Progress | None,
) -> Inside:
    filled = np.sort(hashes[hashes != 0])
    identical = int(np.count_nonzero(filled[1:] == filled[:-1]))
    asked = asked_of_test_sets([files], n, segmenter)
    repeated = document_frequency(files, asked, pool, progress)[asked.ids] > 1
    ngrams = np.bincount(asked.examples, minlength=hashes.size)
    shared = np.bincount(asked.examples, weights=repeated, minlength=hashes.size)
    covered = int(np.count_nonzero((ngrams > 0) & (shared >= coverage * ngrams)))
    return Inside(name, hashes.size, int(np.count_nonzero(ngrams == 0)), identical, covered, coverage)
