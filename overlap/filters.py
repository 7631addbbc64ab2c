"""The kinds of filter that an index can have: their names, and which module knows each."""

from __future__ import annotations

from overlap.bloom import BloomFilter, Design, Partition, PartitionRow, design_filter
from overlap.errors import BadArgument
from overlap.fuse import FuseDesign, FuseFilter, FusePartition, FuseRow, design_fuse

__all__ = ["FILTERS", "AnyDesign", "AnyFilter", "AnyPartition", "AnyRow", "check_filter", "design_of", "row_type"]

FILTERS = ("bloom", "fuse")  # the first is the default

AnyDesign = Design | FuseDesign
AnyPartition = Partition | FusePartition
AnyRow = PartitionRow | FuseRow
AnyFilter = BloomFilter | FuseFilter


def check_filter(name: str) -> None:
    """Raise ValueError for a filter that there is not."""
    if name not in FILTERS:
        raise BadArgument(f"filter must be one of {', '.join(FILTERS)}, not {name!r}")


def design_of(name: str, fpr: float) -> AnyDesign:
    """The filter of a kind for a bound on its own rate. Raises ValueError for a rate outside 1e-12 to 0.1."""
    return design_fuse(fpr) if name == "fuse" else design_filter(fpr)


def row_type(design: AnyDesign) -> type[PartitionRow] | type[FuseRow]:
    """What describes the partitions of such a filter."""
    return FuseRow if isinstance(design, FuseDesign) else PartitionRow
