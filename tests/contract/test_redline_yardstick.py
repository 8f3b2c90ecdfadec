"""The limits of the shared benchmark, on its hard cases and one small history; see ``make redlines``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.redline import redline_markdown

SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
BENCH = SHARED / "redline-bench"
HISTORY = SHARED / "corpora" / "Medium-medium-policy.bundle"

pytestmark = pytest.mark.skipif(
    not BENCH.is_dir() or not HISTORY.is_file(), reason="the benchmark is not beside the project (../shared)"
)


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, Any]]]:
    """The benchmark's findings on every pair except those of 100,000 words."""
    folder = tmp_path_factory.mktemp("pairs")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        patch.setattr(sys, "dont_write_bytecode", True)
        import cases  # noqa: PLC0415 - it comes with the benchmark
        import corpus  # noqa: PLC0415
        import measuring  # noqa: PLC0415
        import scoring  # noqa: PLC0415

        corpus.extract([HISTORY], folder, 40, 900, 60, 1200)
        cases.write_cases(folder)
        found = []
        for pair in measuring.load_pairs(folder):
            if not pair.name.startswith("100k"):
                old, new = pair.texts()
                reference = scoring.Reference(old, new, thorough=True)
                judged = scoring.judge(redline_markdown(old, new), reference, pair.truth)
                found.append({"name": pair.name, "kind": pair.kind, **judged})
        yield found


def names_where(findings: list[dict[str, Any]], key: str) -> list[str]:
    return [found["name"] for found in findings if found[key]]


def test_both_texts_can_be_read_from_a_redline(findings: list[dict[str, Any]]) -> None:
    assert [found["why"] for found in findings if not found["exact"]] == []


def test_no_visible_change_is_silent_and_no_other_is_marked(findings: list[dict[str, Any]]) -> None:
    assert [found["name"] for found in findings if found["visible"] != bool(found["signs"])] == []


def test_the_markup_is_valid(findings: list[dict[str, Any]]) -> None:
    assert [found["problems"] for found in findings if found["invalid"]] == []


def test_every_moved_block_is_found_and_no_other(findings: list[dict[str, Any]]) -> None:
    assert [found["name"] for found in findings if found["truth_found"] != found["truth"]] == []
    assert [found["moves_wrong"] for found in findings if found["moves_wrong"]] == []
    assert names_where(findings, "moves_hiding_edits") == []


def test_few_words_are_marked_beyond_those_that_must_be(findings: list[dict[str, Any]]) -> None:
    real = [found for found in findings if found["kind"] != "adversarial"]
    assert sum(found["marked"] for found in real) <= 1.25 * sum(found["least"] for found in real)


def test_few_kept_words_between_two_changes_are_rare(findings: list[dict[str, Any]]) -> None:
    assert sum(found["islands"] for found in findings) <= 0.3 * len(findings)
