"""Sorting with more lines than memory holds, and more parts than files may be open."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from subscribers.proof import sort_on_disk
from subscribers.proof.sort_on_disk import sorted_lines


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_any_number_of_parts_is_sorted_with_few_open_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sort_on_disk, "LINES_AT_ONCE", 3)
    monkeypatch.setattr(sort_on_disk, "FILES_AT_ONCE", 5)
    lines = [str(number).encode() for number in range(200)]
    random.Random(1).shuffle(lines)
    before = _open_files()
    most = 0
    found = []
    for line in sorted_lines(lines, folder=tmp_path):
        most = max(most, _open_files() - before)
        found.append(line)
    assert found == sorted(lines)
    assert most <= 200 // 15 + 5
    assert _open_files() == before


def test_files_are_closed_if_the_reader_stops_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort_on_disk, "LINES_AT_ONCE", 2)
    before = _open_files()
    lines = sorted_lines([b"c", b"b", b"a"], folder=tmp_path)
    assert next(lines) == b"a"
    lines.close()
    assert _open_files() == before


def test_nothing_sorted_is_nothing(tmp_path: Path) -> None:
    assert list(sorted_lines([], folder=tmp_path)) == []
