"""Where the work runs: on threads, on a Dask or Ray cluster, or on any ``concurrent.futures.Executor``.

A ``Pool`` runs a function over items, a bounded number at a time. What the function is given and what it gives back
travels by pickle where the workers are other processes, so it is a function of a module, not a closure. The results are
the same wherever it runs; on a cluster, workers may be lost in the middle.

``names`` reads what the user writes, ``engines`` and its neighbours submit, ``tasks`` is what runs on the other side,
``checks`` asks the workers before the work begins.
"""

from overlap.executors.names import Executor, check_executor
from overlap.executors.pool import Pool, opened

__all__ = ["Executor", "Pool", "check_executor", "opened"]
