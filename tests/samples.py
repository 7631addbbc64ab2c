"""Made-up corpora, and what tests ask of an index folder."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

SENTENCE = "The quick brown fox jumps over the lazy dog and runs away into the dark wood again."
OTHER = "Nobody has ever seen such a thing in this quiet town, said the old baker to his only son."
# Few words, so that corpora of them overlap; with case, marks, spaceless scripts and things that separate.
WORDS = [
    "a",
    "B",
    "b",
    "cat",
    "Cat",
    "été",
    "ÉTÉ",
    "e\u0301",
    "ไทย",
    "漢字",
    "x1",
    "2",
    "don't",
    "--",
    "",
    "İ",
    "ß",
    "σς",
]


def vocabulary(size: int, seed: int = 1) -> list[str]:
    """So many made-up words."""
    source = random.Random(seed)
    return ["".join(source.choices("abcdefghijklmnopqrstuvwxyz", k=source.randint(2, 9))) for _ in range(size)]


def write_corpus(folder: Path, *, files: int, words: int, seed: int = 1, line: int = 200) -> Path:
    """A folder of text files with so many words each (about six bytes a word), ``line`` words a line."""
    folder.mkdir(parents=True, exist_ok=True)
    known = np.array(vocabulary(20_000), object)
    source = np.random.default_rng(seed)
    for number in range(files):
        chosen = known[source.integers(0, known.size, words)].tolist()
        lines = [" ".join(chosen[start : start + line]) for start in range(0, words, line)]
        (folder / f"{number}.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    return folder


def kept_bytes(index: Path) -> dict[str, bytes]:
    """The files of an index, by name. Nothing else may be left of its build."""
    names = {item.name for item in index.iterdir()}
    assert names <= {"manifest.json", "filter.bin", "inputs.key"}, names
    return {name: (index / name).read_bytes() for name in ("manifest.json", "filter.bin")}


def flip(path: Path, bit: int) -> None:
    """Turn one bit of a file over."""
    with open(path, "r+b") as stream:
        stream.seek(bit // 8)
        byte = stream.read(1)[0]
        stream.seek(bit // 8)
        stream.write(bytes([byte ^ (1 << (bit % 8))]))
