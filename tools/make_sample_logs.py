"""Write tests/data/lm-eval-0.4.13: sample logs as lm-evaluation-harness writes them, of made-up questions.

Its own evaluator runs tasks of every kind that it has (generation with two filters and repeats, choices, the likelihood
of a last word, rolling perplexity, a group of tasks) on a model that is a few lines long, and its own
``EvaluationTracker`` writes the logs. Only this script needs the harness, without torch or a network:

Usage: pip install lm_eval==0.4.13; python tools/make_sample_logs.py
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "tests" / "data" / "lm-eval-0.4.13"
DATE = "2026-01-02T03-04-05.678901"
MODEL = "our/tiny-model"
FILTERS = """
filter_list:
  - name: strict-match
    filter:
      - function: regex
        regex_pattern: "is (\\\\d+)\\\\."
      - function: take_first
  - name: flexible-extract
    filter:
      - function: regex
        regex_pattern: "(\\\\d+)"
      - function: take_first
"""
GENERATE = """
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n"]}
repeats: 2
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
"""
TASKS = {
    "sums": GENERATE + FILTERS,
    "sums_easy": GENERATE + FILTERS,
    "sums_hard": GENERATE + FILTERS,
    "sums_choice": """
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: ["0", "2", "4", "6", "8", "10"]
doc_to_target: "{{place}}"
metric_list:
  - metric: brier_score
  - metric: acc
  - metric: acc_norm
""",
    "sums_last": """
output_type: loglikelihood
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
metric_list:
  - metric: perplexity
  - metric: acc
""",
    "sums_rolling": """
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{question}}"
metric_list:
  - metric: word_perplexity
  - metric: byte_perplexity
  - metric: bits_per_byte
""",
}


def write_tasks(folder: Path) -> None:
    """The tasks' settings and their six questions; two of the tasks are a group."""
    for name, settings in TASKS.items():
        docs = [
            {"task_id": f"{name}-{n}", "question": f"What is {n} and {n}?", "answer": str(2 * n), "place": n}
            for n in range(6)
        ]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in docs))
        source = (
            f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {folder / name}.jsonl}}}}\ntest_split: test"
        )
        (folder / f"{name}.yaml").write_text(f"task: {name}\n{source}\n{settings}")
    (folder / "sums_group.yaml").write_text("group: sums_group\ntask: [sums_easy, sums_hard]\n")


def tiny_model() -> Any:
    """A model whose answers and likelihoods follow from the length of what it is given."""
    from lm_eval.api.model import LM

    class Tiny(LM):  # type: ignore[misc]
        def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
            numbers = [int(request.args[0].split()[2]) for request in requests]
            return [f"The sum is {2 * n}." if n % 3 else f"Perhaps {2 * n}" if n else "Three" for n in numbers]

        def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> list[tuple[float, bool]]:
            pairs = [(request.args[0].split()[2], request.args[1].strip()) for request in requests]
            return [(-0.25 * abs(2 * int(n) - int(said)) - 0.5, int(n) % 2 == 0) for n, said in pairs]

        def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> list[float]:
            return [-0.5 * len(request.args[0]) - int(request.args[0].split()[2]) for request in requests]

    return Tiny()


def main() -> None:
    """Run the harness on its tasks, and keep what its tracker writes."""
    from lm_eval import evaluator
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    with tempfile.TemporaryDirectory() as place:
        write_tasks(Path(place))
        names = ["sums", "sums_choice", "sums_last", "sums_rolling", "sums_group"]
        loaded = TaskManager(include_path=place, include_defaults=False).load(names)
        found = evaluator.evaluate(tiny_model(), loaded, log_samples=True, bootstrap_iters=0)
        shutil.rmtree(TARGET, ignore_errors=True)
        tracker = EvaluationTracker(output_path=str(TARGET))
        tracker.general_config_tracker.model_name_sanitized = MODEL.replace("/", "__")
        tracker.date_id = DATE
        for name, samples in found["samples"].items():
            tracker.save_results_samples(name, samples)


if __name__ == "__main__":
    main()
