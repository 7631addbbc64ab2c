"""The command line: it parses, calls one public function, prints; stdout is data, stderr is everything else."""

from __future__ import annotations

import inspect
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
from commands import COMMAND, PYTHON, ROOT, call, refused, spawn
from samples import OTHER, SENTENCE
from values import overlap_of

import overlap
from overlap.cli import main
from overlap.index import Verification

FUNCTIONS = {
    "check": overlap.check,
    "build": overlap.build_index,
    "verify": overlap.verify_index,
    "measure": overlap.measure,
}
PRESENTATION = {
    "output",
    "format",
    "fail_above",
    "force",
    "progress",
    "config",
    "verbose",
    "profile",
    "seed",
}  # what Report.save and Report.render take, and overlap.profiles
PYTHON_ONLY = {"renew", "own_index"}  # of Index objects, or of calls by other functions


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a corpus ``a.txt``, a test set ``t.txt`` and an index ``a.index``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text(SENTENCE)
    (tmp_path / "t.txt").write_text(f"{SENTENCE} {OTHER}")
    overlap.build_index("a.txt", "a.index")
    return tmp_path


@pytest.mark.parametrize("name", main.commands)
def test_help_of_every_command_has_an_example(name: str) -> None:
    """And the example is a command that parses."""
    outcome = call(name, "--help")
    assert outcome.exit_code == 0
    assert outcome.stderr == ""
    command = main.commands[name]
    text = inspect.cleandoc(command.help or "")
    examples = re.findall(rf"overlap {name} .*", text.partition("Example")[2])
    assert examples
    for example in examples:
        arguments = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', example)][2:]
        command.make_context(name, arguments)


@pytest.mark.parametrize("name", main.commands)
def test_every_option_is_explained(name: str) -> None:
    for parameter in main.commands[name].params:
        if isinstance(parameter, click.Option):
            shown = parameter.help or parameter.type.get_metavar(parameter, click.Context(main.commands[name]))
            assert shown, parameter.name
            assert all(option.startswith("--") or len(option) == 2 for option in parameter.opts)


MINIMAL = {
    "check": ["--test", "t"],
    "build": ["a", "-o", "i"],
    "verify": ["i"],
    "measure": ["--index", "i", "t"],
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_options_are_the_keywords_of_the_function(name: str) -> None:
    """The same names, the same defaults; nothing that Python can do is missing from the command."""
    keywords = inspect.signature(FUNCTIONS[name]).parameters
    options = [parameter for parameter in main.commands[name].params if isinstance(parameter, click.Option)]
    for option in options:
        assert f"--{NAMED.get(option.name, option.name or '').replace('_', '-')}" in option.opts
    names = {option.name for option in options}
    assert names - PRESENTATION <= set(keywords)
    only = {key for key, value in keywords.items() if value.kind is inspect.Parameter.KEYWORD_ONLY}
    assert only - PYTHON_ONLY <= names
    values = main.commands[name].make_context(name, list(MINIMAL[name])).params
    for key in only & names - {"progress", "probes", "own_train"}:
        assert values[key] == keywords[key].default, key


def test_commands_are_listed_in_the_order_of_the_work() -> None:
    listed = re.findall(r"^  (\w+)  ", call("--help").stdout.partition("Commands:")[2], re.MULTILINE)
    assert set(listed) == set(main.commands)
    known = [name for name in listed if name in {"check", "build", "info", "verify", "measure", "report"}]
    assert known == ["check", "build", "info", "verify", "measure", "report"]
    assert listed[:2] == ["check", "build"]


class _Recorder:
    """Stands in for a public function: keeps the call, returns a value."""

    def __init__(self, value: object):
        self.value = value
        self.calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls.append((arguments, options))
        return self.value


NAMED = {"parts": "part"}  # repeated on the command line
READING = ["--text-field", "body", "--by-line", "--input-format", "text", "--on-bad-record", "skip"]
READING_KEYWORDS = {"text_field": "body", "by_line": True, "input_format": "text", "on_bad_record": "skip"}
CALLS: dict[str, tuple[str, list[str], tuple[Any, ...], dict[str, Any]]] = {
    "check": (
        "check",
        ["check", "--train", "a", "--train", "b", "--test", "t", "--own-train", "t=o", "--n", "5", "--fpr", "1e-6",
         "--unit", "chars", "--index-dir", "d", "--engine", "reference", "--memory", "1GB", "--workers", "3", "--force",
         "--filter", "fuse", "--part", "q=a,b", "--part", "c", "--test-id-field", "id", "--group", "g", *READING],
        (),
        {"train": ["a", "b"], "test": ["t"], "own_train": ["t=o"], "n": 5, "unit": "chars", "fpr": 1e-6,
         "index_dir": "d", "engine": "reference", "memory": "1GB", "workers": 3, "force": True, "parts": ["q=a,b", "c"],
         "executor": None, "filter": "fuse",
         "template": None, "test_id_field": "id", "group": "g", "recipes": None, **READING_KEYWORDS},
    ),
    "check elsewhere": (
        "check",
        ["check", "--train", "a", "--test", "t", "--executor", "threads:3"],
        (),
        {"train": ["a"], "test": ["t"], "own_train": [], "n": None, "unit": "alnum", "fpr": 1e-8, "index_dir": None,
         "engine": "index", "filter": "bloom",
         "memory": None, "workers": None, "executor": "threads:3", "force": False,
         "text_field": "text", "by_line": False,
         "input_format": None, "on_bad_record": "stop",
         "parts": [], "template": None, "test_id_field": None, "group": None,
         "recipes": None},
    ),
    "build": (
        "build_index",
        ["build", "a", "b", "-o", "i", "--unit", "whitespace", "--name", "web", "--n", "5", "--fpr", "1e-6",
         "--memory", "1GB", "--workers", "3", "--force", "--filter", "fuse", *READING],
        (["a", "b"],),
        {"output": "i", "name": "web", "n": 5, "unit": "whitespace", "fpr": 1e-6, "memory": "1GB",
         "workers": 3, "executor": None, "force": True, "filter": "fuse", **READING_KEYWORDS},
    ),
    "info": ("open_index", ["info", "i"], ("i",), {}),
    "verify": ("verify_index", ["verify", "i", "--probes", "1e9", "--workers", "3"], ("i",),
               {"probes": 10**9, "workers": 3}),
    "verify by default": ("verify_index", ["verify", "i"], ("i",), {"probes": 0, "workers": None}),
    "measure": (
        "measure",
        ["measure", "--index", "i", "--index", "j", "t", "u", "--workers", "3", "--template", "{q}", *READING],
        (["i", "j"], ["t", "u"]),
        {"workers": 3, "parts": (), "template": "{q}", "test_id_field": None, "group": None, "recipes": None,
         **READING_KEYWORDS},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_command_makes_one_call(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The public function gets exactly what was asked, and what it returns is what is printed."""
    function, arguments, positional, keywords = CALLS[name]
    index = overlap.open_index("a.index")
    overlaps = (overlap_of([(27, [(0, 2)])]),)
    value = {
        "open_index": index,
        "build_index": index,
        "verify_index": Verification(1, 1e-8, 10**9, 3, 1e-10, 7.7e-9),
    }.get(function, overlaps)
    recorder = _Recorder(value)
    monkeypatch.setattr(overlap, function, recorder)
    outcome = call(*arguments)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    ((found, options),) = recorder.calls
    assert options.pop("progress", None) is None
    assert (found, options) == (positional, keywords)
    expected = {"verify_index": "3 of 1,000,000,000", "check": "10.00", "measure": "10.00"}
    assert expected.get(function, str(index.manifest.signature)) in outcome.stdout


def test_report_loads_and_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    report = overlap.Report((overlap_of([(27, [(0, 2)])]),))
    recorder = _Recorder(report)
    monkeypatch.setattr(overlap.Report, "load", recorder)
    outcome = call("report", "r", "s", "--format", "csv")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    assert recorder.calls == [(("r", "s"), {})]
    assert outcome.stdout == report.render("csv")


@pytest.mark.parametrize("format", ["md", "csv", "json", "latex"])
def test_stdout_is_the_report_alone(format: str, place: Path) -> None:
    outcome = spawn("check", "--train", "a.txt", "--test", "t.txt", "--format", format, "--progress", "always")
    assert outcome.returncode == 0
    overlaps = overlap.check("a.txt", "t.txt")
    assert outcome.stdout == overlap.Report(overlaps).render(format)
    assert "hashing n-grams" in outcome.stderr
    assert "filling the filter" in outcome.stderr
    assert "measuring" in outcome.stderr


@pytest.mark.parametrize("mode", [[], ["--progress", "auto"], ["--progress", "never"]])
def test_no_progress_unless_on_a_terminal(mode: list[str], place: Path) -> None:
    outcome = spawn("check", "--train", "a.txt", "--test", "t.txt", *mode)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "\x1b" not in outcome.stdout


def test_progress_on_a_terminal(place: Path) -> None:
    """A real terminal on stderr: bars there, nothing of them on stdout."""
    import pty

    ours, theirs = pty.openpty()
    child = subprocess.Popen([*COMMAND, "build", "t.txt", "-o", "t.index"], stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # how Linux says that the other end has closed
        pass
    os.close(ours)
    output, _ = child.communicate()
    assert child.returncode == 0
    assert b"hashing n-grams" in shown
    assert b"\x1b" not in output
    assert output.startswith(b"t.index: 1 documents")


def test_width_of_a_pipe_is_not_a_terminals(place: Path) -> None:
    """Long names in a file or a pipe: no line is folded, so that grep and awk find whole rows."""
    name = "a-very-long-name-" * 12
    outcome = spawn("measure", "--index", "a.index", f"{name}=t.txt")
    table = outcome.stdout.partition("Per data set")[0]
    assert [line.split() for line in table.splitlines() if name in line] == [["Training", "set", name, "mean"]]


@pytest.mark.parametrize(
    ("limit", "status"), [("27.58", 3), ("27.59", 0), ("0", 3), ("100", 0)], ids=["below", "above", "zero", "hundred"]
)
def test_fail_above(limit: str, status: int, place: Path) -> None:
    """10 of 29 n-grams... of the pair are hits; the report is printed and stored all the same."""
    percent = 100 * 10 / 29
    limit = {"27.58": f"{percent - 0.01:.4f}", "27.59": f"{percent + 0.01:.4f}"}.get(limit, limit)
    outcome = call("measure", "--index", "a.index", "t.txt", "--fail-above", limit, "--format", "json", "-o", "r")
    assert outcome.exit_code == status
    assert json.loads(outcome.stdout)["results"][0]["hits"] == 10
    assert outcome.stderr.count("\n") == (1 if status else 0)
    assert (place / "r" / "result.json").exists()
    again = call("report", "r", "--fail-above", limit)
    assert again.exit_code == status
    whole = call("check", "--train", "a.txt", "--test", "t.txt", "--fail-above", limit)
    assert whole.exit_code == status


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["check"],
        ["check", "--train", "a.txt"],
        ["check", "--test", "t.txt"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--n", "0"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--n", "65"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--n", "many"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--fpr", "2"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--fpr", "nan"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--memory", "plenty"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--workers", "0"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--format", "pdf"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--engine", "magic"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--fail-above", "101"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--own-train", "x=a.txt"],
        ["check", "--train", "a.txt::", "--test", "t.txt"],
        ["check", "--train", "a.txt", "--test", "t.txt", "--input-format", "pdf"],
        ["build", "-o", "i"],
        ["build", "a.txt"],
        ["info"],
        ["verify", "a.index", "--probes", "some"],
        ["verify", "a.index", "--probes", "-1"],
        ["verify", "a.index", "--probes", "1.5"],
        ["verify", "a.index", "--probes", "inf"],
        ["measure", "t.txt"],
        ["measure", "--index", "a.index"],
        ["measure", "--index", "a.index", "--index", "a.index", "t.txt"],
        ["report"],
    ],
    ids=" ".join,
)
def test_usage_errors_end_with_2(arguments: list[str], place: Path) -> None:
    outcome = call(*arguments)
    assert outcome.exit_code == 2
    assert outcome.stdout == ""
    assert "Usage: overlap" in outcome.stderr or "Usage: main" in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["check", "--train", "none.txt", "--test", "t.txt"], "none.txt: no such file"),
        (["check", "--train", "a.txt", "--test", "none.txt"], "none.txt: no such file"),
        (["check", "--train", "a.txt::q", "--test", "t.txt"], "plain text has no fields"),
        (["check", "--train", "a.txt", "--test", "t.txt", "--n", "64"], "no 64-gram"),
        (["check", "--train", "a.txt", "--test", "t.txt", "--input-format", "jsonl"], "a.txt, record 1: not valid"),
        (["check", "--train", "a.txt", "--test", "t.txt", "-o", "a.index"], "a.index: something else is here"),
        (["check", "--train", "a.txt", "--test", "t.txt", "--index-dir", "/proc/none"], "/proc/none"),
        (["build", "t.txt", "-o", "a.index"], "a.index: an index of other sources"),
        (["build", "a.txt", "-o", "/proc/none/i"], "cannot be written"),
        (["info", "none"], "none: no such index"),
        (["verify", "t.txt"], "t.txt: not an overlap index"),
        (["measure", "--index", "none", "t.txt"], "none: no such index"),
        (["measure", "--index", "a.index", "none.txt"], "none.txt: no such file"),
        (["measure", "--index", "a.index", "t.txt", "-o", "a.txt"], "a.txt: something else is here"),
        (["report", "none"], "none: no result"),
        (["report", "a.index"], "a.index: no result"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_errors_are_one_line_and_end_with_1(arguments: list[str], text: str, place: Path) -> None:
    assert text in refused(call(*arguments))


def test_an_error_over_several_lines_becomes_one(place: Path) -> None:
    name = "two\nlines.txt"
    assert "two lines.txt: no such file" in refused(call("build", name, "-o", "i"))


def test_version() -> None:
    outcome = call("--version")
    assert (outcome.exit_code, outcome.stdout) == (0, f"overlap, version {overlap.__version__}\n")


def test_help_is_there_by_both_names() -> None:
    assert call("-h").stdout == call("--help").stdout
    assert call("check", "-h").stdout == call("check", "--help").stdout


@pytest.mark.parametrize("arguments", [["--help"], ["check", "--help"], ["--version"]], ids=" ".join)
def test_help_answers_at_once(arguments: list[str]) -> None:
    """In under 0.3 s of processor time, start of Python included: the best of five, on machines with other work."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert spawn(*arguments).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert 0 < min(times) < 0.3


@pytest.mark.parametrize("name", [None, *main.commands])
def test_help_loads_nothing_heavy(name: str | None) -> None:
    arguments = [name, "--help"] if name else ["--help"]
    code = f"""
import sys
from overlap.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
heavy = {{"numba", "numpy", "pyarrow", "rich", "datasets", "matplotlib", "jinja2", "pybloom_live"}}
print(*sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: " in outcome.stdout
    assert outcome.stderr.strip() == ""


def test_launcher_of_a_checkout(place: Path) -> None:
    """``python cli.py`` from anywhere does what the installed command does."""
    outcome = subprocess.run(
        [*PYTHON, str(ROOT / "cli.py"), "measure", "--index", "a.index", "t.txt", "--format", "csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0
    assert outcome.stdout == spawn("measure", "--index", "a.index", "t.txt", "--format", "csv").stdout
    outcome = subprocess.run([*PYTHON, str(ROOT / "cli.py"), "info"], capture_output=True, text=True, check=False)
    assert outcome.returncode == 2
    assert outcome.stderr.startswith("Usage: overlap info")


def test_standard_input(place: Path) -> None:
    """As the training text, and as the test set; with a name and a format."""
    built = spawn("build", "-", "-o", "i", input=SENTENCE)
    assert (built.returncode, built.stderr) == (0, "")
    assert overlap.open_index("i").contains(SENTENCE).all()
    records = "".join(json.dumps({"q": text}) + "\n" for text in (SENTENCE, OTHER))
    measured = spawn(
        "measure", "--index", "i", "quiz=-::q", "--input-format", "jsonl", "--format", "json", input=records
    )
    (result,) = json.loads(measured.stdout)["results"]
    assert (result["test"], result["examples"], result["hits"]) == ("quiz", 2, 10)
    both = spawn("check", "--train", "-", "--test", "-", input=SENTENCE)
    assert "once only" in refused(both)


def test_empty_standard_input(place: Path) -> None:
    assert "no 8-gram" in refused(spawn("build", "-", "-o", "i", input=""))


def test_interrupted_while_it_waits_for_input(place: Path) -> None:
    child = subprocess.Popen(
        [*COMMAND, "build", "-", "-o", "i"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    child.send_signal(signal.SIGINT)
    child.wait(timeout=30)
    output, errors = child.communicate()
    assert (child.returncode, output) == (130, "")
    assert errors.count("\n") == 1
    assert errors.startswith("overlap: ")


@pytest.mark.parametrize("format", ["terminal", "json"])
def test_reader_that_has_gone(format: str, place: Path) -> None:
    """``overlap ... | head -0``: no traceback, and no complaint of the interpreter."""
    command = " ".join([*COMMAND, "info", "a.index", "--format", format])
    outcome = subprocess.run(["bash", "-c", f"{command} | true"], capture_output=True, text=True, check=False)
    assert outcome.stderr == ""


def test_full_device_for_the_report(place: Path) -> None:
    """What cannot be printed is an error of one line."""
    with open("/dev/full", "w") as full:
        outcome = subprocess.run(
            [*COMMAND, "measure", "--index", "a.index", "t.txt", "--format", "json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert outcome.returncode == 1
    assert outcome.stderr.startswith("overlap: error: ")
    assert outcome.stderr.count("\n") == 1


def test_locale_without_unicode(place: Path) -> None:
    """A C locale, or an old terminal: names of any script are printed, or replaced; there is no traceback."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    outcome = spawn("measure", "--index", "a.index", "試験=t.txt", env=environment)
    assert "Traceback" not in outcome.stderr
    assert outcome.returncode == 0
    outcome = spawn("measure", "--index", "a.index", "試験=t.txt", "--format", "md", env=environment)
    assert "Traceback" not in outcome.stderr
    assert outcome.returncode == 0


def test_check_end_to_end(place: Path) -> None:
    """The whole job, by hand: 10 of the test set's 29 n-grams are in one corpus, 12 in the other, 22 in both."""
    (place / "b.txt").write_text(OTHER)
    outcome = call(
        "check", "--train", "a.txt", "--train", "b.txt", "--test", "t.txt", "--test", "u=a.txt",
        "--own-train", "u=a.txt", "--format", "json", "-o", "r",
    )  # fmt: skip
    assert outcome.exit_code == 0, outcome.stderr
    results = json.loads(outcome.stdout)["results"]
    found = {(row["train"], row["own_train"], row["test"]): (row["hits"], row["test_ngrams"]) for row in results}
    assert found == {
        ("a", False, "t"): (10, 29),
        ("b", False, "t"): (12, 29),
        ("union", False, "t"): (22, 29),
        ("u", True, "u"): (10, 10),
        ("a", False, "u"): (10, 10),
        ("b", False, "u"): (0, 10),
        ("union", False, "u"): (10, 10),
    }
    assert call("report", "r", "--format", "json").stdout == outcome.stdout
