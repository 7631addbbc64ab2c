"""The short form of ``make torture``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torture

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # threads of pytest's, not of ours


def test_builds_killed_at_random_moments(tmp_path: Path) -> None:
    assert torture.kills(6, 2, tmp_path) >= 6


def test_random_mutations_of_indexes_and_results(tmp_path: Path) -> None:
    outcomes = torture.mutations(60, 3, tmp_path)
    assert outcomes["refused"] > 30
    assert outcomes["over several lines"] == 0


def test_mutilated_inputs(tmp_path: Path) -> None:
    assert torture.fuzz(500, 4, tmp_path, at_once=500) == 500


def test_the_fuzzer_finds_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that raises something else is found out."""

    def broken(*_: object) -> None:
        raise KeyError("x")

    torture._some_inputs(-1, 1, 1, tmp_path)
    monkeypatch.setattr(torture, "read_shard", broken)
    with pytest.raises(RuntimeError, match="KeyError"):
        torture._some_inputs(0, 20, 1, tmp_path)
