"""Sorts more lines than memory holds."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile

LINES_AT_ONCE = 20_000


def sorted_lines(lines: Iterable[bytes], *, folder: Path) -> Iterator[bytes]:
    """The lines, which have no line ends, sorted by their bytes. Temporary files are in ``folder``."""
    source = iter(lines)
    with ExitStack() as files:
        parts = []
        while part := sorted(islice(source, LINES_AT_ONCE)):
            file = files.enter_context(TemporaryFile(dir=folder))
            file.writelines(line + b"\n" for line in part)
            file.seek(0)
            parts.append(file)
        for line in heapq.merge(*parts):
            yield line.removesuffix(b"\n")
