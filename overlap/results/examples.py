"""The table of examples: what ``examples.parquet`` holds of an overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

    from overlap.results.overlaps import Overlap

__all__ = ["examples_table"]


def examples_table(overlap: Overlap) -> pa.Table:
    """A row per example: names, place, counts, runs (a list of {start, length}), parts; see docs/results.md."""
    import pyarrow as pa

    names = pa.array([source.path for source in overlap.test_sources], pa.string())
    runs = pa.StructArray.from_arrays(
        [pa.array(overlap.run_starts, pa.int64()), pa.array(overlap.run_lengths, pa.int64())], ["start", "length"]
    )
    offsets = pa.array(np.concatenate([[0], overlap.run_ends]), pa.int32())
    table = pa.table(
        {
            "train": pa.array([overlap.train.name] * len(overlap), pa.string()),
            "own_train": pa.array([overlap.train.own] * len(overlap), pa.bool_()),
            "test": pa.array([overlap.test] * len(overlap), pa.string()),
            "source": names.take(pa.array(overlap.sources)) if len(overlap) else pa.array([], pa.string()),
            "row": pa.array(overlap.rows, pa.int64()),
            "id": _labels(overlap.ids, len(overlap)),
            "group": _labels(overlap.groups, len(overlap)),
            "units": pa.array(overlap.units, pa.int64()),
            "ngrams": pa.array(overlap.ngrams, pa.int64()),
            "hits": pa.array(overlap.hits, pa.int64()),
            "runs": pa.ListArray.from_arrays(offsets, runs),
            "parts": _parts_column(overlap),
        }
    )
    if overlap.window_counts is None:
        return table
    edges = pa.array(np.concatenate([[0], np.cumsum(overlap.window_counts)]), pa.int32())
    return table.append_column("windows", pa.ListArray.from_arrays(edges, pa.array(overlap.windows, pa.int64())))


def _parts_column(overlap: Overlap) -> pa.Array:
    """A list of {part, start, units, ngrams, hits} for each example."""
    import pyarrow as pa

    examples, parts = len(overlap), len(overlap.parts)
    names = pa.array(list(overlap.parts) * examples, pa.string())
    counts = (overlap.part_starts, overlap.part_units, overlap.part_ngrams, overlap.part_hits)
    columns = [names, *(pa.array(values.reshape(-1), pa.int64()) for values in counts)]
    structs = pa.StructArray.from_arrays(columns, ["part", "start", "units", "ngrams", "hits"])
    return pa.ListArray.from_arrays(pa.array(np.arange(examples + 1) * parts, pa.int32()), structs)


def _labels(labels: Sequence[str] | None, count: int) -> pa.Array:
    import pyarrow as pa

    return pa.nulls(count, pa.string()) if labels is None else pa.array(labels, pa.string())
