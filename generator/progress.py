"""Progress messages during long work, so that people can tell a slow command from one that hangs."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from generator.printable import say

EVERY_SECONDS = 10.0


@contextmanager
def showing_progress(
    what: str, *, done: Callable[[], str] = lambda: "", every_seconds: float = EVERY_SECONDS
) -> Iterator[None]:
    """Show what the command is doing: a spinner on a terminal, otherwise a line every few seconds.

    ``done`` returns how much is done so far. Both go to standard error; standard output is for the answer.
    """
    if sys.stderr.isatty():
        with Console(stderr=True).status(what):
            yield
        return
    ended = threading.Event()
    began = time.monotonic()

    def report() -> None:
        while not ended.wait(every_seconds):
            so_far = ", ".join(filter(None, [f"{time.monotonic() - began:.0f} s so far", done()]))
            say(f"{what} {so_far}", err=True)

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        ended.set()
        reporter.join()
