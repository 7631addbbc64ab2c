"""What is trained and tested on: generated corpora, and the real text that is at hand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from running import ROOT, run

WORK = Path("benchmarks/work")
DATA = Path("../shared/data")
SEED = 1
RECORDS = {".json", ".jsonl", ".parquet"}
"""A file with one of these suffixes, compressed or not, has records; any other is plain text."""
TEST_EXAMPLES = 5_000
PLANT_BYTES = 5_000_000
"""Test windows are taken from the first 5 MB, so that contenders run on a prefix are due the same hits."""


@dataclass(frozen=True)
class Case:
    """A training corpus and a test set. Paths are relative to the project's root, as in the commands."""

    name: str
    train: tuple[Path, ...]
    test: Path
    fields: str = "text"
    """Of training records, comma-separated; of no meaning for plain text."""
    test_fields: str = "text"
    peers: bool = True
    """Whether the peers run: not on the large corpora, where they would take an hour."""
    real: bool = False
    documents_of: str = ""
    """The name of a case with the same documents and test set in another format: its exact counts hold here, too."""

    @property
    def by_line(self) -> bool:
        """Whether the training files are plain text, a document a line."""
        return not any(RECORDS & set(path.suffixes) for path in self.train)

    @property
    def bytes(self) -> int:
        """The size of the training files."""
        return sum((ROOT / path).stat().st_size for path in self.train)


def generated_cases(size: int, *, peers: bool) -> list[Case]:
    """Return the text case and the JSON lines case of `size` bytes of text, generating what is missing."""
    label = size_label(size)
    stem = WORK / f"corpus-{label}"
    text, records, test = (Path(f"{stem}{suffix}") for suffix in (".txt", ".jsonl", ".test.jsonl"))
    if not all((ROOT / path).exists() for path in (text, records, test)):
        _generate(size, stem)
    return [
        Case(f"{label} of text", (text,), test, peers=peers),
        Case(f"{label} of text as JSON lines", (records,), test, peers=peers, documents_of=f"{label} of text"),
    ]


def real_cases() -> list[Case]:
    """Return the cases on real text; an empty list, with a note, where it is absent."""
    if not (ROOT / DATA).is_dir():
        print(f"{DATA} is absent: no real text", file=sys.stderr)
        return []
    gsm8k, wikitext = DATA / "gsm8k", DATA / "wikitext-2"
    questions, answered = gsm8k / "test.jsonl", "question,answer"
    prefix = _names("wikitext-2/wiki.train.*.tokens")[0]
    gpteacher = tuple(DATA / "gpteacher" / name for name in _names("gpteacher/*.json"))
    return [
        Case("GSM8K", (gsm8k / "train.jsonl",), questions, answered, answered, real=True),
        Case("WikiText-2", (wikitext / prefix,), wikitext / "wiki.test.tokens", real=True),
        Case("GPTeacher", gpteacher, questions, "instruction,input,response", "question", real=True),
    ]


def _names(pattern: str) -> list[str]:
    return sorted(path.name for path in (ROOT / DATA).glob(pattern))


def warm_up_cases() -> list[Case]:
    """Return small cases for compiling and caching whatever is compiled at first use."""
    return generated_cases(1_000_000, peers=False)


def size_label(size: int) -> str:
    """Return `100 MB` without the space.

    >>> size_label(100_000_000), size_label(1_000_000_000)
    ('100MB', '1GB')
    """
    return f"{size / 10**9:g}GB" if size >= 10**9 else f"{size / 10**6:g}MB"


def generator_command(size: int, stem: Path) -> Sequence[str]:
    """Return the command that makes the corpus."""
    where = ["--bytes", str(size), "--out", str(stem), "--seed", str(SEED)]
    test_set = ["--test-examples", str(TEST_EXAMPLES), "--plant-bytes", str(PLANT_BYTES)]
    return [sys.executable, "benchmarks/generate.py", *where, *test_set]


def _generate(size: int, stem: Path) -> None:
    """Run the generator in a process of its own: this one stays small."""
    print(f"generating {stem}", file=sys.stderr)
    run(generator_command(size, stem))
