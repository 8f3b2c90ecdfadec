"""A disk that is full in the middle of a run: one clear line, nobody notified twice, nobody lost."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import event
from support.published_site import PublishedSiteMaker
from support.world import World

from subscribers.database import UnreadableDatabaseError, open_database, reading
from subscribers.delivery import recording
from subscribers.delivery.recording import UnrecordedAnswerError

PEOPLE = 200


@pytest.mark.parametrize("pages_left", [1, 3, 6, 12])
def test_a_full_disk_in_the_middle_loses_nothing(
    sqlite_url: str, tmp_path: Path, pages_left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A known answer is repeated for ten minutes; here a minute passes with each look at the clock.
    minutes = count()
    monkeypatch.setattr(recording, "seconds_since_boot", lambda: 60.0 * next(minutes))
    monkeypatch.setattr(recording, "BETWEEN_TRIES_SECONDS", 0.0)
    world = World(open_database(sqlite_url), PublishedSiteMaker(tmp_path / "site"))
    world.transport.batch_limit = 1
    world.register(*(f"person{number}" for number in range(PEOPLE)))
    world.open_with_baseline()
    world.announce()
    world.ledger.fan_out(batch_limit=1)
    with reading(world.engine) as connection:
        pages: int = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    limits = [pages + pages_left]

    @event.listens_for(world.engine, "begin")
    def limit(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limits[-1]}")  # type: ignore[attr-defined]

    with pytest.raises((UnreadableDatabaseError, UnrecordedAnswerError), match="database or disk is full"):
        world.deliver()
    assert len(world.transport.taken) < PEOPLE
    world.check()

    limits.append(pages * 10)
    world.wait(minutes=1)
    world.deliver()
    assert set(world.transport.received.values()) == {1}
    totals = world.totals(2)
    assert totals.waiting == 0
    assert totals.unknown <= 1
    assert len(world.transport.received) + totals.unknown >= PEOPLE
