"""Write docs/cli.md from the commands' own help, so that the two cannot differ.

Usage: python tools/cli_reference.py
"""

from pathlib import Path

import click

from overlap.cli import main

TARGET = Path(__file__).parent.parent / "docs" / "cli.md"
HEAD = """# Commands

Written by `python tools/cli_reference.py` from the commands' own help. Data goes to stdout, progress and errors to
stderr. Exit status: 0 done, 1 error (one line: what, where, what to do), 2 usage, 3 an overlap above `--fail-above`,
4 bad records were skipped (`--on-bad-record skip`), 130 interrupted (Ctrl-C), 143 terminated (SIGTERM).
"""


def reference() -> str:
    """The whole page."""
    parts = [HEAD, _help(main, "overlap")]
    for name, command in main.commands.items():
        parts += [f"## overlap {name}\n", _help(command, f"overlap {name}")]
    return "\n".join(parts)


def _help(command: click.Command, path: str) -> str:
    context = click.Context(
        command, info_name=path, terminal_width=100, max_content_width=100, help_option_names=["-h", "--help"]
    )
    return f"```\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
