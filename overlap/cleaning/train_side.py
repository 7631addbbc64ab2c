"""The training side: documents that share n-grams with test sets, removed or cut.

Two passes over each file: one finds the hits (the kernels of the exact pass), one writes what remains. Nothing is
written over an input, and a log names every document that was changed, and why.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from overlap.cleaning.places import LOG_NAME, new_folder, refuse_inputs, refuse_what_is_there, relative_places
from overlap.cleaning.rewriting import refuse_several_fields, rewrite
from overlap.corpus import Documents, InputFile, Shard, check_shared, read_file
from overlap.errors import BadArgument, CorpusError
from overlap.executors import Executor, Pool, opened
from overlap.hashing import UnitHasher
from overlap.locating import AskedNgrams, asked_of_test_sets, document_frequency
from overlap.progress import Progress, Stage, logged
from overlap.segmenting import Segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CleanRule", "Cleaned", "clean_train"]


@dataclass(frozen=True)
class CleanRule:
    """What happens to a training document that shares an n-gram with a test set.

    ``drop`` removes it. ``cut`` removes the shared n-grams and ``window`` characters on either side (on to the next
    word's edge), discards pieces under ``min_piece`` characters, and drops a document that would break into more than
    ``max_pieces``: Brown et al. 2020 (GPT-3), appendix C, with 200, 200 and 10. n-grams that stand in more
    than ``max_documents`` training documents are let be (0: none is; the paper: 10).
    """

    kind: str = "drop"
    window: int = 200
    min_piece: int = 200
    max_pieces: int = 10
    max_documents: int = 0


@dataclass(frozen=True)
class Cleaned:
    """What was done: documents read, dropped, cut; pieces that the cut ones became; characters removed."""

    documents: int
    dropped: int
    cut: int
    pieces: int
    characters_removed: int
    let_be: int


def clean_train(
    train: Sequence[InputFile],
    tests: Sequence[Sequence[InputFile]],
    output: str | PathLike[str],
    *,
    n: int,
    segmenter: Segmenter,
    rule: CleanRule | None = None,
    folders: Sequence[str] = (),
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Cleaned:
    """Write the training files, without what they share with the test sets, under ``output``.

    Relative paths, formats and compression are kept. ``output/_removed.jsonl`` has a line for each document that was
    dropped or cut; ``folders`` are those that the files were found in. Raises OutputError where ``output`` exists,
    CorpusError; ValueError for an unknown rule.
    """
    rule = rule or CleanRule()
    if rule.kind not in ("drop", "cut"):
        raise BadArgument(f"rule must be drop or cut, not {rule.kind!r}")
    if min(rule.window, rule.min_piece, rule.max_documents) < 0 or rule.max_pieces < 1:
        raise BadArgument(f"no such rule: {rule}")
    if rule.kind == "cut":
        for file in train:
            refuse_several_fields(file)
    refuse_what_is_there(output)
    refuse_inputs(train, folders, Path(output))
    places = relative_places(train)
    report = logged(progress)
    with opened(executor, workers) as pool:
        asked = asked_of_test_sets(tests, n, segmenter)
        let_be = np.zeros(asked.count, np.bool_)
        if rule.max_documents:
            let_be = document_frequency(train, asked, pool, report) > rule.max_documents
        cleaning = _Cleaning(asked, let_be, rule, frozenset(places))
        totals = _clean_files(list(zip(train, places, strict=True)), output, cleaning, pool, report)
    totals.append(Cleaned(0, 0, 0, 0, 0, int(let_be.sum())))
    return Cleaned(**{name: sum(getattr(item, name) for item in totals) for name in asdict(totals[0])})


@dataclass(frozen=True)
class _Cleaning:
    """What is looked for, what of it is let be, the rule, and the places that are some file's own."""

    asked: AskedNgrams
    let_be: NDArray[np.bool_]
    rule: CleanRule
    places: frozenset[Path]


def _clean_files(
    jobs: Sequence[tuple[InputFile, Path]],
    output: str | PathLike[str],
    cleaning: _Cleaning,
    pool: Pool,
    report: Progress,
) -> list[Cleaned]:
    """Write the cleaned files and the log, in the order of the files."""
    totals: list[Cleaned] = []
    done, total = 0, sum(file.size for file, _ in jobs)
    with new_folder(output) as folder, open(folder / LOG_NAME, "w", encoding="utf-8") as log:
        check_shared(pool, [file for file, _ in jobs], folder.parent)
        cleaned_files = pool.in_order(_clean_file, jobs, (folder, cleaning), _kind)
        with closing(cleaned_files) as work:  # after an error nobody writes here when the folder is removed
            for (file, _), (cleaned, entries) in work:
                totals.append(cleaned)
                with open(folder.parent / entries, encoding="utf-8") as lines:
                    shutil.copyfileobj(lines, log)
                (folder.parent / entries).unlink()
                done += file.size
                report(Stage("clean", len(totals), len(jobs)), done, total)
    return totals


def _kind(job: tuple[InputFile, Path]) -> str:
    """What decides which kernels a file needs."""
    return f"{job[0].format} {job[0].document}"


def _clean_file(job: tuple[InputFile, Path], folder: Path, cleaning: _Cleaning) -> tuple[Cleaned, str]:
    """Write one file without what it shares; what was done, and the name of a file beside ``folder`` with its log.

    Everything is written elsewhere first: on a cluster two workers may be at the same file, one of them taken for lost.
    """
    file, place = job
    attempt = folder.parent / uuid.uuid4().hex
    attempt.mkdir()
    entries = attempt.with_suffix(".log")
    with open(entries, "w", encoding="utf-8") as log:
        changes = _Changes(file, _Finder(cleaning.asked, cleaning.let_be), cleaning.rule, log)
        taken = {attempt / other.name for other in cleaning.places if other.parent == place.parent}
        rewrite(file, attempt / place.name, changes.of, taken)
        cleaned = changes.finish()
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    for written in attempt.iterdir():
        written.replace(folder / place.parent / written.name)
    attempt.rmdir()
    return cleaned, entries.name


class _Changes:
    """What becomes of each document of a file, found while the file is rewritten: both go through it in order."""

    def __init__(self, file: InputFile, finder: _Finder, rule: CleanRule, log: IO[str]):
        self._file, self._finder, self._rule, self._log = file, finder, rule, log
        self._done = dict.fromkeys(("documents", "dropped", "cut", "pieces", "characters_removed", "let_be"), 0)
        self._changes = self._find()
        self._next: tuple[int, list[str]] | None = next(self._changes, None)

    def of(self, row: int, text: str | None) -> list[str] | None:
        """The pieces that take the place of a row; None where it stays as it is. Rows are asked for in order."""
        if self._next is None or self._next[0] != row:
            return None
        pieces = self._next[1]
        self._next = next(self._changes, None)
        return pieces

    def finish(self) -> Cleaned:
        """What was done. Raises CorpusError where a change found no row."""
        if self._next is not None:
            raise CorpusError(
                "its rows cannot be told apart when it is written again; convert the file",
                self._file.label,
                self._next[0] + 1,
            )
        return Cleaned(**self._done)

    def _find(self) -> Iterator[tuple[int, list[str]]]:
        done, rule = self._done, self._rule
        for batch in read_file(self._file):
            for index, hits in self._finder.hits(batch, self._file):
                pieces = self._finder.pieces(batch, index, hits, rule) if rule.kind == "cut" else []
                entry = _entry(self._file, batch, index, hits, pieces, rule)
                self._log.write(json.dumps(entry, ensure_ascii=False) + "\n")
                done["cut" if pieces else "dropped"] += 1
                done["pieces"] += len(pieces)
                done["characters_removed"] += entry["characters_removed"] if pieces else 0
                yield batch.row(index), pieces
            done["documents"] += len(batch)


def _entry(
    file: InputFile, batch: Documents, index: int, hits: NDArray[np.int64], pieces: list[str], rule: CleanRule
) -> dict[str, Any]:
    size = len(batch.text(index))
    kept = sum(map(len, pieces))
    if pieces:
        why = f"cut around {hits.size} n-grams shared with test sets"
    elif rule.kind == "drop":
        why = f"{hits.size} n-grams shared with test sets"
    else:
        why = f"too many pieces, or none of {rule.min_piece} characters left, around {hits.size} shared n-grams"
    return {
        "source": file.label,
        "row": batch.row(index),
        "id": batch.ids[index] if batch.ids is not None else "",
        "action": "cut" if pieces else "dropped",
        "why": why,
        "shared_ngrams": int(hits.size),
        "pieces": len(pieces),
        "characters_removed": size - kept,
    }


class _Finder:
    """Finds the shared n-grams of documents, and what is left of a document around them."""

    def __init__(self, asked: AskedNgrams, let_be: NDArray[np.bool_]):
        self._asked, self._let_be = asked, let_be
        self._hasher = UnitHasher(asked.segmenter)
        self._words = UnitHasher()

    def hits(self, batch: Documents, file: InputFile) -> list[tuple[int, NDArray[np.int64]]]:
        """(document, its shared n-grams in order) for each document that has any."""
        from overlap.kernels.lookup import batch_hits

        asked = self._asked
        units, counts = self._hasher.hash(batch, Shard(file, 0, file.size))
        documents, positions, ids = (np.empty(units.size + 1, kind) for kind in (np.int32, np.int64, np.int32))
        found = batch_hits(
            units, counts, asked.n, asked.bitmap, asked.slot_keys, asked.slot_ids, documents, positions, ids
        )
        wanted = ~self._let_be[ids[:found]]
        documents, positions = documents[:found][wanted], positions[:found][wanted]
        edges = np.flatnonzero(np.diff(documents, prepend=-1))
        parts = np.split(positions, edges[1:]) if edges.size else []
        return list(zip(documents[edges].tolist(), parts, strict=True))

    def pieces(self, batch: Documents, index: int, hits: NDArray[np.int64], rule: CleanRule) -> list[str]:
        """What is left of a document, cut at the edges of words; empty where it is dropped."""
        spans, text = self._hasher.spans(batch, index)
        holes = np.stack([spans[hits, 0] - rule.window, spans[hits + self._asked.n - 1, 1] + rule.window], axis=1)
        pieces: list[str] = []
        if self._asked.segmenter.noun != "words":  # a cut goes through no word
            spans, _ = self._words.spans(batch, index)
        first = 0  # the first unit that is not in a hole yet passed
        for start, stop in [*_merged(holes), (len(text) + 1, len(text) + 1)]:
            last = int(np.searchsorted(spans[:, 1], start, side="right"))  # units that end before the hole
            if last > first:  # the edges of the document are kept with what stands there
                begin = int(spans[first, 0]) if first else 0
                piece = text[begin : spans[last - 1, 1] if last < len(spans) else len(text.rstrip("\r\n"))]
                if len(piece) >= rule.min_piece:
                    pieces.append(piece)
            first = max(first, int(np.searchsorted(spans[:, 0], stop, side="left")))
        return pieces if len(pieces) <= rule.max_pieces else []


def _merged(holes: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Holes, in order, with those that touch made one."""
    merged: list[tuple[int, int]] = []
    for start, stop in holes.tolist():
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
