"""What the page's cards say of the limit, and Table 6 when it is turned."""

from __future__ import annotations

import re

from values import overlap_of, train_of

from overlap.report import Report
from overlap.report.page.cards import cards_of
from overlap.report.tables import tables6

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
