"""The command line: each command parses, calls one public function, and prints what comes back.

Data goes to stdout, progress and errors to stderr. Exit status: 0 done, 1 error, 2 usage, 3 an overlap above
``--fail-above``, 4 bad records skipped, 130 and 143 stopped.
"""

from overlap.cli import auditing, cleaning, impacting, inspecting, listing, locating, measuring, profiling, reporting
from overlap.cli.group import main

__all__ = [
    "auditing",
    "cleaning",
    "impacting",
    "inspecting",
    "listing",
    "locating",
    "main",
    "measuring",
    "profiling",
    "reporting",
]
