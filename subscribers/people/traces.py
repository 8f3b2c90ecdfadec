"""What providers answered may quote an address; after an erasure it may not.

Only such words are taken away. No state and no count changes, so this is not the ledger's business.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, or_, select, update

from subscribers.model import announcements, attempts, channels, deliveries, event_posts, events


def forget(connection: Connection, *, person_ids: Sequence[int], addresses: Sequence[str]) -> None:
    """Take away the providers' words about these people; of signed events their digests stay as evidence."""
    connection.execute(
        update(deliveries)
        .where(
            # Named, so that the primary key serves: there is no index by recipient.
            deliveries.c.announcement_id.in_(select(announcements.c.id)),
            deliveries.c.recipient_id.in_(person_ids),
        )
        .values(detail=None)
    )
    for table in (attempts, channels):
        quotes = or_(
            *(func.lower(table.c.detail).contains(address, autoescape=True) for address in addresses)
        )
        connection.execute(update(table).where(quotes).values(detail=None))
    theirs = select(events.c.post_id).where(events.c.recipient_id.in_(person_ids))
    connection.execute(update(event_posts).where(event_posts.c.id.in_(theirs)).values(body=None))
