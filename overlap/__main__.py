"""``python -m overlap`` does what the installed command does."""

import sys

__all__ = ["run"]


def run() -> None:
    """The command. Ctrl-C while it is still being loaded ends it as quietly as later."""
    try:
        from overlap.cli import main
    except KeyboardInterrupt:
        print("overlap: stopped", file=sys.stderr)
        sys.exit(130)
    main(prog_name="overlap")


if __name__ == "__main__":
    run()
