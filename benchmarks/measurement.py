"""One number taken in one round, and what the rounds come to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

NOT_FOLLOWING = "its runs on a prefix and on a part of it took nearly alike: the whole does not follow"


@dataclass(frozen=True)
class Measurement:
    """What one contender did on one case in one round. Unknown facts are None."""

    contender: str
    case: str
    action: str
    """`build`, `measure`, `verify`..."""
    seconds: float
    """The whole process for us and `wc`; for the peers, without start and imports."""
    bytes_done: int
    """Bytes of the input that it read."""
    bytes_total: int
    """Bytes of the whole input."""
    command: str
    cpu_seconds: float | None = None
    peak_mb: float | None = None
    version: str | None = None
    ngrams: int | None = None
    distinct: int | None = None
    bits_per_ngram: float | None = None
    hits: int | None = None
    documents: int | None = None
    documents_found: int | None = None
    """Training documents that share an n-gram with the test set, for a scan that tells them."""
    examples_found: int | None = None
    """Test examples that share an n-gram with the corpus, for a peer that tells no more."""
    remark: str = ""
    start_seconds: float = 0.0
    """Of `seconds`, what does not grow with the input: found by a shorter run, where a prefix was read."""
    longer_runs: int = 0
    """How often the prefix was run, of which `seconds` is the least; 0 where that was not kept, or nothing was cut."""
    shorter_runs: int = 0
    """How often the part of it was run that tells the start; 0 as above."""

    @property
    def extrapolated(self) -> bool:
        """Whether only a part of the input was read."""
        return self.bytes_done < 0.98 * self.bytes_total

    @property
    def start_known(self) -> bool:
        """Whether a run told the start. Measurements from before that was done have 0, as if there were none."""
        return self.shorter_runs > 0 or self.start_seconds > 0

    @property
    def whole_follows(self) -> bool:
        """Whether what grows with the input is half of the seconds or more: of less, the clock's noise is too large."""
        return not self.extrapolated or self.start_seconds <= self.seconds / 2

    @property
    def whole_seconds(self) -> float:
        """The seconds for the whole input: the start once, the rest in proportion to the bytes."""
        if not self.extrapolated:
            return self.seconds
        return self.start_seconds + (self.seconds - self.start_seconds) * self.bytes_total / self.bytes_done


@dataclass(frozen=True)
class Rounds:
    """All rounds of one contender, case and action."""

    each: tuple[Measurement, ...]

    @property
    def one(self) -> Measurement:
        """The last round: for the facts that do not change."""
        return self.each[-1]

    @property
    def median(self) -> float:
        """Median seconds for the whole input."""
        return median(one.whole_seconds for one in self.each)

    @property
    def best(self) -> float:
        """Least seconds for the whole input."""
        return min(one.whole_seconds for one in self.each)

    @property
    def rate(self) -> float:
        """Median throughput in MB/s."""
        return self.one.bytes_total / 1e6 / self.median

    @property
    def best_rate(self) -> float:
        """Best throughput in MB/s."""
        return self.one.bytes_total / 1e6 / self.best

    @property
    def peak_mb(self) -> float | None:
        """The highest peak of all rounds."""
        return max((one.peak_mb for one in self.each if one.peak_mb is not None), default=None)

    @property
    def cpu_seconds(self) -> float | None:
        """Median processor seconds."""
        known = [one.cpu_seconds for one in self.each if one.cpu_seconds is not None]
        return median(known) if known else None


class Measurements:
    """Everything taken so far, in order; kept as JSON so that the page can be written again."""

    def __init__(self, measurements: Iterable[Measurement] = (), absent: Mapping[str, str] | None = None) -> None:
        self._all = list(measurements)
        self.absent = dict(absent or {})
        """Peers that could not be run, with the reason."""

    def __iter__(self) -> Iterator[Measurement]:
        return iter(self._all)

    def add(self, measurement: Measurement) -> None:
        """Append one."""
        self._all.append(measurement)

    def contenders(self, case: str, action: str) -> list[str]:
        """Return the contenders that did this, in the order of their first time."""
        return list(dict.fromkeys(m.contender for m in self._all if (m.case, m.action) == (case, action)))

    def rounds(self, contender: str, case: str, action: str) -> Rounds | None:
        """Return the rounds, or None where there are none."""
        key = (contender, case, action)
        found = tuple(m for m in self._all if (m.contender, m.case, m.action) == key)
        return Rounds(found) if found else None

    def save(self, path: Path) -> None:
        """Write them as JSON."""
        kept = {"absent": self.absent, "measurements": [asdict(measurement) for measurement in self._all]}
        path.write_text(json.dumps(kept, indent=1) + "\n")

    @classmethod
    def load(cls, path: Path) -> Measurements:
        """Read what `save` wrote. Peers of which the whole does not follow are absent: earlier versions kept them."""
        kept = json.loads(path.read_text())
        taken = [Measurement(**record) for record in kept["measurements"]]
        vain = {f"{one.contender} on {one.case}": NOT_FOLLOWING for one in taken if not one.whole_follows}
        return cls((one for one in taken if one.whole_follows), {**kept["absent"], **vain})
