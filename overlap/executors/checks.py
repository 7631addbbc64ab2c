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
from overlap.executors.package import Package, difference, look_at_package, package_here
from overlap.executors.tasks import Question

__all__ = ["check_storage", "check_workers"]

_MOST_INPUTS = 64  # looked for on each worker


def check_workers(engine: Engine) -> None:
    """Raise ExecutorError for a worker without this very package, or without what its kernels need."""
    pythons = engine.ask_each(Question(_version_of_python))
    if not pythons:
        raise ExecutorError(f"{engine.name}: no worker is there")
    here = platform.python_version()
    for worker, found in pythons.items():
        if str(found).split(".")[:2] != here.split(".")[:2]:
            raise ExecutorError(f"the worker {worker} has Python {found}, here it is {here}: use the same everywhere")
    for worker, answer in engine.ask_each(Question(look_at_package)).items():
        if isinstance(answer, BaseException):
            raise ExecutorError(f"the worker {worker} cannot be asked: {type(answer).__name__}: {answer}")
        if wrong := difference(worker, Package(*answer), package_here()):
            raise ExecutorError(wrong)


def _version_of_python() -> Callable[[], str]:
    """A function that every Python has, by its name: code of another Python cannot be run."""
    return platform.python_version


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
        answers = engine.ask_each(Question(_look_for, (str(mark or ""), list(firsts.values())[:_MOST_INPUTS])))
        arrived = _take_away(folder, answers)
        for worker, answer in answers.items():
            _refuse_unshared(worker, answer, folder, arrived)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", folder or "") from error
    finally:
        if mark:
            with suppress(OSError):
                mark.unlink(missing_ok=True)


def _take_away(folder: Path | None, answers: dict[str, Any]) -> set[str]:
    """Remove what the workers have written into the folder; the names of what was there."""
    if folder is None:
        return set()
    written = {answer["written"] for answer in answers.values() if isinstance(answer, dict) and answer["written"]}
    found = written & set(os.listdir(folder))
    for name in found:
        (folder / name).unlink()
    return found


def _refuse_unshared(worker: str, answer: Any, folder: Path | None, arrived: set[str]) -> None:
    if isinstance(answer, BaseException):
        raise ExecutorError(f"the worker {worker} cannot be asked: {type(answer).__name__}: {answer}")
    advice = "every worker must see inputs and outputs under the paths that they have here"
    if reason := answer["folder"]:
        raise ExecutorError(f"the worker {worker} does not share the folder {folder} ({reason}): {advice}")
    if unseen := answer["unseen"]:
        raise ExecutorError(f"the worker {worker} does not see {unseen[0]}, or it has another size there: {advice}")
    if folder and answer["written"] not in arrived:
        raise ExecutorError(f"what the worker {worker} writes into {folder} does not arrive here: {advice}")


def _look_for(mark: str, inputs: list[tuple[str, int]]) -> Callable[[], dict[str, Any]]:
    """The same, of files."""

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
