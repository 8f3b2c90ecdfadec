"""A disk that is full in the middle of a run: one clear line, nobody told twice, nobody lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from published_site import PublishedSiteMaker
from sqlalchemy import event
from told_world import ToldWorld

from subscribers.database import UnreadableDatabaseError, open_database, reading

PEOPLE = 200


@pytest.mark.parametrize("pages_left", [1, 3, 6, 12])
def test_a_full_disk_in_the_middle_loses_nothing(sqlite_url: str, tmp_path: Path, pages_left: int) -> None:
    world = ToldWorld(open_database(sqlite_url), PublishedSiteMaker(tmp_path / "site"))
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

    with pytest.raises(UnreadableDatabaseError, match="database or disk is full"):
        world.deliver()
    assert len(world.transport.taken) < PEOPLE
    world.check()

    limits.append(pages * 10)
    world.wait(minutes=1)
    world.deliver()
    assert set(world.transport.mails.values()) == {1}
    books = world.books(2)
    assert books.waiting == 0
    assert books.unknown <= 1
    assert len(world.transport.mails) + books.unknown >= PEOPLE
