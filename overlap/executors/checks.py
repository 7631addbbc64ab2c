"""Before the work begins: does every worker have what it needs, and see the same files?"""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from overlap.errors import ExecutorError, OutputError
from overlap.executors.engines import Engine
from overlap.version import __version__

__all__ = ["check_storage", "check_workers"]

_MOST_INPUTS = 64  # looked for on each worker


def check_workers(engine: Engine) -> None:
    """Raise ExecutorError for a worker without this very package, or without what its kernels need."""
    pythons = engine.ask_each(platform.python_version)
    if not pythons:
        raise ExecutorError(f"{engine.name}: no worker is there")
    here = platform.python_version()
    for worker, found in pythons.items():
        if str(found).split(".")[:2] != here.split(".")[:2]:
            raise ExecutorError(f"the worker {worker} has Python {found}, here it is {here}: use the same everywhere")
    expected = package_state()
    for worker, state in engine.ask_each(_look_at_package()).items():
        if isinstance(state, BaseException):
            raise ExecutorError(f"the worker {worker} cannot be asked: {type(state).__name__}: {state}")
        if missing := state["missing"]:
            raise ExecutorError(
                f"the worker {worker} lacks {', '.join(missing)} (overlap {__version__} is here): "
                "install trainset-overlap there, of this version"
            )
        if state["version"] != __version__:
            raise ExecutorError(
                f"the worker {worker} has overlap {state['version']}, here it is {__version__}: "
                "install the same version everywhere"
            )
        if state["sources"] != expected["sources"]:
            raise ExecutorError(
                f"the worker {worker} has other files of overlap {__version__} ({state['sources'][:12]}) than are here "
                f"({expected['sources'][:12]}): install the same version everywhere"
            )


def package_state() -> dict[str, Any]:
    """Version, digest of the sources, and what is missing, of this process."""
    state: dict[str, Any] = _look_at_package()()
    return state


def _look_at_package() -> Callable[[], dict[str, Any]]:
    """A question that needs nothing of this package where it is asked.

    It is made inside of a function, so that it is pickled with its code and not by its name.
    """

    def look() -> dict[str, Any]:
        import hashlib
        from importlib import import_module
        from importlib.util import find_spec
        from pathlib import Path

        missing = [name for name in ("overlap", "numba", "numpy", "pyarrow") if find_spec(name) is None]
        if missing:
            return {"missing": missing, "version": "", "sources": ""}
        module = import_module("overlap.version")
        folder = Path(str(module.__file__)).parent
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*.py")):
            digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
        return {"missing": [], "version": module.__version__, "sources": digest.hexdigest()}

    return look


def check_storage(engine: Engine, folder: Path | None, inputs: Sequence[tuple[str, int]]) -> None:
    """Raise ExecutorError where a worker does not see, or cannot write, the folder; or does not see an input.

    ``inputs``: (path, bytes) of local files; the first of each folder is looked for.
    """
    firsts: dict[str, tuple[str, int]] = {}
    for path, size in inputs:
        firsts.setdefault(os.path.dirname(path), (path, size))
    mark = Path(folder, f"{uuid.uuid4().hex}.partial") if folder else None
    try:
        if mark:
            mark.write_text(mark.name, encoding="ascii")
        answers = engine.ask_each(_look_for(str(mark or ""), list(firsts.values())[:_MOST_INPUTS]))
        for worker, answer in answers.items():
            if isinstance(answer, BaseException):
                raise ExecutorError(f"the worker {worker} cannot be asked: {type(answer).__name__}: {answer}")
            _refuse_unshared(worker, answer, folder)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", folder or "") from error
    finally:
        if mark:
            with suppress(OSError):
                mark.unlink(missing_ok=True)


def _refuse_unshared(worker: str, answer: dict[str, Any], folder: Path | None) -> None:
    advice = "every worker must see inputs and outputs under the paths that they have here"
    if reason := answer["folder"]:
        raise ExecutorError(f"the worker {worker} does not share the folder {folder} ({reason}): {advice}")
    if unseen := answer["unseen"]:
        raise ExecutorError(f"the worker {worker} does not see {unseen[0]}, or it has another size there: {advice}")
    if answer["written"] and folder:
        written = folder / answer["written"]
        os.listdir(folder)  # lets a network file system look again
        if not written.exists():
            raise ExecutorError(f"what the worker {worker} writes into {folder} does not arrive here: {advice}")
        written.unlink(missing_ok=True)


def _look_for(mark: str, inputs: list[tuple[str, int]]) -> Callable[[], dict[str, Any]]:
    """A question like that of ``_look_at_package``."""

    def look() -> dict[str, Any]:
        import os
        import uuid

        reason = written = ""
        if mark:
            name = f"{uuid.uuid4().hex}.partial"
            try:
                with open(mark, encoding="ascii") as stream:
                    reason = "" if stream.read() == os.path.basename(mark) else "another folder of that name"
                if not reason:
                    with open(os.path.join(os.path.dirname(mark), name), "w") as stream:
                        stream.write(mark)
                    written = name
            except OSError as error:
                reason = error.strerror or str(error)
        unseen = [path for path, size in inputs if not os.path.isfile(path) or os.stat(path).st_size != size]
        return {"folder": reason, "written": written, "unseen": unseen}

    return look
