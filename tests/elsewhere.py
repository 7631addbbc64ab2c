"""An executor whose tasks might as well run in another process."""

from __future__ import annotations

import pickle
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

__all__ = ["Elsewhere"]


class Elsewhere(Executor):
    """What runs tasks as another process would: all that goes there and comes back is pickled."""

    def __init__(self) -> None:
        self.submitted = 0
        self._pool = ThreadPoolExecutor(2)

    def submit(self, function: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        self.submitted += 1
        packed = pickle.dumps((function, arguments, named))

        def run() -> Any:
            there, given, more = pickle.loads(packed)
            return pickle.loads(pickle.dumps(there(*given, **more)))

        return self._pool.submit(run)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
