"""Profiles as tables: what a published rule gives, with its source; and the list of all profiles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import Any

from overlap.profiles import PROFILES, Profile, ProfileReport
from overlap.report.cells import rendered
from overlap.report.left_out import skipped_notes, skipped_records, skipped_sets
from overlap.report.tables import OWN_TRAIN, Table, percent
from overlap.results import Overlap

__all__ = ["profile_table", "profile_text", "profiles_json", "profiles_table", "render_profile"]

_HEAD = ("test", "train", "own_train")


def profile_table(found: ProfileReport, overlaps: Sequence[Overlap] = ()) -> Table:
    """The profile's columns, a row for each test set and training set; rule, source and choices below.

    ``overlaps``: those that it was drawn from, whose skipped records are named.
    """
    profile = found.profile
    columns = [name for name in (found.rows[0] if found.rows else {}) if name not in _HEAD]
    rows = [
        (row["test"], OWN_TRAIN if row["own_train"] else row["train"], *(_cell(name, row[name]) for name in columns))
        for row in found.rows
    ]
    named = f"Profile {profile.name}" if profile.is_faithful else f"Profile {profile.name} (not verified at its source)"
    return Table(
        named,
        ("Test set", "Training set", *(_title(name) for name in columns)),
        tuple(rows),
        (
            f"rule: {profile.rule}",
            f"source: {profile.source}; {profile.standing}",
            f"left open by the source, and chosen by us: {'; '.join(profile.chosen)}",
            *([f"seed of the random windows: {found.seed}"] if profile.name == "gpt4" else []),
            *found.signatures,
            *skipped_notes(overlaps),
        ),
        labels=2,
    )


def _title(name: str) -> str:
    return name.replace("_percent", " %").replace("_", " ")


def _cell(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return percent(value) if isinstance(value, float) else str(value)


def profile_text(profile: Profile, width: int) -> str:
    """A profile in words: what it looks for, rule, source, and what that leaves open; lines of so many columns."""
    needs = "needs the training text: scan" if profile.needs_text else "an index is enough: check, or scan"
    heads = {"rule": profile.rule, "source": f"{profile.source}; {profile.standing}"}
    heads["n-grams"] = f"{profile.ngrams}; {needs}"
    lines = [profile.name]
    for head, text in heads.items():
        lines += wrap(f"{head}: {text}", width, initial_indent="  ", subsequent_indent="    ")
    lines.append("  left open by the source, and chosen by us:")
    for item in profile.chosen:
        lines += wrap(f"- {item}", width, initial_indent="    ", subsequent_indent="      ")
    return "\n".join(lines)


def profiles_table() -> Table:
    """All profiles: what they look for, their rule and source, and what that leaves open."""
    rows = tuple(
        (
            profile.name,
            profile.ngrams,
            "yes" if profile.needs_text else "no",
            profile.verified if profile.is_faithful else "others' words only: not verified",
            profile.rule,
            profile.source,
            "; ".join(profile.chosen),
        )
        for profile in PROFILES.values()
    )
    return Table(
        "Profiles",
        ("Profile", "n-grams", "needs the text", "read in", "rule", "source", "left open, and chosen by us"),
        rows,
        (
            "needs the text: only scan can apply it, not an index; read in: the paper or the code, which are the "
            "source itself; a rule that was read in others' words only is not verified, do not call it faithful",
        ),
        labels=7,
    )


def profiles_json() -> str:
    """All profiles as JSON."""
    return json.dumps([profile.to_json() for profile in PROFILES.values()], indent=1, ensure_ascii=False) + "\n"


def render_profile(found: ProfileReport, format: str, overlaps: Sequence[Overlap] = ()) -> str:
    """A profile's report as ``md``, ``csv``, ``json`` or ``latex``. Raises ValueError for any other format.

    ``overlaps``: as in ``profile_table``; where records were skipped, JSON names them and CSV has their number.
    """
    profile = found.profile
    skipped = [{"set": name, **asdict(item)} for name, items in skipped_sets(overlaps) for item in items]
    values = {**found.to_json(), **({"skipped": skipped} if skipped else {})}
    said = {"profile": profile.name, "rule": profile.rule, "source": profile.source, "standing": profile.standing}
    left_out = {"skipped_records": skipped_records(overlaps)} if skipped else {}
    rows = [{**said, **row, **left_out} for row in found.rows]
    return rendered(format, (profile_table(found, overlaps),), values, rows)
