"""Two hundred senders killed, a quarter on each database and transport: nobody gets two mails, nobody none.

The long form is a command of its own: python tests/kill_campaign.py --kills 1000
"""

from __future__ import annotations

from pathlib import Path

import postgresql
import pytest
from kill_campaign import POINTS, databases, run_campaigns

KILLS = 50


@pytest.mark.parametrize("transport", ["sendgrid", "smtp"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whatever_is_killed_everybody_gets_one_mail(kind: str, transport: str, tmp_path: Path) -> None:
    if kind == "postgresql" and not postgresql.BINARIES:
        pytest.skip(postgresql.MISSING)
    with databases(kind, tmp_path) as make_database:
        tally = run_campaigns(make_database, tmp_path, transport=transport, kills=KILLS)

    assert sum(tally.kills.values()) >= KILLS
    assert (tally.twice, tally.never, tally.unbalanced) == (0, 0, 0)
    assert tally.most_doubts_by_a_kill <= 1
    assert len(tally.kills) >= len(POINTS) - 1
