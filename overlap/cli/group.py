"""The command ``overlap`` itself: its help, and the one place where errors become a line and an exit status."""

from __future__ import annotations

import logging
import shlex
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import click

from overlap.errors import BadArgument, OverlapError
from overlap.version import __version__

__all__ = ["fail", "main"]


_ORDER = (
    "check build info verify measure report plot compare scan locate inspect clean audit impact cdf profiles recipes"
)
ORDER = tuple(_ORDER.split())
INTERRUPTED, TERMINATED = 130, 143  # as a shell reports SIGINT and SIGTERM
_HELP_NAMES = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
_VERBOSE = "overlap.verbose"


class _Terminated(BaseException):
    """SIGTERM: ends the work as Ctrl-C does, so that temporary files go and what is finished stays."""


class _Command(click.Command):
    """A command that answers to -h and has -v, whether it is called through ``overlap`` or by itself."""

    def __init__(self, *arguments: Any, **named: Any):
        named["context_settings"] = {**_HELP_NAMES, **(named.get("context_settings") or {})}
        super().__init__(*arguments, **named)
        help_text = "Log to stderr what is done; twice: in detail. With it, an internal error shows its traceback."
        self.params.append(
            click.Option(["-v", "--verbose"], count=True, expose_value=False, callback=_log_to_stderr, help=help_text)
        )


def _log_to_stderr(ctx: click.Context, parameter: click.Parameter, count: int) -> None:
    ctx.find_root().meta[_VERBOSE] = count
    if count:
        logging.getLogger("overlap").setLevel(_LEVELS[min(count, len(_LEVELS) - 1)])


class _Commands(click.Group):
    """Lists commands in the order of the work, and turns whatever ends one into a line and an exit status."""

    command_class = _Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))

    def make_context(self, *arguments: Any, **named: Any) -> click.Context:
        try:
            return super().make_context(*arguments, **named)
        except KeyboardInterrupt:  # click would say "Aborted!"
            _stopped("stopped", INTERRUPTED)

    def invoke(self, ctx: click.Context) -> Any:
        sys.stdout.reconfigure(errors="replace") if hasattr(sys.stdout, "reconfigure") else None
        try:
            with _logging(), _terminable():
                answer = super().invoke(ctx)
                sys.stdout.flush()
                return answer
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except OverlapError as error:
            fail(str(error))
        except BadArgument as error:
            raise click.UsageError(str(error), ctx) from error
        except BrokenPipeError:
            sys.stdout = None  # whoever read it has left; nothing more to flush
            sys.exit(1)
        except OSError as error:
            sys.stdout = None
            fail(f"standard output cannot be written, or a file cannot be used: {error}")
        except MemoryError:
            fail("out of memory: allow less with --memory, or take fewer --workers")
        except KeyboardInterrupt:
            _stopped("stopped", INTERRUPTED)
        except _Terminated:
            _stopped("terminated", TERMINATED)
        except Exception as error:
            _internal(error, ctx.meta.get(_VERBOSE, 0) > 0)


@contextmanager
def _logging() -> Iterator[None]:
    """What the library logs goes to stderr, from warnings on; -v lowers that."""
    logger = logging.getLogger("overlap")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("overlap: %(asctime)s %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(_LEVELS[0])
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM unwinds the stack as Ctrl-C does, where signals can be had (the main thread)."""

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: the clean-up is not to be cut off
        raise _Terminated

    try:
        before = signal.signal(signal.SIGTERM, terminate)
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stopped(how: str, status: int) -> NoReturn:
    """One line that says how to go on."""
    try:
        from overlap.corpus.addresses import shown_source
    except Exception:  # interrupted while it was being imported, it cannot be imported again

        def shown_source(text: str) -> str:
            return "" if "://" in text else text

    arguments = sys.argv[1:]
    resumes = arguments[:1] == ["build"] or (arguments[:1] == ["check"] and "--index-dir" in arguments)
    again = f"overlap {shlex.join(arguments)}"
    if any(shown_source(argument) != argument for argument in arguments):
        again = "run the same command again (it has secrets in it and is not shown)"
    advice = f"to resume: {again}" if resumes else "nothing was left half-written; run it again"
    print(f"overlap: {how}; {' '.join(advice.split())}", file=sys.stderr)
    sys.exit(status)


def _internal(error: Exception, verbose: bool) -> NoReturn:
    if verbose:
        traceback.print_exception(error)
    advice = "please report it" if verbose else "please report it with what -v shows"
    fail(f"internal error, {advice}: {type(error).__name__}: {error}")


def fail(message: str) -> NoReturn:
    """Say what is wrong, in one line, and exit with 1."""
    print(f"overlap: error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(1)


@click.group(cls=_Commands, context_settings=_HELP_NAMES)
@click.version_option(__version__, prog_name="overlap")
def main() -> None:
    """How much of this test set was in the training data?

    A SOURCE is [NAME=]PATH[::FIELD,FIELD...]: a file, directory, glob, URL, hf:NAME:CONFIG:SPLIT, or - for standard
    input; an optional name for the tables; optional fields, joined by newlines.
    """
