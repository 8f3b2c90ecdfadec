"""Senders are killed with each engine, database and transport: every user still receives one message.

The long form is a command of its own: PYTHONPATH=tests python -m support.kill_campaign --kills 1000
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import postgresql_cluster
from support.kill_campaign import KINDS, Kind, databases, run_campaigns
from support.kill_crew import POINTS

KILLS = {"embedded": 4 * len(POINTS), "workers": 3 * len(POINTS)}


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_user_receives_one_message_with_senders_killed_at_any_point(kind: Kind, tmp_path: Path) -> None:
    if kind.database == "postgresql" and not postgresql_cluster.BINARIES:
        pytest.skip(postgresql_cluster.MISSING)
    with databases(kind.database, tmp_path) as make_database:
        tally = run_campaigns(kind, make_database, tmp_path, kills=KILLS[kind.engine])

    assert sum(tally.kills.values()) >= KILLS[kind.engine]
    assert (tally.twice, tally.never, tally.unbalanced) == (0, 0, 0)
    assert tally.most_doubts_by_a_kill <= 1
    assert len(tally.kills) >= len(POINTS) - 1
