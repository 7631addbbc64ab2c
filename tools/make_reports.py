"""Write reports/: the tool's own output.

``demo/`` is drawn in every format from the result that is stored in it, of generated texts (examples/small_world.py).
The pages beside it are of the public data beside the project: numbers only, with the command that made each; no text of
the data sets is written. They are left alone where the data are not there.

Usage: python tools/make_reports.py [--measure]     (--measure: make the demo's result again, too)
"""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
DATA = "../shared/data"
BOOK, GSM8K = f"{DATA}/jungle-book", f"{DATA}/gsm8k"
QA = "::question,answer"
SOLUTIONS = f"--scores {GSM8K}/example_model_solutions.jsonl " + " ".join(
    f"--model {size}-{short}={size}_{kind}.is_correct"
    for size in ("6b", "175b")
    for short, kind in (("finetuned", "finetuning"), ("verified", "verification"))
)

PAGES = {
    "table6.md": (
        "GSM8K, HumanEval and MATH against two training sets",
        "The paper's Table 6 on public data, with GSM8K's own training split as its first row. GSM8K's test set shares "
        "8-grams with its own training split (templates of the genre), not with the instruction data; HumanEval the "
        "other way round.",
        f"overlap check --train gsm8k-train={GSM8K}/train.jsonl{QA} "
        f"--train 'gpteacher={DATA}/gpteacher/*.json::instruction,input,response' "
        f"--own-train gsm8k={GSM8K}/train.jsonl{QA} "
        f"--test gsm8k={GSM8K}/test.jsonl{QA} "
        f"--test humaneval={DATA}/humaneval/HumanEval.jsonl.gz::prompt,canonical_solution "
        f"--test math={DATA}/agieval/math.jsonl::question --format md",
    ),
    "leak-or-phrase.md": (
        "Leak or phrase: the exact pass on three pairs",
        "SAT-en without its passages is wholly in SAT-en (every example a duplicate); GSM8K shares short formulas; the "
        "Korean command-line pages share commands with the English ones.",
        f"overlap scan --train gsm8k={GSM8K}/train.jsonl{QA} "
        f"--train sat-en={DATA}/agieval/sat-en.jsonl::question,options "
        f"--train tldr-en={DATA}/tldr/tldr.en.jsonl --test gsm8k={GSM8K}/test.jsonl{QA} "
        f"--test sat-en-bare={DATA}/agieval/sat-en-without-passage.jsonl::question,options "
        f"--test tldr-ko={DATA}/tldr/tldr.ko.jsonl --format md",
    ),
    "audit-gsm8k.md": (
        "Audit of GSM8K's splits",
        "Questions and answers together.",
        f"overlap audit --split train={GSM8K}/train.jsonl{QA} --split test={GSM8K}/test.jsonl{QA} "
        "--fail-above 1 --format md",
    ),
    "audit-jungle-book.md": (
        "Audit of four transcriptions of one book",
        "Four transcriptions of The Jungle Book, each a split of one document: none identical, all overlapping.",
        f"overlap audit --split 236={BOOK}/236.txt --split 236-0={BOOK}/236-0.txt "
        f"--split old={BOOK}/old_jnglb10.txt --split asciidoc={BOOK}/book.asciidoc --fail-above 50 --format md",
    ),
    "impact-gsm8k.md": (
        "Score impact on GSM8K",
        "Four models' answers (0/1) against the overlap of GSM8K's test set with its training set, which all four were "
        "trained on. No model scores clearly higher on examples with any hit. The sweep finds a threshold with a large "
        "z for every model: dirty there are mostly short problems, which are easier. The next page takes that away.",
        f"overlap scan --train train={GSM8K}/train.jsonl{QA} --test gsm8k={GSM8K}/test.jsonl{QA} -o result\n"
        f"overlap impact result {SOLUTIONS} --control 6b-finetuned --format md",
    ),
    "impact-gsm8k-by-length.md": (
        "Score impact on GSM8K, within strata of length",
        "The same, compared within fifths by length: what the sweep found is gone.",
        f"overlap scan --train train={GSM8K}/train.jsonl{QA} --test gsm8k={GSM8K}/test.jsonl{QA} -o result\n"
        f"overlap impact result {SOLUTIONS} --control 6b-finetuned --strata length --format md",
    ),
}


def page(title: str, words: str, command: str) -> str:
    """One page: what it is, the command (or several lines of them), and what the last one printed.

    Their folder ``result`` is a temporary one.
    """
    printed = ""
    with tempfile.TemporaryDirectory() as place:
        for line in command.splitlines():
            words_of = [f"{place}/result" if word == "result" else word for word in shlex.split(line)]
            program = [sys.executable, "-m", *words_of]
            done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode not in (0, 3):  # 3: an overlap above --fail-above, which these have
                raise SystemExit(f"{line}\n{done.stderr}")
            printed = done.stdout
    shown = "\n".join(f"$ {line}" for line in command.splitlines())
    return f"# {title}\n\n{words}\n\n```console\n{shown}\n```\n\n{printed}"


DEMO = ROOT / "reports" / "demo"
DEMO_SOURCES = ["--train", "web=world/train/web.jsonl", "--train", "books=world/train/books.jsonl"]
DEMO_SOURCES += ["--test", "trivia=world/test/trivia.jsonl::question,answer"]
DEMO_SOURCES += ["--test", "reading=world/test/reading.jsonl::question"]
DEMO_SOURCES += ["--test", "arithmetic=world/test/arithmetic.jsonl::question,answer"]
DEMO_FILES = ("report.html", "report.md", "report.csv", "report.json", "report.tex")
IMPACT_FIGURES = ("scores", "sweep")


def measure_demo() -> None:
    """Make the demo's result again: generate the texts in a temporary place, and scan them."""
    sys.path.insert(0, str(ROOT / "examples"))
    from small_world import write_world

    with tempfile.TemporaryDirectory() as folder:
        write_world(Path(folder) / "world")
        command = [sys.executable, "-m", "overlap", "scan", *DEMO_SOURCES, "--test-id-field", "id", "--id-field", "url"]
        paths = {"PYTHONPATH": str(ROOT), "PATH": ""}
        subprocess.run([*command, "-o", "result"], cwd=folder, env=paths, check=True, capture_output=True)
        shutil.rmtree(DEMO / "result", ignore_errors=True)
        shutil.copytree(Path(folder) / "result", DEMO / "result", ignore=shutil.ignore_patterns("config.yaml"))
        shutil.copyfile(Path(folder) / "world" / "scores.jsonl", DEMO / "scores.jsonl")


def demo_files() -> dict[str, bytes]:
    """Everything that is drawn from the demo's stored result, by its name."""
    import overlap
    from overlap.report.figures import FIGURES

    report = overlap.Report.load(DEMO / "result")
    with contextlib.chdir(DEMO):  # the report says where the scores were
        scores = {"trivia": [overlap.read_scores("scores.jsonl")]}
    rule = overlap.DirtyRule("class")
    found = overlap.score_impact(report.overlaps, scores, findings=report.findings, rule=rule)
    report = replace(report, impact=found)
    files = {name: report.render(FORMATS[Path(name).suffix]).encode() for name in DEMO_FILES}
    files["card.md"] = report.render("card").encode()
    return {**files, **{f"{name}.svg": report.plot(name) for name in (*FIGURES, *IMPACT_FIGURES)}}


FORMATS = {".html": "html", ".md": "md", ".csv": "csv", ".json": "json", ".tex": "latex"}


def main() -> None:
    DEMO.mkdir(exist_ok=True)
    if "--measure" in sys.argv[1:]:
        measure_demo()
    for name, data in demo_files().items():
        (DEMO / name).write_bytes(data)
    if (ROOT / DATA).is_dir():
        write_pages()


def write_pages() -> None:
    """The pages on the public data, and the page that names all."""
    for name, (title, words, command) in PAGES.items():
        (ROOT / "reports" / name).write_text(page(title, words, command), encoding="utf-8")
    contents = "".join(f"- [{title}]({name})\n" for name, (title, _, _) in PAGES.items())
    head = (
        "# Reports\n\nOutput of the tool, written by `make reports`.\n\n"
        "On generated texts (`examples/small_world.py`), in every format, from the result in `demo/result`:\n\n"
    )
    names = [*DEMO_FILES, "card.md", *(path.name for path in sorted(DEMO.glob("*.svg")))]
    head += "".join(f"- [{name}](demo/{name})\n" for name in names)
    head += "\nOn public data, numbers only, each with the command that made it:\n\n"
    (ROOT / "reports" / "README.md").write_text(head + contents, encoding="utf-8")


if __name__ == "__main__":
    main()
