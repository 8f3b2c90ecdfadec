"""Erases a user: what names them in the table of users, and what providers have said of them in the ledger.

A provider's answer may quote an email address; after an erasure it may not. Only such words are taken away:
no state and no count changes. A column that holds a provider's words belongs in ``WORDS`` below, and such
words are kept nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Column, Connection, Engine, func, or_, select

from subscribers.database import forget_deleted, writing
from subscribers.ledger import announcement_rows, attempt_rows, delivery_rows, provider_pause, signed_events
from subscribers.model import announcements, attempts, batches, deliveries, provider_pauses
from subscribers.users import requests
from subscribers.users.accounts import Account, accounts_of
from subscribers.users.erasures import ErasureKeys

# The providers' words that are not about a single delivery, and what replaces them in a row.
WORDS: tuple[tuple[Column[str], Callable[..., None]], ...] = (
    (attempts.c.detail, attempt_rows.replace_words),
    (attempts.c.provider_id, attempt_rows.replace_words),  # with SMTP, the server's whole answer
    (provider_pauses.c.detail, provider_pause.replace_words),
    (announcements.c.pause_reason, announcement_rows.replace_words),
)
ERASED = "[erased]"


def erase(engine: Engine, who: str, *, keys: ErasureKeys, at: datetime) -> int:
    """Remove all that names the user, for good; return the number of accounts that were theirs.

    A row with our own number stays, so that the totals of past announcements add up, and a keyed digest of
    each external id, so that the next import does not bring the user back. Signed events keep their
    digests as evidence.
    """
    with writing(engine) as connection:
        accounts = accounts_of(connection, who)
        erase_accounts(connection, accounts, keys=keys, at=at)
    forget_deleted(engine)
    return len(accounts)


def erase_accounts(
    connection: Connection, accounts: Sequence[Account], *, keys: ErasureKeys, at: datetime
) -> None:
    """The same for these accounts alone, inside a caller's transaction."""
    requests.erase_entries(connection, accounts, keys=keys, at=at)
    ids = [account.id for account in accounts]
    _forget_words(connection, ids, sorted({account.email for account in accounts}))
    signed_events.forget_bodies_about(connection, ids)


def _forget_words(connection: Connection, user_ids: Sequence[int], addresses: Sequence[str]) -> None:
    theirs = (
        # The announcements are named so that the primary key is used: there is no index by recipient.
        deliveries.c.announcement_id.in_(select(announcements.c.id)),
        deliveries.c.recipient_id.in_(user_ids),
    )
    alone = select(batches.c.id).where(
        batches.c.id.in_(select(deliveries.c.batch_id).where(*theirs)), batches.c.size == 1
    )
    attempt_rows.forget_details(connection, alone)
    delivery_rows.forget_details(connection, theirs)
    spellings = sorted({form for address in addresses for form in _spellings(address)}, key=len, reverse=True)
    for column, replace in WORDS:
        _redact(connection, column, replace, spellings)


def _redact(
    connection: Connection, column: Column[str], replace: Callable[..., None], spellings: Sequence[str]
) -> None:
    """Replace an email address in each text of a column, however it is spelt."""
    [key] = column.table.primary_key.columns
    quotes = or_(*(func.lower(column).contains(spelling.lower(), autoescape=True) for spelling in spellings))
    pattern = re.compile("|".join(map(re.escape, spellings)), re.IGNORECASE)
    for row_key, words in connection.execute(select(key, column).where(quotes)).all():
        replace(connection, row_key, column=column.name, words=pattern.sub(ERASED, words))


def _spellings(address: str) -> set[str]:
    """How servers may quote it: the domain in ASCII or in letters, the @ as in VERP, a URL or HTML."""
    local_part, _, domain = address.rpartition("@")
    domains = {domain}
    with suppress(EmailNotValidError):  # then it has one spelling
        domains.add(validate_email(address, check_deliverability=False, test_environment=True).domain)
    return {f"{local_part}{at}{each}" for each in domains for at in ("@", "=", "%40", "+40", "&#64;", " at ")}
