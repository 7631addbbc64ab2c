"""``python -m overlap`` does what the installed command does."""

import gc
import os
import sys

__all__ = ["run"]

_GARBAGE = 50_000  # objects more than before, until they are looked through


def run() -> None:
    """The command. Ctrl-C while it is still being loaded ends it as quietly as later.

    Of 0.8 s until a build began, 0.08 went to threads that OpenBLAS starts and that wait for work by turning, and 0.08
    to looking for garbage among what was being imported.
    """
    gc.set_threshold(_GARBAGE)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from overlap.cli import main
    except KeyboardInterrupt:
        print("overlap: stopped", file=sys.stderr)
        sys.exit(130)
    main(prog_name="overlap")


if __name__ == "__main__":
    run()
