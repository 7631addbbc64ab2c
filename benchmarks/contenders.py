"""`wc -w`, and what every contender is: something with a name that can be timed on a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from cases import Case
from measurement import Measurement
from running import run

WC = "wc -w"


class Contender(Protocol):
    """Something with a name that can be timed on a case."""

    @property
    def name(self) -> str:
        """What the tables call it."""

    def take(self, case: Case) -> Iterator[Measurement]:
        """Run once and yield what came of it."""


@dataclass(frozen=True)
class WordCount:
    """`wc -w`: the speed of reading text and finding words, in C, on one core, in the user's locale."""

    name: str = WC

    def take(self, case: Case) -> Iterator[Measurement]:
        """Count the words of the training files."""
        done = run(["wc", "-w", *map(str, case.train)])
        yield Measurement(
            contender=self.name,
            case=case.name,
            action="build",
            seconds=done.seconds,
            bytes_done=case.bytes,
            bytes_total=case.bytes,
            command=done.command,
            cpu_seconds=done.cpu_seconds,
        )
