"""The command ``overlap`` itself: its help, and the one place where errors become a line and an exit status."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from overlap.errors import OverlapError
from overlap.version import __version__

__all__ = ["fail", "main"]


class _Commands(click.Group):
    """Lists commands in the order of the work, and turns the family of errors into one line and exit status 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OverlapError as error:
            fail(str(error))
        except ValueError as error:
            raise click.UsageError(str(error), ctx) from error
        except BrokenPipeError:
            sys.exit(1)
        except KeyboardInterrupt:
            print("overlap: stopped; the same command takes a build up where it was", file=sys.stderr)
            sys.exit(130)


def fail(message: str) -> NoReturn:
    """Say what is wrong, in one line, and exit with 1."""
    print(f"overlap: error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="overlap")
def main() -> None:
    """How much of this test set was in the training data?

    A SOURCE is [NAME=]PATH[::FIELD,FIELD...]: a file, directory, glob, or - for standard input; an optional
    name for the tables; optional fields, joined by newlines.
    """
