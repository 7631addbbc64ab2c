"""A profile's report of a stored result, where that has the n-grams that the profile asks for."""

from __future__ import annotations

from collections.abc import Sequence

from overlap.errors import BadArgument
from overlap.profiles.columns import Measured, rows_of
from overlap.profiles.known import profile_of
from overlap.profiles.profile import ProfileReport
from overlap.results import Overlap

__all__ = ["report_of_result"]


def report_of_result(name: str, overlaps: Sequence[Overlap], seed: int = 0) -> ProfileReport:
    """The report of a profile on overlaps that were measured before.

    Raises ValueError for a profile that needs the training text, or other n-grams: nothing is approximated.
    """
    profile = profile_of(name)
    if profile.needs_text:
        raise BadArgument(f"profile {name} must read the training text: overlap scan --profile {name}")
    for overlap in overlaps:
        if not profile.fits(overlap.unit, overlap.norm, overlap.n):
            raise BadArgument(
                f"profile {name} is of {profile.ngrams}; {overlap.test} was measured in {overlap.n}-grams of "
                f"{overlap.unit} ({overlap.norm}): overlap scan --profile {name}, or an index of such n-grams"
            )
    rows = [row for overlap in overlaps for row in rows_of(profile, Measured(overlap, None, seed))]
    signatures = dict.fromkeys(overlap.train.signature for overlap in overlaps if not overlap.train.members)
    return ProfileReport(profile, seed, tuple(signatures), tuple(rows))
