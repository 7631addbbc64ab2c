"""What a source names: the grammar, and the files found for it."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import refused as command_refused
from commands import spawn, without_privileges
from hypothesis import given
from hypothesis import strategies as st
from inputs import one_file, read, stored

from overlap import build_index
from overlap.corpus import InputFile, Source, document_kind, group_sources, parse_source, reopened, resolve, storage
from overlap.errors import CorpusError, UnsupportedFormat


@pytest.mark.parametrize(
    ("text", "name", "path", "fields"),
    [
        ("a.txt", "a", "a.txt", ()),
        ("web=a.txt", "web", "a.txt", ()),
        ("dir/a.jsonl::text", "a", "dir/a.jsonl", ("text",)),
        ("gsm8k=dir/test.jsonl::question,answer", "gsm8k", "dir/test.jsonl", ("question", "answer")),
        ("x=a.jsonl:: question , answer ", "x", "a.jsonl", ("question", "answer")),
        ("a.parquet::meta.title", "a", "a.parquet", ("meta.title",)),
        ("name with spaces = a.txt", "name with spaces", " a.txt", ()),
        ("x=dir/run=3/a.txt", "x", "dir/run=3/a.txt", ()),
        ("dir/run=3/a.txt", "a", "dir/run=3/a.txt", ()),
        ("./run=3/a.txt", "a", "./run=3/a.txt", ()),
        ("data/*.jsonl.gz::text", "*", "data/*.jsonl.gz", ("text",)),
        ("all=data/**/*.txt", "all", "data/**/*.txt", ()),
        ("x=http://host/a.jsonl::text", "x", "http://host/a.jsonl", ("text",)),
        ("http://host/a.jsonl?b=c", "a", "http://host/a.jsonl?b=c", ()),
        ("-", "stdin", "-", ()),
        ("x=-::text", "x", "-", ("text",)),
        ("dir/", "dir", "dir/", ()),
        ("a::b.jsonl::text", "a::b", "a::b.jsonl", ("text",)),
        ("文=データ.txt", "文", "データ.txt", ()),
    ],
)
def test_grammar(text: str, name: str, path: str, fields: tuple[str, ...]) -> None:
    assert parse_source(text) == Source(name, path, fields)


@pytest.mark.parametrize("text", ["", "::text", "x=::text", "a.jsonl::", "a.jsonl::a,,b", "a.jsonl::,", "a.jsonl:: "])
def test_what_is_no_source(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a source: .*\[NAME=\]PATH\[::FIELD,FIELD\.\.\.\]"):
        parse_source(text)


@pytest.mark.parametrize("name", ["a=b.txt", "a::b.txt", "x=y::z", "=.txt", "a=b::c,d.txt"])
def test_a_real_path_wins_over_the_grammar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("here")
    source = parse_source(name)
    assert (source.path, source.fields) == (name, ())
    assert parse_source(f"{name}::text") == Source(source.name, name, ("text",))


@pytest.mark.parametrize("name", ["a=b.txt", "a::b.txt", "a=b::c,d.txt"])
def test_a_named_real_path_wins_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("here")
    assert parse_source(f"web={name}") == Source("web", name, ())
    assert parse_source(f"web={name}::text") == Source("web", name, ("text",))


def test_many_long_fields_are_no_path() -> None:
    fields = tuple(f"a_rather_long_field_{number}" for number in range(40))
    assert parse_source(f"x=a.jsonl::{','.join(fields)}") == Source("x", "a.jsonl", fields)


NAMES = st.text("abcé漢 -._#@", min_size=1, max_size=8).map(str.strip).filter(bool)


@given(NAMES, st.lists(NAMES, min_size=1, max_size=3), st.lists(NAMES, max_size=3))
def test_sources_are_read_as_they_were_written(name: str, parts: list[str], fields: list[str]) -> None:
    path = "nowhere/" + "/".join(parts)
    text = f"{name}={path}" + ("::" + ",".join(fields) if fields else "")
    assert parse_source(text) == Source(name, path, tuple(fields))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.txt", "a"),
        ("a.jsonl.zst", "a"),
        ("a.JSONL.GZ", "a"),
        ("v1.5.parquet", "v1.5"),
        ("a.tokens", "a.tokens"),
        ("a.md.xz", "a.md"),
        (".txt", ".txt"),
        ("dir/corpus.d/", "corpus.d"),
        (".", "."),
        ("/", "/"),
    ],
)
def test_default_names_are_the_paths(path: str, name: str) -> None:
    assert parse_source(path).name == name


def test_sources_of_one_name_are_one_group() -> None:
    groups = group_sources(["b=1.txt", "a=2.txt", "b=3.jsonl::x", Source("a", "4.txt")])
    assert list(groups) == ["b", "a"]
    assert [source.path for source in groups["b"]] == ["1.txt", "3.jsonl"]
    assert [source.path for source in groups["a"]] == ["2.txt", "4.txt"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.jsonl", "sub/deep/c.md", "sub/d.txt", ".hidden.txt", "_log", "_tmp/e.txt", ".git/f"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "empty").mkdir()
    return tmp_path


def names(tree: Path, *paths: str, **options: object) -> list[str]:
    files = resolve([Source("x", path) for path in paths], **options)  # type: ignore[arg-type]
    return [str(Path(file.path).relative_to(tree)) for file in files]


def test_directories_are_read_recursively(tree: Path) -> None:
    assert names(tree, str(tree)) == ["a.jsonl", "b.txt", "sub/d.txt", "sub/deep/c.md"]
    assert names(tree, f"{tree}/sub/") == ["sub/d.txt", "sub/deep/c.md"]
    assert names(tree, str(tree / "_tmp")) == ["_tmp/e.txt"]  # asked for by name


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["b.txt"]),
        ("**/*.txt", ["_tmp/e.txt", "b.txt", "sub/d.txt"]),
        ("[ab].*", ["a.jsonl", "b.txt"]),
        ("?.txt", ["b.txt"]),
        (".h*", [".hidden.txt"]),
        ("*", ["_log", "a.jsonl", "b.txt"]),
    ],
)
def test_globs(tree: Path, pattern: str, expected: list[str]) -> None:
    assert names(tree, f"{tree}/{pattern}") == expected


def test_a_file_whose_name_looks_like_a_glob(tmp_path: Path) -> None:
    for name in ("a[1].txt", "a1.txt", "what?.txt"):
        (tmp_path / name).write_text("text")
    assert names(tmp_path, f"{tmp_path}/a[1].txt", f"{tmp_path}/what?.txt") == ["a[1].txt", "what?.txt"]


def test_linked_files_and_folders_are_read(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "a.txt").write_text("text")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "file.txt").symlink_to(tmp_path / "store" / "a.txt")
    (tmp_path / "corpus" / "folder").symlink_to(tmp_path / "store")
    assert names(tmp_path, f"{tmp_path}/corpus") == ["corpus/file.txt", "corpus/folder/a.txt"]


def test_a_folder_under_two_names_is_read_once(tmp_path: Path) -> None:
    for name in ("a", "m", "z"):
        (tmp_path / "corpus" / name).mkdir(parents=True)
        (tmp_path / "corpus" / name / "text.txt").write_text("text")
    for link, target in (("b", "a"), ("y", "z"), ("m/up", "."), ("m/aside", "z")):
        (tmp_path / "corpus" / link).symlink_to(tmp_path / "corpus" / target)
    files = resolve([Source("x", str(tmp_path / "corpus"))])
    assert sorted(Path(file.path).resolve() for file in files) == [
        (tmp_path / "corpus" / name / "text.txt").resolve() for name in ("a", "m", "z")
    ]


@pytest.mark.parametrize("mode", [0, 0o111], ids=["closed", "cannot be listed"])
def test_a_folder_that_cannot_be_read_is_an_error(tree: Path, mode: int) -> None:
    (tree / "sub" / "deep").chmod(mode)
    try:
        run = spawn("build", tree / "sub", "--by-line", "-o", tree / "_index", preexec_fn=without_privileges)
    finally:
        (tree / "sub" / "deep").chmod(0o755)
    message = command_refused(run)
    assert str(tree / "sub" / "deep") in message
    assert "cannot be read" in message


def test_indexes_among_the_files_are_left_out(tree: Path) -> None:
    text = tree / "sub" / "d.txt"
    text.write_text("one two three four five six seven eight nine")
    build_index(str(text), tree / "sub" / "index")
    assert names(tree, str(tree / "sub")) == ["sub/d.txt", "sub/deep/c.md"]


def test_a_file_is_found_again(tmp_path: Path) -> None:
    path = stored(tmp_path / "a.jsonl.gz", '{"a": "x", "n": 7}\n')
    file = one_file(path, "a", id_field="n")
    assert reopened(str(path), "jsonl", ["a"], False, "n") == file
    path.unlink()
    for gone in (str(path), "-"):
        with pytest.raises(CorpusError):
            reopened(gone, "jsonl", ["a"], False, "n")


def test_sources_keep_their_order(tree: Path) -> None:
    assert names(tree, f"{tree}/sub/d.txt", f"{tree}/b.txt", f"{tree}/*.jsonl") == ["sub/d.txt", "b.txt", "a.jsonl"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("missing.txt", "no such file or directory"),
        ("missing/", "no such file or directory"),
        ("*.nothing", "no file matches this pattern"),
        ("empty", "no files in this directory"),
        ("emp*", "no file matches this pattern"),
    ],
)
def test_nothing_found_is_an_error(tree: Path, path: str, message: str) -> None:
    with pytest.raises(CorpusError, match=message) as caught:
        resolve([Source("x", f"{tree}/{path}")])
    assert caught.value.path == f"{tree}/{path}"


def test_a_broken_link_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to(tmp_path / "gone.txt")
    with pytest.raises(CorpusError, match="no such file"):
        resolve([Source("x", str(tmp_path / "link.txt"))])


@pytest.mark.parametrize(
    ("name", "kind", "compression"),
    [
        ("a.txt", "text", ""),
        ("a.md", "text", ""),
        ("a.tokens", "text", ""),
        ("a", "text", ""),
        ("a.gz", "text", "gz"),
        ("a.raw.xz", "text", "xz"),
        ("a.jsonl", "jsonl", ""),
        ("a.NDJSON.Zst", "jsonl", "zst"),
        ("a.json.bz2", "json", "bz2"),
        ("a.csv.gz", "csv", "gz"),
        ("a.TSV", "tsv", ""),
        ("a.parquet", "parquet", ""),
        ("a.arrow", "arrow", ""),
        ("jsonl", "text", ""),
    ],
)
def test_extensions_tell_the_format(tmp_path: Path, name: str, kind: str, compression: str) -> None:
    (tmp_path / name).write_bytes(b"12345")
    file = one_file(tmp_path / name)
    fields = () if kind == "text" else ("text",)
    assert file == InputFile(str(tmp_path / name), str(tmp_path / name), kind, compression, fields, False, 5)


def test_input_format_overrides_the_extension(tmp_path: Path) -> None:
    path = stored(tmp_path / "odd.data.gz", '{"text": "a"}\n')
    assert read(path, input_format="jsonl") == ["a"]
    assert read(path, input_format="text") == ['{"text": "a"}\n']
    with pytest.raises(ValueError, match=r"input_format must be one of text, .*, not 'xml'"):
        one_file(path, input_format="xml")


def test_fields_of_plain_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(UnsupportedFormat, match=r"plain text has no fields \(asked: a, b\).*--input-format"):
        one_file(tmp_path / "a.txt", "a", "b")


def test_text_field_is_for_sources_that_name_none(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"body": "b", "text": "t"}\n')
    assert read(tmp_path / "a.jsonl", text_field="body") == ["b"]
    assert read(tmp_path / "a.jsonl", "text", text_field="body") == ["t"]


def test_what_a_document_is(tmp_path: Path) -> None:
    for name in ("a.txt", "a.jsonl"):
        (tmp_path / name).write_text("{}")
    text, line = one_file(tmp_path / "a.txt"), one_file(tmp_path / "a.txt", by_line=True)
    record = one_file(tmp_path / "a.jsonl", by_line=True)
    assert [document_kind([file]) for file in (text, line, record)] == ["file", "line", "record"]
    assert document_kind([text, text]) == "file"
    assert document_kind([text, record]) == "mixed"


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    stream = io.BytesIO()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    monkeypatch.setattr(storage, "_spools", {})
    return stream


def test_standard_input_is_read_like_a_file(stdin: io.BytesIO) -> None:
    stdin.write(b'{"text": "first"}\n{"text": "second"}\n')
    stdin.seek(0)
    file = one_file("-", input_format="jsonl")
    assert (file.label, file.format, file.size) == ("-", "jsonl", 37)
    with pytest.raises(CorpusError, match="standard input can be named once only"):
        one_file("-")
    storage._spools.pop("-").close()


def test_standard_input_is_text_by_default(stdin: io.BytesIO) -> None:
    stdin.write(b"two\nlines\n")
    stdin.seek(0)
    assert read("-", by_line=True) == ["two\n", "lines\n"]
    storage._spools.pop("-").close()
