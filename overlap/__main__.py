"""``python -m overlap`` does what the installed command does."""

import gc
import os
import sys

__all__ = ["run"]

_GARBAGE = 50_000  # objects more than before, until they are looked through


def run() -> None:
    """The command. Ctrl-C while it is still being loaded ends it as quietly as later.

    Of 0.8 s until a build began, 0.08 went to threads that OpenBLAS starts and that wait for work by turning, and 0.08
    to looking for garbage among what was being imported; 0.05 s at the end to looking once more.
    """
    try:
        gc.set_threshold(_GARBAGE)
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from overlap.cli import main
        from overlap.kernels import numba_start

        numba_start.with_scipy = False
        main(prog_name="overlap")
    except KeyboardInterrupt:
        print("overlap: stopped", file=sys.stderr)
        sys.exit(130)
    finally:
        gc.freeze()


if __name__ == "__main__":
    run()
