"""The versions of six real repositories, against tables made by two other programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CORPORA = Path(__file__).resolve().parents[2] / ".." / "shared" / "corpora"
TABLES = sorted(CORPORA.glob("expected/*.json"))

needs_corpora = pytest.mark.skipif(not TABLES, reason=f"the example histories are not at {CORPORA}")


@needs_corpora
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_the_command_finds_exactly_the_expected_versions(table: Path) -> None:
    expected = json.loads(table.read_text(encoding="utf8"))
    bundle = CORPORA / f"{table.stem}.bundle"
    printed = subprocess.run(
        [
            Path(sys.executable).with_name("policy-site"), "versions", "--json",
            "--repo", bundle, "--folder", expected["folder"], "--ref", expected["ref"],
        ],
        capture_output=True, check=True,
    )  # fmt: skip
    found = json.loads(printed.stdout)
    assert found["head"] == expected["head"]
    assert {
        document["path"]: [[version["commit"], version["returns_to"]] for version in document["versions"]]
        for document in found["documents"]
    } == expected["documents"]
    assert {
        document["path"]: document["gaps"] for document in found["documents"] if document["gaps"]
    } == expected["gaps"]
    assert found["warnings"] == []


@needs_corpora
def test_reading_costs_at_most_three_times_a_log_and_the_rendering() -> None:
    """The short form of the measurement; the bar is meant for the largest corpus."""
    benchmark = Path(__file__).resolve().parents[2] / "benchmarks" / "history.py"
    printed = subprocess.run(
        [sys.executable, benchmark, CORPORA / "npm-policies.bundle"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert float(printed.split()[-1]) <= 3
