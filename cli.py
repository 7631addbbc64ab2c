#!/usr/bin/env python3
"""Launcher for a checkout: ``python cli.py ...`` does what the installed ``overlap`` command does."""

from overlap.cli import main

if __name__ == "__main__":
    main(prog_name="overlap")
