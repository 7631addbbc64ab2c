"""The command ``overlap`` itself: its help, and the one place where errors become a line and an exit status."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from overlap.errors import OverlapError
from overlap.version import __version__

__all__ = ["fail", "main"]


ORDER = ("check", "build", "info", "verify", "measure", "report", "scan", "locate", "inspect", "clean", "audit")


class _Commands(click.Group):
    """Lists commands in the order of the work, and turns the family of errors into one line and exit status 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))

    def invoke(self, ctx: click.Context) -> Any:
        sys.stdout.reconfigure(errors="replace") if hasattr(sys.stdout, "reconfigure") else None
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
            return answer
        except OverlapError as error:
            fail(str(error))
        except ValueError as error:
            raise click.UsageError(str(error), ctx) from error
        except BrokenPipeError:
            sys.stdout = None  # whoever read it has left; nothing more to flush
            sys.exit(1)
        except OSError as error:
            sys.stdout = None
            fail(f"standard output cannot be written, or a file cannot be used: {error}")
        except KeyboardInterrupt:
            print("overlap: stopped; run again, a build goes on where it was", file=sys.stderr)
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
