"""What single training documents have of each example: the papers' cases, and the obvious implementation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elsewhere import Elsewhere
from hypothesis import given, settings
from hypothesis import strategies as st

import overlap
from overlap import metrics
from overlap.corpus import Shard
from overlap.executors import tasks
from overlap.locating import document_pass
from overlap.results import ByDocument

WORDS = [f"w{number}" for number in range(200)]


def write(path: Path, texts: Sequence[str], **more: Sequence[str]) -> Path:
    columns = {"text": texts, **more}
    rows = [{name: column[number] for name, column in columns.items()} for number in range(len(texts))]
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def compare(tmp_path: Path, train: Sequence[str], test: Sequence[str], n: int = 8, budget: int = 0) -> ByDocument:
    (found,) = overlap.by_document(
        f"train={write(tmp_path / 'train.jsonl', train)}",
        f"test={write(tmp_path / 'test.jsonl', test)}",
        n=n,
        budget=budget,
    )
    return found


@pytest.mark.parametrize(
    ("shared", "share", "flagged"),
    [(WORDS[:15], 0.75, True), (WORDS[:10], 0.5, False), ([*WORDS[:7], "changed", *WORDS[8:15]], 0.0, False)],
    ids=["15 in a row", "10 in a row", "7 and 7"],
)
def test_tulu_3(shared: list[str], share: float, flagged: bool, tmp_path: Path) -> None:
    """Prompts of 20 tokens; more than half of them in 8-grams of one training instance, strictly."""
    found = compare(tmp_path, ["x y z", " ".join(["before", *shared, "after"])], [" ".join(WORDS[:20])])
    assert metrics.covered_by_one_document(found).tolist() == [share]
    assert bool(metrics.covered_by_one_document(found)[0] > 0.5) is flagged
    assert found.documents_half == flagged


def test_one_document_is_not_all_of_them(tmp_path: Path) -> None:
    """Half of the example in one document, the other half in another: Llama 3 says all, Tulu 3 says half."""
    train = [" ".join(WORDS[:10]), " ".join(WORDS[10:20])]
    found = compare(tmp_path, train, [" ".join(WORDS[:20])])
    assert metrics.covered_by_one_document(found).tolist() == [0.5]
    assert (found.sources[0], found.rows.tolist()) == (str(tmp_path / "train.jsonl"), [0])
    assert found.shared_by.tolist() == [2]
    overlaps, _ = overlap.scan(f"train={tmp_path / 'train.jsonl'}", f"test={tmp_path / 'test.jsonl'}")
    assert metrics.token_coverage(overlaps[0]).tolist() == [1.0]


def test_llama_2_allows_four_substitutions_behind_the_first_ten_tokens(tmp_path: Path) -> None:
    def changed(*places: int) -> str:
        return " ".join("other" if number in places else word for number, word in enumerate(WORDS[:40]))

    test = [" ".join(WORDS[:40])]

    def longest(text: str) -> int:
        return int(compare(tmp_path, [text], test, n=10, budget=4).longest.max(initial=0))

    assert longest(changed()) == 40
    assert longest(changed(12, 20, 28, 36)) == 40
    assert longest(changed(12, 18, 24, 30, 36)) == 36  # the fifth ends it
    assert longest(changed(39)) == 39  # none at the end
    assert longest(changed(36, 37, 38, 39)) == 36
    assert longest(changed(5)) == 34  # none in the first ten: it begins behind it
    assert longest(changed(*range(9, 40, 10))) == 0  # nowhere ten in a row


def test_llama_2_share_of_tokens(tmp_path: Path) -> None:
    """Of 40 tokens, 20 in a row in one document and 12 in another."""
    train = [" ".join(WORDS[:20]), " ".join(["x", *WORDS[25:37]])]
    found = compare(tmp_path, train, [" ".join(WORDS[:40])], n=10, budget=4)
    shares = {least: metrics.contaminated_tokens(found, least)[0] for least in (10, 12, 13, 20, 21)}
    assert shares == {10: 0.8, 12: 0.8, 13: 0.5, 20: 0.5, 21: 0.0}
    assert metrics.longest_span(found).tolist() == [0.5]


def test_whole_fields(tmp_path: Path) -> None:
    test = [" ".join(WORDS[:12]), " ".join(WORDS[20:32]), " ".join(WORDS[40:45])]
    train = ["Say: " + ", ".join(WORDS[:12]).upper() + "!", " ".join(WORDS[20:31])]
    found = compare(tmp_path, train, test)
    assert np.array_equal(metrics.contained_whole(found), [1.0, 0.0, np.nan], equal_nan=True)
    with pytest.raises(ValueError, match="not whole"):
        metrics.contained_whole(compare(tmp_path, train, test, budget=2))


def test_question_and_answer_in_one_document(tmp_path: Path) -> None:
    question, answer = " ".join(WORDS[:12]), " ".join(WORDS[50:62])
    test = write(tmp_path / "test.jsonl", [question] * 2, answer=[answer, " ".join(WORDS[70:82])])
    train = write(tmp_path / "train.jsonl", [question, f"{question} and {answer}", " ".join(WORDS[70:82])])
    (found,) = overlap.by_document(f"train={train}", f"test={test}", parts=["question=text", "answer=answer"])
    assert metrics.parts_in_one_document(found, "question", "answer").tolist() == [True, False]
    assert metrics.parts_in_one_document(found, "answer", "answer").tolist() == [True, True]
    with pytest.raises(ValueError, match="no part context"):
        metrics.parts_in_one_document(found, "question", "context")


def test_documents_are_counted_for_each_test_set(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [" ".join(WORDS[:20]), " ".join(WORDS[:9]), " ".join(WORDS[60:80]), "x"])
    first = write(tmp_path / "a.jsonl", [" ".join(WORDS[:20]), "too short"])
    second = write(tmp_path / "b.jsonl", [" ".join(WORDS[60:80]), " ".join(WORDS[65:90])])
    found = overlap.by_document(f"train={train}", [f"a={first}", f"b={second}"])
    assert [(item.test, item.documents, item.documents_hit, item.documents_half) for item in found] == [
        ("a", 4, 2, 1),
        ("b", 4, 1, 1),
    ]
    assert found[1].rows.tolist() == [2, 2]
    assert found[0].rows.tolist() == [0, -1]


def test_a_file_of_lines_and_a_file_that_is_one_document(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(" ".join(WORDS[:10]) + "\n" + " ".join(WORDS[10:20]))
    test = write(tmp_path / "test.jsonl", [" ".join(WORDS[:20])])
    (whole,) = overlap.by_document(str(tmp_path / "book.txt"), str(test))
    (lines,) = overlap.by_document(str(tmp_path / "book.txt"), str(test), by_line=True)
    assert (whole.covered.tolist(), lines.covered.tolist()) == ([20], [10])


@pytest.mark.parametrize("budget", [-1, 1001])
def test_bad_budgets(budget: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="budget"):
        compare(tmp_path, ["a"], ["a b c d e f g h"], budget=budget)


def naive(
    train: Sequence[str], test: Sequence[str], n: int, budget: int
) -> tuple[list[int], list[list[int]], list[int]]:
    """(covered, longest spans by unit, documents), with lists and loops."""
    covered, spans, shared = [], [], []
    for example in (text.split() for text in test):
        best, documents, longest = 0, 0, [0] * len(example)
        for document in (text.split() for text in train):
            grams = {tuple(document[i : i + n]) for i in range(len(document) - n + 1)}
            hits = [i for i in range(len(example) - n + 1) if tuple(example[i : i + n]) in grams]
            best = max(best, len({i + j for i in hits for j in range(n)}))
            documents += bool(hits)
            for i in hits:
                for p in range(len(document) - n + 1):
                    if document[p : p + n] == example[i : i + n]:
                        end, wrong = n, 0
                        for j in range(n, min(len(example) - i, len(document) - p)):
                            wrong += example[i + j] != document[p + j]
                            if wrong > budget:
                                break
                            if example[i + j] == document[p + j]:
                                end = j + 1
                        for j in range(i, i + end):
                            longest[j] = max(longest[j], end)
        covered.append(best)
        spans.append(longest)
        shared.append(documents)
    return covered, spans, shared


texts = st.lists(st.lists(st.sampled_from("abc"), max_size=14).map(" ".join), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(texts, texts, st.integers(1, 3), st.integers(0, 2))
def test_it_is_what_loops_find(tmp_path_factory: pytest.TempPathFactory, train: list[str], test: list[str], n: int,
                               budget: int) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("by")
    try:
        found = compare(folder, train, test, n, budget)
    except overlap.OverlapError:  # no n-gram in the test set
        assert all(len(text.split()) < n for text in test)
        return
    covered, spans, shared = naive(train, test, n, budget)
    assert found.covered.tolist() == covered
    assert found.shared_by.tolist() == shared
    assert found.longest.tolist() == [length for span in spans for length in span]


def test_real_data_agree_with_scan(shared_data: Path) -> None:
    folder = shared_data / "gsm8k"
    sources = f"train={folder}/train.jsonl::question,answer", f"test={folder}/test.jsonl::question,answer"
    (found,) = overlap.by_document(*sources)
    overlaps, findings = overlap.scan(*sources)
    assert ((found.covered > 0) == (overlaps[0].hits > 0)).all()
    exact = metrics.longest_match_in_one_document(overlaps[0], findings[0])
    assert np.array_equal(metrics.longest_span(found), exact, equal_nan=True)
    assert (metrics.covered_by_one_document(found) <= metrics.token_coverage(overlaps[0]) + 1e-12).all()


class _Noted(Elsewhere):
    """Notes the functions that it was asked to run."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: list[str] = []

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        if function is tasks.run:
            self.functions.append(arguments[0].function.__name__)
        return super().submit(function, *arguments, **named)


def test_it_runs_where_it_is_told_to(tmp_path: Path) -> None:
    sources = [f"train={write(tmp_path / 'train.jsonl', [' '.join(WORDS[:9])])}"]
    sources.append(f"test={write(tmp_path / 'test.jsonl', [' '.join(WORDS[:20])])}")
    with _Noted() as executor:
        overlap.by_document(*sources, executor=executor)
    assert executor.functions == ["_compare"]
    with _Noted() as executor:
        there, _, _ = overlap.scan_profile("tulu3", *sources, executor=executor)
    assert executor.functions.count("_compare") == 1
    here, _, _ = overlap.scan_profile("tulu3", *sources)
    assert there == here


@pytest.mark.parametrize("options", [{"workers": 1}, {"workers": 3}])
def test_small_files_are_compared_together(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found is the same as in one file, place by place; there is one task, and not one for each file."""
    texts = [" ".join(WORDS[first : first + 10]) for first in range(0, 60, 3)]
    folder = tmp_path / "c"
    folder.mkdir()
    for number in range(0, len(texts), 2):
        write(folder / f"{number:02}.jsonl", texts[number : number + 2])
    (folder / "05.txt").write_text(" ".join(WORDS[70:80]))
    test = write(tmp_path / "test.jsonl", [" ".join(WORDS[i : i + 12]) for i in (0, 7, 30, 70)])
    compared: list[int] = []

    def counting(task: Sequence[Shard], target: Any) -> Any:
        compared.append(len(task))
        return compare_task(task, target)

    compare_task = document_pass._compare
    monkeypatch.setattr(document_pass, "_compare", counting)
    (found,) = overlap.by_document(f"train={folder}", f"test={test}", **options)
    assert compared == [11]
    covered = [[len(set(example.split()) & set(text.split())) for text in [*texts, " ".join(WORDS[70:80])]]
               for example in (" ".join(WORDS[i : i + 12]) for i in (0, 7, 30, 70))]  # fmt: skip
    assert found.covered.tolist() == [max(row) for row in covered]
    best = [row.index(max(row)) for row in covered]
    assert found.rows.tolist() == [number % 2 if number < len(texts) else 0 for number in best]
    names = [f"{number // 2 * 2:02}.jsonl" if number < len(texts) else "05.txt" for number in best]
    assert [Path(source).name for source in found.sources] == names
    assert found.documents == 21
