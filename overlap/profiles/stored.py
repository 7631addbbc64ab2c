"""A profile's report of a stored result, where that has the n-grams that the profile asks for."""

from __future__ import annotations

from collections.abc import Sequence

from overlap.errors import BadArgument
from overlap.profiles.columns import Measured, rows_of
from overlap.profiles.known import profile_of
from overlap.profiles.profile import Profile, ProfileReport
from overlap.results import ByDocument, Overlap

__all__ = ["report_of_result"]


def report_of_result(
    name: str, overlaps: Sequence[Overlap], seed: int = 0, *, documents: Sequence[ByDocument] = ()
) -> ProfileReport:
    """The report of a profile on overlaps that were measured before, and on what single documents have of them.

    Raises ValueError for a profile that needs the training text, or other n-grams: nothing is approximated.
    """
    profile = profile_of(name)
    kept = [_documents_of(profile, overlap, documents) for overlap in overlaps]
    if profile.needs_text and not (profile.by_document and kept and None not in kept):
        why = _compared_otherwise(profile, overlaps, documents)
        raise BadArgument(f"profile {name} must read the training text{why}: overlap scan --profile {name}")
    for overlap in overlaps:
        if not profile.fits(overlap.unit, overlap.norm, overlap.n):
            raise BadArgument(
                f"profile {name} is of {profile.ngrams}; {overlap.test} was measured in {overlap.n}-grams of "
                f"{overlap.unit} ({overlap.norm}): overlap scan --profile {name}, or an index of such n-grams"
            )
    rows = [
        row
        for overlap, found in zip(overlaps, kept, strict=True)
        for row in rows_of(profile, Measured(overlap, found, seed))
    ]
    signatures = dict.fromkeys(overlap.train.signature for overlap in overlaps if not overlap.train.members)
    return ProfileReport(
        profile, seed, tuple(signatures), tuple(rows), tuple(found for found in kept if found is not None)
    )


def _compared_otherwise(profile: Profile, overlaps: Sequence[Overlap], documents: Sequence[ByDocument]) -> str:
    """Why documents that are in a result do not serve this profile; nothing where it has none."""
    there = {(found.n, found.budget) for found in documents if any(map(found.is_of, overlaps))}
    others = sorted(pair for pair in there if pair[0] not in profile.n or pair[1] != profile.budget)
    if not profile.by_document or not others:
        return ""
    kept = ", ".join(f"{n}-grams with at most {budget} substitutions" for n, budget in others)
    asked = f"{profile.ngrams} with at most {profile.budget}"
    return f" (documents of this result were compared by {kept}; the profile asks for {asked})"


def _documents_of(profile: Profile, overlap: Overlap, documents: Sequence[ByDocument]) -> ByDocument | None:
    """What single documents have of an overlap, compared as the profile does."""
    if not profile.by_document:
        return None
    wanted = (overlap.n, profile.budget)
    return next((found for found in documents if found.is_of(overlap) and (found.n, found.budget) == wanted), None)
