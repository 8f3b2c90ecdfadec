"""What providers answered may quote an email address; after an erasure it may not.

Only such words are taken away. No state and no count changes, so this is not the ledger's business. A column
that holds a provider's words belongs into ``WORDS`` below, and nowhere else are such words kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Column, Connection, func, or_, select, update

from subscribers.model import (
    announcements,
    attempts,
    batches,
    deliveries,
    event_posts,
    events,
    provider_pauses,
)

# The providers' words that are not about one delivery alone.
WORDS = (
    attempts.c.detail,
    attempts.c.provider_id,  # with SMTP the server's whole answer
    provider_pauses.c.detail,
    announcements.c.pause_reason,
)
ERASED = "[erased]"


def forget(connection: Connection, *, person_ids: Sequence[int], addresses: Sequence[str]) -> None:
    """Take away the providers' words about these people; of signed events their digests stay as evidence."""
    theirs = (
        # Named, so that the primary key serves: there is no index by recipient.
        deliveries.c.announcement_id.in_(select(announcements.c.id)),
        deliveries.c.recipient_id.in_(person_ids),
    )
    alone = select(batches.c.id).where(
        batches.c.id.in_(select(deliveries.c.batch_id).where(*theirs)), batches.c.size == 1
    )
    connection.execute(update(attempts).where(attempts.c.batch_id.in_(alone)).values(detail=None))
    connection.execute(update(deliveries).where(*theirs).values(detail=None))
    spellings = sorted({form for address in addresses for form in _spellings(address)}, key=len, reverse=True)
    for column in WORDS:
        _redact(connection, column, spellings)
    posts = select(events.c.post_id).where(events.c.recipient_id.in_(person_ids))
    connection.execute(update(event_posts).where(event_posts.c.id.in_(posts)).values(body=None))


def _redact(connection: Connection, column: Column[str], spellings: Sequence[str]) -> None:
    """Replace an email address in each text of a column, however it is spelt."""
    [key] = column.table.primary_key.columns
    quotes = or_(*(func.lower(column).contains(spelling.lower(), autoescape=True) for spelling in spellings))
    pattern = re.compile("|".join(map(re.escape, spellings)), re.IGNORECASE)
    for row_key, words in connection.execute(select(key, column).where(quotes)).all():
        connection.execute(
            update(column.table).where(key == row_key).values({column.name: pattern.sub(ERASED, words)})
        )


def _spellings(address: str) -> set[str]:
    """How servers may quote it: the domain in ASCII or in letters, the @ as in VERP, a URL or HTML."""
    local_part, _, domain = address.rpartition("@")
    domains = {domain}
    with suppress(EmailNotValidError):  # then it has one spelling
        domains.add(validate_email(address, check_deliverability=False, test_environment=True).domain)
    return {f"{local_part}{at}{each}" for each in domains for at in ("@", "=", "%40", "+40", "&#64;", " at ")}
