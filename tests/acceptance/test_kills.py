"""Senders are killed with each engine, database and transport: every user still receives one message.

The long form is a command of its own: PYTHONPATH=tests python -m support.kill_campaign --kills 1000
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support import postfix_server, postgresql_cluster
from support.kill_campaign import KINDS, Kind, databases, run_campaigns
from support.kill_crew import POINTS

KILLS = {"embedded": 4 * len(POINTS), "workers": 3 * len(POINTS)}
KILLS_WITH_POSTFIX = len(POINTS)  # it is started for this alone


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_every_user_receives_one_message_with_senders_killed_at_any_point(kind: Kind, tmp_path: Path) -> None:
    if kind.database == "postgresql" and not postgresql_cluster.BINARIES:
        pytest.skip(postgresql_cluster.MISSING)
    if kind.transport == "postfix" and not postfix_server.IS_USABLE:
        pytest.skip(postfix_server.MISSING)
    kills = KILLS_WITH_POSTFIX if kind.transport == "postfix" else KILLS[kind.engine]
    with databases(kind.database, tmp_path) as make_database:
        tally = run_campaigns(kind, make_database, tmp_path, kills=kills)

    assert sum(tally.kills.values()) >= kills
    assert (tally.twice, tally.never, tally.unbalanced, tally.left) == (0, 0, 0, 0)
    assert tally.most_doubts_by_a_kill <= 1
    if kills > len(POINTS):  # as many kills as points are too few to hit nearly all of them
        assert len(tally.kills) >= len(POINTS) - 1
