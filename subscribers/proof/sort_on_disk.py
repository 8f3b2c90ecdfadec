"""Sorts more lines than memory holds, in more parts than files may be open."""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

LINES_AT_ONCE = 20_000
FILES_AT_ONCE = 250  # at most 499 are open for 1,250 million lines; a process may usually open 1,024


def sorted_lines(lines: Iterable[bytes], *, folder: Path) -> Generator[bytes]:
    """The lines, which have no line ends, sorted by their bytes. Temporary files are in ``folder``."""
    source = iter(lines)
    files: list[BinaryIO] = []  # of LINES_AT_ONCE lines each
    merged: list[BinaryIO] = []  # each of FILES_AT_ONCE such files
    with ExitStack() as to_the_end, ExitStack() as until_merged:
        while part := sorted(islice(source, LINES_AT_ONCE)):
            file = until_merged.enter_context(TemporaryFile(dir=folder))
            files.append(_written(file, (line + b"\n" for line in part)))
            if len(files) == FILES_AT_ONCE:
                file = to_the_end.enter_context(TemporaryFile(dir=folder))
                merged.append(_written(file, heapq.merge(*files)))
                until_merged.close()
                files = []
        for line in heapq.merge(*merged, *files):
            yield line.removesuffix(b"\n")


def _written(file: BinaryIO, lines: Iterable[bytes]) -> BinaryIO:
    file.writelines(lines)
    file.seek(0)
    return file
