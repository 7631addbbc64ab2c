"""The command clean: both sides."""

from __future__ import annotations

from typing import Any

import click

from overlap.cli.group import main
from overlap.cli.options import CLASSES, admit, executor_options, progress_option, reading_options, tokenizer_option

__all__ = ["clean"]

TEST_RULES = ("any", "fraction", "longest", "class")
TRAIN_RULES = ("drop", "cut")


GOES_WITH = {
    "threshold": ("fraction", "longest"),
    "classes": ("class",),
    **dict.fromkeys(("window", "min_piece", "max_pieces"), ("cut",)),
    **dict.fromkeys(
        ("max_documents", "unit", "id_field", "text_field", "by_line", "input_format", "workers", "executor"),
        TRAIN_RULES,
    ),
}


def _refuse_idle_options(rule: str) -> None:
    """Raise UsageError for an option that was given and would do nothing under the rule."""
    context = click.get_current_context()
    names = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    for name, rules in GOES_WITH.items():
        given = context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE
        if given and rule not in rules:
            raise click.UsageError(f"{names[name]} goes with --rule {' or '.join(rules)}, not with {rule}")


@main.command()
@click.argument("result")
@click.option("-o", "--output", type=click.Path(), required=True, help="New folder for the cleaned files.")
@click.option(
    "--rule",
    type=click.Choice(TEST_RULES + TRAIN_RULES),
    help="Test side: any, fraction, longest, class. Training side: drop, cut.  [default: any; drop with --train]",
)
@click.option("--threshold", default=0.0, help="For fraction: a share from 0 to 1; for longest: units in a row.")
@click.option(
    "--class", "classes", multiple=True, type=click.Choice(CLASSES), help="For class.  [default: duplicate, passage]"
)
@click.option("--train", multiple=True, metavar="SOURCE", help="Clean this training text instead of the test sets.")
@click.option("--window", default=200, show_default=True, help="For cut: characters removed on either side.")
@click.option("--min-piece", default=200, show_default=True, help="For cut: shorter pieces are discarded.")
@click.option("--max-pieces", default=10, show_default=True, help="For cut: a document in more pieces is dropped.")
@click.option(
    "--max-documents", default=0, help="Let n-grams be that stand in more training documents.  [default: none]"
)
@click.option("--id-field", help="Field that identifies a training document, for the log.")
@tokenizer_option
@reading_options
@executor_options
@progress_option
def clean(result: str, output: str, rule: str | None, train: tuple[str, ...], progress: str, **options: Any) -> None:
    """Split the test sets of a RESULT into clean and dirty; or, with --train, clean training text of them.

    The test sets are written in their own format under OUTPUT/TEST/clean, dirty and too_short. Training files keep
    their relative paths, formats and compression; _removed.jsonl names every changed document and why. Nothing is
    written over an input.

    \b
    Examples:
      overlap clean result -o clean --rule fraction --threshold 0.15
      overlap clean result -o corpus-clean --train corpus/ --rule cut
    """
    import overlap
    from overlap.console import progress_bars

    rule = rule or ("drop" if train else "any")
    if rule not in (TRAIN_RULES if train else TEST_RULES):
        side = "the training side" if train else "the test side; name --train to clean training text"
        raise click.UsageError(f"--rule {rule} is not one of {side}")
    _refuse_idle_options(rule)
    if rule in ("fraction", "longest") and not options["threshold"] > 0:
        raise click.UsageError(f"--rule {rule} needs a --threshold above 0")
    overlaps = overlap.load_result(result)
    if not train:
        findings = overlap.load_findings(result) if rule == "class" else ()
        classes = options["classes"] or ("duplicate", "passage")
        splits = overlap.clean_test(
            overlaps, output, rule=rule, threshold=options["threshold"], classes=classes, findings=findings
        )
        for split in splits:
            bad = f", {split.skipped:,} skipped" if split.skipped else ""
            print(f"{split.test}: {split.clean:,} clean, {split.dirty:,} dirty, {split.too_short:,} too short{bad}")
        admit(sum(split.skipped for split in splits))
        return
    for name in ("threshold", "classes"):
        options.pop(name)
    with progress_bars(progress) as report:
        cleaned = overlap.clean_train(list(train), overlaps, output, rule=rule, **options, progress=report)
    print(
        f"{cleaned.documents:,} documents: {cleaned.dropped:,} dropped, "
        f"{cleaned.cut:,} cut into {cleaned.pieces:,} pieces"
    )
    if cleaned.let_be:
        print(f"{cleaned.let_be:,} n-grams that stand in more than {options['max_documents']:,} documents were let be")
