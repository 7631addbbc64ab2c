"""build_index: a training corpus -> a certified Bloom filter of its n-grams.

Plan, hash and spill, sort and count, fill: ``plan`` decides from sizes, ``spill`` and ``fill`` are pure functions of
their inputs, and this module runs them on threads, in any order, to the same bytes.
"""

from overlap.building.build import build_index

__all__ = ["build_index"]
