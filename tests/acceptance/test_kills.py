"""Senders killed, some on each engine, database and transport: nobody gets two mails, nobody none.

The long form is a command of its own: python tests/kill_campaign.py --kills 1000
"""

from __future__ import annotations

from pathlib import Path

import postgresql
import pytest
from kill_campaign import KINDS, Kind, databases, run_campaigns
from kill_crew import POINTS

KILLS = {"embedded": 50, "workers": 30}


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_whatever_is_killed_everybody_gets_one_mail(kind: Kind, tmp_path: Path) -> None:
    if kind.database == "postgresql" and not postgresql.BINARIES:
        pytest.skip(postgresql.MISSING)
    with databases(kind.database, tmp_path) as make_database:
        tally = run_campaigns(kind, make_database, tmp_path, kills=KILLS[kind.engine])

    assert sum(tally.kills.values()) >= KILLS[kind.engine]
    assert (tally.twice, tally.never, tally.unbalanced) == (0, 0, 0)
    assert tally.most_doubts_by_a_kill <= 1
    assert len(tally.kills) >= len(POINTS) - 1
