"""Tokens as units: against the library itself, with tokenizers that are trained here on a few lines."""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import call, refused
from format_one import BITS_64, NGRAM_MULTIPLIER, mix
from hypothesis import given, settings
from hypothesis import strategies as st
from inputs import one_file, stored, whole
from strategies import texts
from test_units import number_hash

import overlap
from overlap.corpus import read_file
from overlap.corpus.batches import from_texts
from overlap.errors import BadRecord, CorruptIndex, SignatureMismatch, TokenizerError
from overlap.hashing import NgramHasher, UnitHasher
from overlap.metrics import summarise
from overlap.segmenting import segmenter_of

tokenizers = pytest.importorskip("tokenizers")

LINES = [
    "The quick brown fox jumps over the lazy dog, and the dog did not mind.",
    "It was the best of times, it was the worst of times: Été, 漢字, naïve.",
    "All happy families are alike; each unhappy family is unhappy in its own way.",
]


def _trained(kind: str) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    if kind == "byte-level":
        made = Tokenizer(models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        letters = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=letters, show_progress=False
        )
    else:  # as BERT's: lower-cased, unknown letters are one token, special tokens around
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.Lowercase()
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        trainer = trainers.WordPieceTrainer(
            vocab_size=200, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False
        )
    made.train_from_iterator(LINES, trainer)
    if kind == "word-piece":
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
        )
        made.enable_truncation(4)
        made.enable_padding(length=16)
    return made


@pytest.fixture(scope="session", params=["byte-level", "word-piece"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("tokenizer") / f"{request.param}.json"
    _trained(request.param).save(str(path))
    return path


@pytest.fixture(scope="session")
def byte_level(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    _trained("byte-level").save(str(path))
    return path


def plain(path: Path) -> Any:
    """The tokenizer as the library reads it; nothing added, cut off or filled up."""
    made = tokenizers.Tokenizer.from_file(str(path))
    made.no_truncation()
    made.no_padding()
    made.encode_special_tokens = True
    return made


def ids_of(path: Path, text: str) -> list[int]:
    return list(plain(path).encode(text, add_special_tokens=False).ids)


def ngrams(path: Path, text: str, n: int) -> list[tuple[int, ...]]:
    ids = ids_of(path, text)
    return [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]


@settings(max_examples=100)
@given(text=texts(), n=st.integers(1, 12))
def test_hashes_are_of_the_ids(tokenizer: Path, text: str, n: int) -> None:
    expected = []
    for gram in ngrams(tokenizer, text, n):
        polynomial = 0
        for number in gram:
            polynomial = (polynomial * NGRAM_MULTIPLIER + number_hash(number)) & BITS_64
        expected.append(mix(polynomial))
    assert overlap.ngram_hashes(text, n, f"tokens:{tokenizer}").tolist() == expected


@settings(max_examples=100)
@given(documents=st.lists(texts(), min_size=1, max_size=3))
def test_places_in_a_batch(tokenizer: Path, documents: list[str]) -> None:
    batch = from_texts([text.encode() for text in documents], range(len(documents)))
    segmenter = segmenter_of(f"tokens:{tokenizer}")
    hasher = UnitHasher(segmenter)
    for index, text in enumerate(documents):
        encoding = plain(tokenizer).encode(text, add_special_tokens=False)
        spans, found = hasher.spans(batch, index)
        assert found == text
        assert [tuple(span) for span in spans.tolist()] == encoding.offsets
        assert hasher.exactly(0, len(encoding.ids)) == segmenter.hashes(text).tobytes()
        _, in_bytes = segmenter.byte_places(batch.data, *batch.offsets[index : index + 2].tolist())
        for (first, last), (start, stop) in zip(in_bytes.tolist(), encoding.offsets, strict=True):
            assert bytes(batch.data[first:last]).decode() == text[start:stop]


def test_units_and_special_tokens(byte_level: Path) -> None:
    unit = f"tokens:{byte_level}"
    assert "".join(item.word for item in overlap.units("the dog", unit)).replace("Ġ", " ") == "the dog"
    assert "<|end|>" not in [item.word for item in overlap.units("a <|end|> b", unit)]  # text is text
    assert overlap.units("", unit) == []
    assert len(overlap.units("a\ud800b", unit)) == 3


def test_norm_is_the_digest_of_the_file(byte_level: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(byte_level.read_bytes()).hexdigest()[:12]
    segmenter = segmenter_of(f"tokens:{byte_level}")
    assert (segmenter.unit, segmenter.norm) == ("token", f"tokens-1-{digest}")
    copy = tmp_path / "other.json"
    copy.write_bytes(byte_level.read_bytes())
    assert segmenter_of(f"tokens:{copy}").norm == segmenter.norm
    copy.write_text(json.dumps(json.loads(byte_level.read_text())))  # another file: nobody knows what it changes
    assert segmenter_of(f"tokens:{copy}").norm != segmenter.norm
    assert segmenter_of(f"tokens:{byte_level.parent}").norm == segmenter.norm  # a model's folder


TRAIN = [*LINES, "漢字 and naïve: " + LINES[1] + " And more.", ""]
TEST = ["it was the best of times, it was the worst of times", "dog", "It was: 漢字, naïve. All families", LINES[2]]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    paths = [
        stored(tmp_path / f"{name}.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in documents))
        for name, documents in (("train", TRAIN), ("test", TEST))
    ]
    return str(paths[0]), str(paths[1])


def expected_hits(path: Path, documents: list[str], n: int) -> list[list[bool]]:
    known = {gram for text in documents for gram in ngrams(path, text, n)}
    return [[gram in known for gram in ngrams(path, text, n)] for text in TEST]


def test_every_step_counts_the_same_tokens(tmp_path: Path, files: tuple[str, str], tokenizer: Path) -> None:
    unit, n = f"tokens:{tokenizer}", 4
    flags = expected_hits(tokenizer, TRAIN, n)
    index = overlap.build_index(files[0], tmp_path / "i", n=n, unit=unit)
    (measured,) = overlap.measure(tmp_path / "i", files[1])
    (scanned,), (found,) = overlap.scan(*files, n=n, unit=unit)
    (checked,) = overlap.check(*files, n=n, unit=unit)
    for result in (measured, scanned, checked):
        assert result.flags.tolist() == [flag for row in flags for flag in row]
        assert result.units.tolist() == [len(ids_of(tokenizer, text)) for text in TEST]
        assert (result.unit, result.norm) == ("token", index.segmenter.norm)
    assert summarise(measured)["train_ngrams"] == sum(len(ngrams(tokenizer, text, n)) for text in TRAIN)
    assert checked.tokenizer == str(tokenizer)  # not that of a temporary index
    overlap.Report((measured,)).save(tmp_path / "r")
    (located,) = overlap.locate(overlap.load_result(tmp_path / "r"), files[0])
    assert located.matches == found.matches
    assert (located.refuted, located.false_positives, found.refuted) == (0, 0, 0)
    for match in located.matches:
        encoding = plain(tokenizer).encode(TEST[match.test_row], add_special_tokens=False)
        ids = encoding.ids[match.first : match.first + match.units]
        there = plain(tokenizer).encode(TRAIN[match.row], add_special_tokens=False)
        places = [there.ids[i : i + len(ids)] for i in range(len(there.ids))]
        assert ids in places
        assert TRAIN[match.row][match.train_start : match.train_stop] == match.train_text


def test_index_keeps_its_tokenizer(tmp_path: Path, files: tuple[str, str], byte_level: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_bytes(byte_level.read_bytes())
    overlap.build_index(files[0], tmp_path / "i", n=4, unit=f"tokens:{mine}")
    mine.unlink()
    before = overlap.measure(tmp_path / "i", files[1])[0].flags.tolist()
    (tmp_path / "i").rename(tmp_path / "moved")
    index = overlap.open_index(tmp_path / "moved")
    assert overlap.measure(index, files[1])[0].flags.tolist() == before
    assert index.contains(LINES[0]).all()
    overlap.verify_index(tmp_path / "moved")
    kept = tmp_path / "moved" / "tokenizer.json"
    kept.write_text(json.dumps(json.loads(kept.read_text())))
    for use in (overlap.verify_index, lambda path: overlap.measure(path, files[1])):
        with pytest.raises(CorruptIndex, match=r"tokenizer.json was altered"):
            use(tmp_path / "moved")
    kept.unlink()
    with pytest.raises(TokenizerError, match="no such tokenizer file"):
        overlap.verify_index(tmp_path / "moved")
    overlap.build_index(files[0], tmp_path / "moved", n=4, force=True)
    assert not kept.exists()


def test_locate_needs_the_same_tokenizer(tmp_path: Path, files: tuple[str, str], byte_level: Path) -> None:
    mine, other = tmp_path / "mine.json", tmp_path / "other.json"
    mine.write_bytes(byte_level.read_bytes())
    other.write_text(json.dumps(json.loads(mine.read_text())))
    results = overlap.check(*files, n=4, unit=f"tokens:{mine}")
    found = overlap.locate(results, files[0])
    mine.unlink()
    with pytest.raises(TokenizerError, match="no such tokenizer file"):
        overlap.locate(results, files[0])
    assert overlap.locate(results, files[0], unit=f"tokens:{byte_level}") == found
    for unit in (f"tokens:{other}", "whitespace"):
        with pytest.raises(SignatureMismatch, match="other units than those of the measurement"):
            overlap.locate(results, files[0], unit=unit)
    done = overlap.clean_train(files[0], results, tmp_path / "c", unit=f"tokens:{byte_level}")
    assert done.dropped == len({match.row for match in found[0].matches})


def test_a_text_file_is_never_cut(tmp_path: Path, byte_level: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a token is may depend on all before it: files are read whole, however small the pieces of words are."""
    monkeypatch.setattr("overlap.corpus.readers.SMALLEST_SHARD", 1000)
    monkeypatch.setattr("overlap.locating.long_text.PIECE", 300)
    text = "  \n  ".join(LINES * 60)
    train = stored(tmp_path / "book.txt", text)
    test = stored(tmp_path / "test.jsonl", "".join(json.dumps({"text": item}) + "\n" for item in TEST))
    flags = [flag for row in expected_hits(byte_level, [text], 4) for flag in row]
    unit = f"tokens:{byte_level}"
    index = overlap.build_index(str(train), tmp_path / "i", n=4, unit=unit, workers=2, memory="16MB")
    assert index.manifest.ngrams == len(ngrams(byte_level, text, 4))
    assert overlap.measure(index, str(test))[0].flags.tolist() == flags
    (scanned,), (found,) = overlap.scan(str(train), str(test), n=4, unit=unit)
    assert scanned.flags.tolist() == flags
    for match in found.matches:
        assert text[match.train_start : match.train_stop] == match.train_text


def test_another_process_needs_no_file(tmp_path: Path, byte_level: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_bytes(byte_level.read_bytes())
    segmenter = segmenter_of(f"tokens:{mine}")
    sent = pickle.dumps(segmenter)
    mine.unlink()
    arrived = pickle.loads(sent)
    assert (arrived.name, arrived.norm, arrived.tokenizer) == (segmenter.name, segmenter.norm, str(mine))
    text = "a <|end|> " + LINES[1]
    assert arrived.hashes(text).tolist() == segmenter.hashes(text).tolist()


def test_equal_bytes_from_any_number_of_workers(tmp_path: Path, files: tuple[str, str], byte_level: Path) -> None:
    built = [
        overlap.build_index(
            files[0], tmp_path / f"i{workers}", name="x", n=4, unit=f"tokens:{byte_level}", workers=workers
        )
        for workers in (1, 3)
    ]
    assert built[0].manifest == built[1].manifest


def test_faults_in_utf8_are_found(tmp_path: Path, byte_level: Path) -> None:
    file = one_file(stored(tmp_path / "a.txt", b"caf\xc3\xa9 caf\xe9 au lait"))
    hasher = NgramHasher(1, segmenter_of(f"tokens:{byte_level}"))
    (batch,) = read_file(file)
    with pytest.raises(BadRecord, match="byte 0xE9 at 9 of the text"):
        hasher.read(batch, whole(file))
    assert np.array_equal(hasher._carry, np.empty(0, np.uint64))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{}", "no tokenizer.json of the library tokenizers"),
        (b"\x00\xff", "no tokenizer.json of the library tokenizers"),
        (b"[]", "no tokenizer.json of the library tokenizers"),
        (b'{"model": 3}', "the library tokenizers cannot read it"),
        (b"[" * 100_000, "no tokenizer.json of the library tokenizers"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, files: tuple[str, str], content: bytes, message: str) -> None:
    path = stored(tmp_path / "t.json", content)
    said = refused(call("scan", "--train", files[0], "--test", files[1], "--unit", f"tokens:{path}"))
    assert said.startswith(f"{path}: {message}")


def test_missing_tokenizers_are_refused(
    tmp_path: Path, files: tuple[str, str], byte_level: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = ["build", files[0], "-o", tmp_path / "i", "--unit"]
    assert refused(call(*asked, "tokens:none.json")) == "none.json: no such tokenizer file"
    assert refused(call(*asked, "tokens:no one/none/here")) == "no one/none/here: no such tokenizer file"
    monkeypatch.setattr("huggingface_hub.hf_hub_download", _offline)
    said = refused(call(*asked, "tokens:someone/some-model"))
    assert said.startswith(
        "someone/some-model: no such file, and neither in the hub's cache nor to be fetched (no net)"
    )
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_, **__: str(byte_level))
    assert segmenter_of("tokens:someone/some-model").norm == segmenter_of(f"tokens:{byte_level}").norm


def _offline(*_: object, **__: object) -> str:
    raise ConnectionError("no net\nand a long story")


def test_without_the_library(tmp_path: Path, byte_level: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "t.json"
    copy.write_bytes(byte_level.read_bytes())
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(TokenizerError, match=r"pip install 'trainset-overlap\[tokens\]'"):
        segmenter_of(f"tokens:{copy}")


def test_reports_say_tokens(tmp_path: Path, files: tuple[str, str], byte_level: Path) -> None:
    asked = ["--unit", f"tokens:{byte_level}", "--n", "4", "--format", "md"]
    scanned = call("scan", "--train", files[0], "--test", files[1], *asked)
    assert scanned.exit_code == 0, scanned.stderr
    assert "longest: tokens in a row" in scanned.stdout
    assert "duplicate: 65 tokens in a row" in scanned.stdout
    audited = call("audit", "--split", f"train={files[0]}", "--split", f"test={files[1]}", *asked)
    assert "4-grams of normalised tokens" in audited.stdout
