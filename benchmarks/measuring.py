"""Figures of one step. In a process of its own, its memory is not that of the steps before it."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable

Figures = dict[str, float]


def machine() -> str:
    """The machine that the figures are from, in one line."""
    return f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def in_own_process(benchmark: str, *arguments: str) -> Figures:
    """The figures that a benchmark prints as JSON when it is started with these arguments."""
    command = [sys.executable, benchmark, *arguments]
    figures: Figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return figures


def print_figures(step: Callable[[], object]) -> None:
    """Run a step, and print its seconds and the process's peak memory as JSON."""
    began = time.perf_counter()
    step()
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "megabytes": peak_megabytes()}))


def peak_megabytes() -> float:
    """The most memory that this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
