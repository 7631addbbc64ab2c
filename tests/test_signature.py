"""The signature: what it says, and that it can be read back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlap.signature import Signature

EXAMPLE = Signature(n=8, unit="word", norm="alnum-1", docs="line", fpr=1e-8, train="web#ab12cd", v="0.1.0")
TEXT = "n:8|unit:word|norm:alnum-1|docs:line|fpr:1e-08|train:web#ab12cd|v:0.1.0"


def test_signature_by_example() -> None:
    assert str(EXAMPLE) == TEXT
    assert Signature.parse(TEXT) == EXAMPLE


@given(
    st.integers(1, 64),
    st.sampled_from(["record", "line", "file", "mixed"]),
    st.floats(1e-12, 0.1),
    st.text().filter(lambda name: "|" not in name),
)
def test_signatures_are_read_back(n: int, docs: str, fpr: float, train: str) -> None:
    signature = replace(EXAMPLE, n=n, docs=docs, fpr=fpr, train=train)
    assert Signature.parse(str(signature)) == signature


def test_a_bar_in_a_name_does_not_end_it() -> None:
    assert Signature.parse(str(replace(EXAMPLE, train="a|b:c|v:9#ab"))).train == "a/b:c/v:9#ab"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "n:8",
        TEXT.removeprefix("n:8|"),
        TEXT.replace("unit:word|norm:alnum-1", "norm:alnum-1|unit:word"),
        TEXT + "|more:1",
        TEXT.replace("n:8", "n:eight"),
        TEXT.replace("fpr:1e-08", "fpr:low"),
        "BLEU+case.mixed",
    ],
)
def test_other_texts_are_no_signatures(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Signature.parse(text)


def test_method_leaves_out_corpus_and_bound() -> None:
    other = replace(EXAMPLE, train="books#ffffff", fpr=1e-2)
    assert other.method() == EXAMPLE.method()
    for change in ({"n": 13}, {"docs": "file"}, {"norm": "alnum-2"}, {"unit": "char"}, {"v": "0.2.0"}):
        assert replace(EXAMPLE, **change).method() != EXAMPLE.method()
