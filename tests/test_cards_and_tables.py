"""What the page's cards say of the limit, and Table 6 when it is turned."""

from __future__ import annotations

import re

from values import findings_of, overlap_of, train_of

from overlap.report import Report
from overlap.report.page.cards import cards_of
from overlap.report.tables import tables6
from overlap.report.verdict import verdict_of

WEB, BOOKS = train_of("web"), train_of("books")
UNION = train_of("union", distinct=None, members=("web", "books"))


def test_a_card_says_what_is_over_the_limit() -> None:
    """0.8 % in each of two, 1.6 % in both: over the limit only together, and with that number."""
    overlaps = [overlap_of([(1007, [(0, hits)])], train=train) for hits, train in ((8, WEB), (8, BOOKS), (16, UNION))]
    (card,) = cards_of(overlaps, (), 1.0)
    assert (card.percent, card.standing) == ("0.80", "over the limit in all together: 1.60 %")
    assert "<strong>0.80 %</strong> in web, over the limit in all together: 1.60 %" in Report(tuple(overlaps)).render(
        "html"
    )
    assert cards_of(overlaps, (), 0.5)[0].standing == "over the limit"
    assert cards_of(overlaps, (), 2.0)[0].standing == ""


def test_a_card_of_a_set_without_a_hit_names_no_training_set() -> None:
    overlaps = [overlap_of([(1007, [])], train=train) for train in (WEB, BOOKS)]
    assert cards_of(overlaps, (), 1.0)[0].train == "any of 2 training sets"
    assert cards_of(overlaps[:1], (), 1.0)[0].train == "web"


def test_table_6_turned_names_its_rows_and_keeps_the_mean_below() -> None:
    overlaps = [overlap_of([(27, [(0, i)])], test=f"set {i}") for i in range(1, 11)]
    (table,) = tables6(overlaps)
    turned = table.transposed()
    assert (turned.header, turned.rows[-1][0], turned.total_rows) == (("Test set", "web"), "mean", 1)
    assert turned.transposed() == table
    page = Report(tuple(overlaps)).render("html")
    first = page[page.index("<table data-sortable") : page.index("</table>")]
    assert '<th scope="col">Test set</th>' in first
    assert re.search(r'<tfoot>\s*<tr><th scope="row">mean</th>', first)
    assert "mean" not in first.partition("<tfoot>")[0]
    assert "<tfoot>" not in Report(tuple(overlaps[:3])).render("html")


def test_the_verdict_does_not_contradict_itself() -> None:
    """0.838 is not over a limit of 0.838, though 0.84 would be; two decimals where they say the same."""
    overlap = overlap_of([(100_007, [(0, 838)])])
    for limit, shown in ((0.838, "0.838 %"), (0.839, "0.838 %"), (1.0, "0.84 %"), (0.5, "0.84 %")):
        assert f"The highest is {shown}" in verdict_of([overlap], (), limit).more[0]


def test_the_verdict_counts_none_and_one() -> None:
    overlap = overlap_of([(27, [(0, 2)])])
    lines = verdict_of([overlap], [findings_of(of=overlap)]).more
    assert lines[1].startswith("No test example holds a duplicate of training text, 0 a passage")
    assert repr(Report((overlap,))).startswith("Report(1 test set, 1 training set;")
