"""Write reports/: the tool's own output on the public data beside the project, numbers only.

Each page says the command that made it. No text of the data sets is written: only counts.

Usage: python tools/make_reports.py [DATA]     (default: ../shared/data)
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
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


def main() -> None:
    for name, (title, words, command) in PAGES.items():
        (ROOT / "reports" / name).write_text(page(title, words, command), encoding="utf-8")
    contents = "".join(f"- [{title}]({name})\n" for name, (title, _, _) in PAGES.items())
    head = (
        "# Reports\n\nOutput of the tool on public data, numbers only, each with the command that made it. Written by\n"
    )
    head += "`make reports`.\n\n"
    (ROOT / "reports" / "README.md").write_text(head + contents, encoding="utf-8")


if __name__ == "__main__":
    main()
