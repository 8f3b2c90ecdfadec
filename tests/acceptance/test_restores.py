"""Earlier copies of the database are restored: nobody receives a second message, and nothing else is refused.

The long form is a command of its own: PYTHONPATH=tests python -m support.restore_campaign --restores 1000
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import postgresql_cluster
from support.kill_campaign import Kind, databases
from support.restore_campaign import KINDS, run_restores

RUNS = {"embedded": 3, "workers": 2}


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_nobody_is_notified_twice_after_a_restore(kind: Kind, tmp_path: Path) -> None:
    if kind.database == "postgresql" and not postgresql_cluster.BINARIES:
        pytest.skip(postgresql_cluster.MISSING)
    restored, plain = tmp_path / "restored", tmp_path / "plain"
    restored.mkdir()
    plain.mkdir()
    with databases(kind.database, tmp_path) as make_database:
        tally = run_restores(kind, make_database, restored, runs=RUNS[kind.engine], seed=10)
        without = run_restores(kind, make_database, plain, runs=1, restores=False)

    assert tally.is_clean, tally
    assert tally.restores == RUNS[kind.engine]
    assert tally.old > 0
    assert tally.refusals >= tally.old
    assert without.is_clean, without
    assert without.refusals == 0
