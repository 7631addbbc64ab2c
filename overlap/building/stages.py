"""What a build tells while it works: progress to whoever asked, the stages and their times to the log."""

from __future__ import annotations

import logging

from overlap import progress
from overlap.building.plan import BuildPlan
from overlap.progress import Progress

__all__ = ["logged"]

_log = logging.getLogger("overlap")
_MANY = 20  # files that are named one by one


def logged(plan: BuildPlan, report: Progress | None) -> Progress:
    """The progress callback, with a line in the log for what is planned, and for each stage as it begins and ends."""
    total = sum(file.size for file in plan.files)
    _log.info(
        "build %s: %d files, %d bytes, in %d pieces and %d groups",
        plan.settings.name,
        len(plan.files),
        total,
        len(plan.packs),
        1 << plan.sizes.spill_bits,
    )
    for file in plan.files[:_MANY]:
        _log.debug("%s: %s, %d bytes", file.label, file.format, file.size)
    return progress.logged(report, resumes="hash")
