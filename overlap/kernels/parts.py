"""Parts of documents: which of a document's units lie in each."""

from __future__ import annotations

from overlap.kernels.starting import njit
from overlap.kernels.units import document_units


@njit(nogil=True, cache=True)
def batch_parts(data, offsets, edges, table, hashes, spans, starts, units):
    """For each document and part, the first unit that begins in the part, and how many lie in it whole.

    ``edges[i, p]`` are the first and last + 1 byte of part p within document i. ``hashes`` and ``spans`` are room for
    the units of the longest document. A unit that reaches over an edge (a template's literal glued to a field) lies in
    no part. The text is valid UTF-8.
    """
    for i in range(offsets.size - 1):
        first = offsets[i]
        count = document_units(data, first, offsets[i + 1], table, hashes, spans, True, 0)
        for p in range(edges.shape[1]):
            at = 0
            while at < count and spans[at, 0] < first + edges[i, p, 0]:
                at += 1
            starts[i, p] = at
            while at < count and spans[at, 1] <= first + edges[i, p, 1]:
                at += 1
            units[i, p] = at - starts[i, p]
