"""Reports: overlaps -> tables and JSON that people read and programs parse. Renders values; measures nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overlap.displaying import Displayed
from overlap.errors import BadArgument
from overlap.impact import Impact
from overlap.metrics import overlap_percent, summary
from overlap.report.breakdown import breakdown_tables
from overlap.report.card import render_card
from overlap.report.impact import impact_tables
from overlap.report.left_out import skipped_records
from overlap.report.naming import named_apart, names_apart
from overlap.report.rendering import to_csv, to_latex, to_markdown, to_rich
from overlap.report.tables import Table, class_table, dataset_table, fuzzy_table, tables6
from overlap.report.verdict import LIMIT
from overlap.report.writing import SUFFIXES, format_of, refuse_file, write_file
from overlap.results import (
    Findings,
    NearDuplicates,
    Overlap,
    has_findings,
    load_findings,
    load_near_duplicates,
    load_result,
    save_findings,
    save_near_duplicates,
    save_result,
)

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import RenderableType

__all__ = ["FORMATS", "Report"]

FORMATS = ("terminal", "md", "csv", "json", "latex", "html", "card")


@dataclass(frozen=True, repr=False)
class Report(Displayed):
    """A report on any number of overlaps.

    >>> # report = Report(overlap.check("web=corpus/", "gsm8k=test.jsonl::question"))
    >>> # print(report.render("md")); report.save("result"); Report.load("result")
    """

    overlaps: tuple[Overlap, ...]
    findings: tuple[Findings, ...] = ()
    near_duplicates: tuple[NearDuplicates, ...] = ()
    impact: Impact | None = None

    @classmethod
    def load(cls, *paths: str | PathLike[str]) -> Report:
        """A report on stored results, with what the exact pass found where it was run. Raises ResultFileError."""
        overlaps = [overlap for path in paths for overlap in load_result(path)]
        findings = [item for path in paths if has_findings(path) for item in load_findings(path)]
        near = [found for path in paths if (found := load_near_duplicates(path)) is not None]
        return cls(tuple(overlaps), tuple(findings), tuple(near))

    def save(self, path: str | PathLike[str], *, force: bool = False, configuration: str = "") -> None:
        """Store the overlaps, and the findings beside them, in a folder. Raises OutputError.

        ``configuration``, where there is one, is kept with them as ``config.yaml``.
        """
        save_result(path, self.overlaps, summary(self.overlaps), force=force, configuration=configuration)
        if self.findings:
            save_findings(path, self.findings, force=force)
        for found in self.near_duplicates:
            save_near_duplicates(path, found, force=force)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The paper's Table 6, each data set, its parts and groups, and leak or phrase where the exact pass was run."""
        by_n, _ = named_apart(self.overlaps, by_n=True)
        tables = [*tables6(self.overlaps), dataset_table(by_n), *breakdown_tables(by_n)]
        if self.findings:
            tables.append(class_table(*named_apart(self.overlaps, self.findings)))
        tables += [fuzzy_table(found) for found in self.near_duplicates]
        return (*tables, *(impact_tables(self.impact) if self.impact else ()))

    @property
    def skipped(self) -> int:
        """Bad records that were passed over, in all training sets and test sets."""
        return skipped_records(self.overlaps)

    @property
    def highest_percent(self) -> float:
        """The highest overlap of any test set with any training set, in percent."""
        return max((overlap_percent(overlap) for overlap in self.overlaps), default=0.0)

    def render(self, format: str = "md", *, limit: float = LIMIT) -> str:
        """The report as ``md``, ``csv``, ``json``, ``latex``, ``html`` or ``card``; any other raises ValueError.

        ``limit``, in percent, is what the first line of ``html`` and ``card`` judges by.
        """
        if format == "html":
            return self._page(limit)
        if format == "card":
            return render_card(*named_apart(self.overlaps, self.findings), limit)
        if format == "json":
            near = (
                {"near_duplicates": [asdict(found) for found in self.near_duplicates]} if self.near_duplicates else {}
            )
            impact = {"impact": self.impact.to_json()} if self.impact else {}
            body = {**summary(self.overlaps, self.findings), **near, **impact}
            return json.dumps(body, indent=1, ensure_ascii=False) + "\n"
        if format == "csv":
            return to_csv(summary(self.overlaps)["results"])
        if format == "latex":
            return to_latex(self.tables)
        if format == "md":
            return to_markdown(self.tables)
        raise BadArgument(f"format must be md, csv, json, latex, html or card, not {format!r}")

    def write(self, path: str | PathLike[str], *, limit: float = LIMIT, force: bool = False) -> None:
        """Write the report to a file; its name says the format: .html, .md, .csv, .json, .tex.

        Raises OutputError; ValueError for another name.
        """
        chosen = format_of(path)
        if chosen is None:
            raise BadArgument(f"a report's name must end in {', '.join(SUFFIXES)}, not as {Path(path).name!r}")
        refuse_file(path, force)
        write_file(path, self.render(chosen, limit=limit).encode("utf-8", "backslashreplace"), force=force)

    def plot(self, figure: str, file_type: str = "svg", *, width: float = 6.5) -> bytes:
        """A figure (``bars``, ``cdf``, ``spectrum``, ``growth``) as the bytes of an SVG, PDF or PNG file.

        With an ``impact`` also ``scores`` and ``sweep``. Raises ValueError for another figure or type, where the result
        has nothing for it, or without matplotlib.
        """
        from overlap.report.figures import IMPACT_FIGURES, figure_of, impact_figure
        from overlap.report.figures.plotting import draw

        if self.impact is not None and figure in IMPACT_FIGURES:
            return draw(impact_figure(figure, self.impact), file_type, width)
        return draw(figure_of(figure, *named_apart(self.overlaps, self.findings)), file_type, width)

    def _page(self, limit: float) -> str:
        from overlap.report.page import render_page

        first = tables6(self.overlaps)
        details = self.tables[len(first) :]
        return render_page(*named_apart(self.overlaps, self.findings), first, details, self.impact, limit)

    def to_arrow(self) -> pa.Table:
        """A row for each training set and test set, with the names of the JSON report."""
        import pyarrow as pa

        results = summary(self.overlaps)["results"]
        names = [name for name, value in results[0].items() if not isinstance(value, (dict, list))] if results else []
        return pa.table({name: [result[name] for result in results] for name in names})

    def to_pandas(self) -> Any:
        """``to_arrow`` as a pandas DataFrame."""
        return self.to_arrow().to_pandas()

    def to_rich(self, width: int = 100) -> RenderableType:
        """The report for a terminal of so many columns."""
        return to_rich(self.tables, width)

    def __repr__(self) -> str:
        tests = len(set(names_apart(self.overlaps, by_n=True)))
        trains = len({overlap.train.name for overlap in self.overlaps if not overlap.train.members})
        sets = f"{tests:,} test set{'s' * (tests != 1)}, {trains:,} training set{'s' * (trains != 1)}"
        return f"Report({sets}; highest overlap {self.highest_percent:.2f} %)"

    def __str__(self) -> str:
        return self.render("md")
