"""The texts of a match as pages and notebooks show them: bounded, cut at words, with nothing that would be obeyed."""

from __future__ import annotations

from overlap.report.rendering import visible

__all__ = ["shown_sides"]

_LONGEST_TEXT = 1_200  # characters of a shared stretch; the middle of a longer one is left out
_LONGEST_WORD = 60
_CONTEXT = 120  # characters of context that a match keeps: one that is so long was cut, perhaps inside a word


def shown_sides(before: str, shared: str, after: str) -> tuple[str, str, str]:
    """What is shown of a context, of a shared stretch, and of the context behind it."""
    if len(shared) > _LONGEST_TEXT:
        half = _LONGEST_TEXT // 2
        shared = f"{_whole_words(shared[:half])} […] {_whole_words(shared[: -half - 1 : -1])[::-1]}"
    return visible(_end_of(before)), visible(shared), visible(_start_of(after))


def _whole_words(text: str) -> str:
    """Without the word at its end, which was cut; as it is where it has no space near its end."""
    kept = text.rpartition(" ")[0].rstrip()
    return kept if len(kept) > len(text) - _LONGEST_WORD else text


def _end_of(before: str) -> str:
    """The context before a match, from a whole word on where it was cut."""
    if len(before) < _CONTEXT:
        return before
    _, space, kept = before[-_CONTEXT:].partition(" ")
    return "… " + kept if space else "…" + before[-_CONTEXT:]


def _start_of(after: str) -> str:
    if len(after) < _CONTEXT:
        return after
    kept, space, _ = after[:_CONTEXT].rpartition(" ")
    return kept + " …" if space else after[:_CONTEXT] + "…"
