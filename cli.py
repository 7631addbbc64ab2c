#!/usr/bin/env python3
"""Launcher for a checkout: ``python cli.py ...`` does what the installed ``overlap`` command does."""

from overlap.__main__ import run

if __name__ == "__main__":
    run()
