"""``python -m overlap`` does what the installed command does."""

from overlap.cli import main

main(prog_name="overlap")
