"""The report as one HTML file: no network, no server, nothing that a hostile test set could make it do."""

from overlap.report.page.html import render_page, render_tables

__all__ = ["render_page", "render_tables"]
