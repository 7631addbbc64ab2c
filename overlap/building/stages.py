"""What a build tells while it works: progress to whoever asked, the stages and their times to the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from overlap.building.plan import BuildPlan

__all__ = ["logged"]

Progress = Callable[[str, int, int], None]
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
        1 << plan.spill_bits,
    )
    for file in plan.files[:_MANY]:
        _log.debug("%s: %s, %d bytes", file.label, file.format, file.size)
    begun: dict[str, tuple[float, int]] = {}
    ended: set[str] = set()

    def tell(stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        if stage not in begun:
            begun[stage] = now, done
            if done and stage == "hash":  # a first report of another stage is of its first piece
                _log.info("%s: resumed, %d of %d bytes done before", stage, done, total)
        _log.debug("%s: %d of %d", stage, done, total)
        if done >= total and stage not in ended:
            ended.add(stage)
            since, before = begun[stage]
            _log.info("%s: %d done in %.1f s", stage, done - (before if stage == "hash" else 0), now - since)
        if report is not None:
            report(stage, done, total)

    return tell
