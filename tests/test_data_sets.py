"""Data sets of the ``datasets`` library: objects, and folders that it has saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from inputs import stored, texts_of

import overlap
from overlap import Source
from overlap.corpus import InputFile, group_sources, objects, plan_shards, read_shard, resolve
from overlap.corpus.streams import combined_digest, digest_block, digest_count
from overlap.errors import CorpusError, MissingField

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
ROWS = [{"text": " ".join([*WORDS[i % 5 :], f"row {i}"]), "meta": {"title": f"t{i}"}, "id": i} for i in range(57)]
TEXTS = [str(row["text"]) for row in ROWS]


@pytest.fixture(autouse=True)
def _no_bars() -> None:
    datasets.disable_progress_bars()


@pytest.fixture
def data() -> datasets.Dataset:
    return datasets.Dataset.from_list(ROWS)


def files_of(source: Any, **options: Any) -> list[InputFile]:
    return resolve([source for group in group_sources(source).values() for source in group], **options)


def texts(source: Any, **options: Any) -> list[str]:
    return [text for file in files_of(source, **options) for shard in plan_shards([file])
            for text in texts_of(list(read_shard(shard)))]  # fmt: skip


def digest(source: Any) -> str:
    (file,) = files_of(source)
    return combined_digest([digest_block(file, i) for i in range(digest_count(file))], file)


def test_rows_of_an_object(data: datasets.Dataset) -> None:
    assert texts(data) == TEXTS
    assert texts(Source("x", data=data, fields=("meta.title",))) == [f"t{i}" for i in range(57)]
    assert texts(Source("x", data=data, fields=("id", "text")))[3] == f"3\n{TEXTS[3]}"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.shuffle(seed=3),
        lambda data: data.select([5, 3, 3, 0]),
        lambda data: data.filter(lambda row: row["id"] % 3 == 0),
        lambda data: data.rename_column("text", "words").rename_column("words", "text"),
        lambda data: data.map(lambda row: {"text": row["text"].upper()}),
        lambda data: datasets.concatenate_datasets([data, data.select(range(3))]),
        lambda data: data.with_format("numpy", columns=["id"]),
        lambda data: data.with_transform(lambda rows: {"text": ["transformed"] * len(rows["text"])}).with_format(None),
        lambda data: data.select([]),
    ],
)
def test_objects_that_were_worked_on(data: datasets.Dataset, change: Any) -> None:
    changed = change(data)
    expected = [row["text"] for row in changed.with_format(None)]
    assert texts(changed) == expected
    if len(changed):  # the library makes no stream of nothing
        assert texts(changed.with_format(None).to_iterable_dataset()) == expected


def test_shards_are_ranges_of_rows(data: datasets.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overlap.corpus.readers.SMALLEST_SHARD", 500)
    (file,) = files_of(data)
    shards = plan_shards([file])
    assert len(shards) > 5
    assert [text for shard in shards for text in texts_of(list(read_shard(shard)))] == TEXTS


def test_errors_name_the_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overlap.corpus.readers.SMALLEST_SHARD", 500)
    data = datasets.Dataset.from_dict({"text": [*TEXTS, None]})
    with pytest.raises(CorpusError, match=r"^dataset:unnamed, record 58: null in every asked field"):
        texts(data)
    with pytest.raises(MissingField, match=r"no field 'words'; it has: text"):
        texts(Source("x", data=data, fields=("words",)))


def test_splits_of_an_object(data: datasets.Dataset) -> None:
    both = datasets.DatasetDict(train=data, test=data.select([1]))
    assert [file.label for file in files_of(both)] == ["dataset:train", "dataset:test"]
    assert texts(both) == [*TEXTS, TEXTS[1]]
    assert list(group_sources({"a": data, "b": Source("c", data=data), "d": "x.txt"})) == ["a", "b", "d"]
    assert list(group_sources([data, both, "y.txt"])) == ["dataset", "y"]
    with pytest.raises(CorpusError, match="a data set without splits"):
        texts(datasets.DatasetDict())


def test_a_digest_follows_the_texts_alone(data: datasets.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the chunks, not the columns that are not read, not the kind of object."""
    pieces = datasets.concatenate_datasets([data.select(range(20)), data.select(range(20, 57)).remove_columns("id")])
    shuffled = data.shuffle(seed=1)
    assert digest(data).startswith("sha256-texts:")
    assert digest(pieces) == digest(data.to_iterable_dataset()) == digest(data)
    assert digest(shuffled) != digest(data)
    moved = datasets.Dataset.from_list([{**row, "text": str(row["text"])[1:]} for row in ROWS])
    assert digest(moved) != digest(data)
    monkeypatch.setattr(objects, "DIGEST_ROWS", 10)
    monkeypatch.setattr("overlap.corpus.streams.DIGEST_ROWS", 10)
    assert digest(pieces) == digest(data)


def test_streams_that_break(data: datasets.Dataset) -> None:
    def rows() -> Any:
        yield ROWS[0]
        raise OSError("the disk is on fire at https://me:pw@host/x")

    stream = datasets.IterableDataset.from_generator(rows)
    with pytest.raises(CorpusError, match=r"cannot be read to its end: .*on fire at https://host/x"):
        texts(stream)


@pytest.mark.parametrize("form", ["object", "iterable", "dictionary"])
def test_every_verb_takes_objects(tmp_path: Path, data: datasets.Dataset, form: str) -> None:
    train: Any = {"object": data, "iterable": data.to_iterable_dataset(), "dictionary": {"web": data}}[form]
    name = "web" if form == "dictionary" else "dataset"
    test = {"mine": data.select([3, 4])}
    (overlap_,) = overlap.check(train, test)
    assert (overlap_.train.name, overlap_.test, int(overlap_.hits.sum())) == (name, "mine", int(overlap_.ngrams.sum()))
    (scanned,), (found,) = overlap.scan(train, test)
    assert int(scanned.hits.sum()) == int(overlap_.hits.sum())
    assert found.matches[0].source == "dataset:unnamed"
    index = overlap.build_index(train, tmp_path / "index")
    (measured,) = overlap.measure(index, Source("mine", data=data.select([3, 4]), fields=("text",)))
    overlap.Report([measured]).save(tmp_path / "result")
    (loaded,) = overlap.load_result(tmp_path / "result")
    assert loaded.test_sources == measured.test_sources
    assert loaded.test_sources[0].origin.startswith("fingerprint:")
    with pytest.raises(CorpusError, match="a data set in memory cannot be read again: save it"):
        overlap.locate([loaded], train)
    assert len(overlap.find_phrase("eleven twelve row 7", train)[0].matches) == 1


def test_an_audit_of_a_dictionary_of_splits(data: datasets.Dataset) -> None:
    audit = overlap.audit(datasets.DatasetDict(train=data, test=data.select([1])))
    assert {(pair.train, pair.test) for pair in audit.pairs} == {("train", "test"), ("test", "train")}


def test_an_index_of_an_unchanged_object_is_used_again(tmp_path: Path, data: datasets.Dataset) -> None:
    first = overlap.build_index(data, tmp_path / "index")
    again = overlap.build_index(data, tmp_path / "index")
    assert again.manifest == first.manifest
    with pytest.raises(overlap.OverlapError, match="an index of other sources"):
        overlap.build_index(data.select(range(5)), tmp_path / "index")


class TestSaved:
    """Folders that ``save_to_disk`` has written."""

    def test_one_and_several(self, tmp_path: Path, data: datasets.Dataset) -> None:
        data.save_to_disk(str(tmp_path / "one"), num_shards=12)
        both = datasets.DatasetDict(train=data, test=data.select([5, 2]))
        both.save_to_disk(str(tmp_path / "both"))
        assert texts(str(tmp_path / "one")) == TEXTS
        assert texts(str(tmp_path / "both")) == [TEXTS[5], TEXTS[2], *TEXTS]
        assert texts(str(tmp_path)) == [TEXTS[5], TEXTS[2], *TEXTS, *TEXTS]
        assert {file.format for file in files_of(str(tmp_path))} == {"arrow"}

    def test_the_state_says_which_files_and_in_which_order(self, tmp_path: Path, data: datasets.Dataset) -> None:
        data.save_to_disk(str(tmp_path), num_shards=3)
        state = json.loads((tmp_path / "state.json").read_text())
        state["_data_files"].reverse()
        stored(tmp_path / "state.json", json.dumps(state))
        (tmp_path / "data-left-over.arrow").write_bytes((tmp_path / "data-00000-of-00003.arrow").read_bytes())
        assert texts(str(tmp_path)) == TEXTS[38:] + TEXTS[19:38] + TEXTS[:19]

    def test_over_a_remote_file_system(self, tmp_path: Path, data: datasets.Dataset) -> None:
        import fsspec

        data.save_to_disk(str(tmp_path / "one"), num_shards=2)
        fsspec.filesystem("memory").put(str(tmp_path / "one"), "/saved/one", recursive=True)
        assert texts("memory://saved") == TEXTS

    def test_a_missing_file_is_an_error(self, tmp_path: Path, data: datasets.Dataset) -> None:
        data.save_to_disk(str(tmp_path), num_shards=3)
        (tmp_path / "data-00001-of-00003.arrow").unlink()
        with pytest.raises(CorpusError, match=r"data-00001-of-00003\.arrow: a file of this saved data set is missing"):
            texts(str(tmp_path))

    def test_an_old_list_of_rows_is_refused(self, tmp_path: Path, data: datasets.Dataset) -> None:
        data.save_to_disk(str(tmp_path))
        state = json.loads((tmp_path / "state.json").read_text())
        stored(tmp_path / "state.json", json.dumps({**state, "_indices_data_files": [{"filename": "i.arrow"}]}))
        with pytest.raises(CorpusError, match="saved by an old version of datasets"):
            texts(str(tmp_path))

    @pytest.mark.parametrize("content", ['{"text": "a state of its own"}', "[1]", "broken"])
    def test_another_file_of_that_name_is_data(self, tmp_path: Path, content: str) -> None:
        stored(tmp_path / "state.json", content)
        assert [file.label for file in files_of(str(tmp_path))] == [str(tmp_path / "state.json")]

    def test_an_audit_finds_the_splits(self, tmp_path: Path, data: datasets.Dataset) -> None:
        from overlap.auditing import find_splits

        datasets.DatasetDict(train=data, test=data.select([5, 2])).save_to_disk(str(tmp_path / "both"))
        found = find_splits(tmp_path / "both")
        assert {name: [Path(path).suffix for path in paths] for name, paths in found.items()} == {
            "train": [".arrow"],
            "test": [".arrow"],
        }
