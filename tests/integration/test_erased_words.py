"""After a user is erased, the provider's words about them are gone from every table."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update
from support.world import World

from subscribers.database import reading, writing
from subscribers.ledger import erasure
from subscribers.ledger.erasure import WORDS
from subscribers.model import (
    AnnouncementState,
    announcements,
    attempts,
    deliveries,
    metadata,
    provider_pauses,
    users,
)
from subscribers.users.erasures import ErasureKeys

KEYS = ErasureKeys(("0123456789abcdef0123456789abcdef",))


@pytest.fixture
def told(world: World) -> World:
    world.register("anna", email="anna@xn--80a1acny.xn--p1ai")
    world.register("boris")
    world.open_with_baseline()
    world.transport.batch_limit = 1
    world.announce()
    world.deliver()
    return world


@pytest.mark.parametrize(
    "spelling",
    [
        "anna@xn--80a1acny.xn--p1ai",
        "Anna@почта.рф",
        "anna=xn--80a1acny.xn--p1ai",
        "anna%40xn--80a1acny.xn--p1ai",
        "ANNA@XN--80A1ACNY.XN--P1AI",
    ],
)
def test_no_words_of_a_provider_keep_an_erased_address(told: World, spelling: str) -> None:
    words = f"550 5.7.1 <{spelling}>: refused, see https://provider.example/{spelling}; boris@example.com"
    with writing(told.engine) as connection:
        connection.execute(update(attempts).values(detail=words, provider_id=words))
        connection.execute(update(deliveries).values(detail=words))
        connection.execute(insert(provider_pauses).values(transport="smtp", detail=words))
        connection.execute(
            update(announcements)
            .where(announcements.c.id == 2)
            .values(state=AnnouncementState.PAUSED.value, pause_reason=words)
        )
    with reading(told.engine) as connection:
        anna = connection.scalars(select(users.c.id).where(users.c.external_id == "anna")).one()
    erasure.erase(told.engine, "anna", keys=KEYS, at=told.now)

    with reading(told.engine) as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).all():
                if table is deliveries and row.recipient_id != anna:
                    continue  # what was said of another person, once they are erased themselves
                assert spelling.lower() not in str(row).lower(), table.name
        # The rest of the words stays, for it says what is wrong.
        reason = connection.scalars(select(announcements.c.pause_reason).where(announcements.c.id == 2)).one()
    assert reason == (
        "550 5.7.1 <[erased]>: refused, see https://provider.example/[erased]; boris@example.com"
    )


def test_every_column_of_free_words_is_among_those_that_an_erasure_cleans() -> None:
    free = {
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name in {"detail", "pause_reason", "provider_id"}
    }
    assert free == {deliveries.c.detail} | {column for column, _ in WORDS}
