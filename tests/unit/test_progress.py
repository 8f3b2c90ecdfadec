"""Long work reports its progress on standard error, in a pipe too."""

from __future__ import annotations

import re
import time

import pytest

from generator.progress import EVERY_SECONDS, showing_progress


def test_long_work_reports_progress_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_progress("Reading …", done=lambda: "1,200 texts read", every_seconds=0.02):
        time.sleep(0.3)
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) >= 2
    for line in told.err.splitlines():
        assert re.fullmatch(r"Reading … \d+ s so far, 1,200 texts read", line)


def test_short_work_reports_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_progress("Reading …"):
        pass
    assert capsys.readouterr().err == ""
    assert 5 <= EVERY_SECONDS <= 30


def test_progress_ends_with_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="broken"), showing_progress("Reading …", every_seconds=0.02):
        raise ValueError("broken")
    time.sleep(0.1)
    assert capsys.readouterr().err == ""
