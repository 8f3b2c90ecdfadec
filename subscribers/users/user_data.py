"""Everything that is stored about one user, in a form that programs can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, and_, insert, select

from subscribers.database import reading, writing
from subscribers.model import (
    UserAction,
    announcements,
    batches,
    contents,
    deliveries,
    events,
    user_records,
)
from subscribers.users.accounts import Account, accounts_of

FORMAT = 1

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def user_data(engine: Engine, who: str, *, now: datetime) -> dict[str, Json]:
    """Every account of the user with this external id or email address: entry, requests, and messages.

    The key of the user's pseudonyms is left out: it says nothing about them, and would make the pseudonyms
    useless.
    """
    with reading(engine) as connection:
        return _data(connection, accounts_of(connection, who), now)


def export_user_data(engine: Engine, who: str, *, now: datetime) -> dict[str, Json]:
    """The same data, with a record that the user was given it."""
    with writing(engine) as connection:
        accounts = accounts_of(connection, who)
        connection.execute(
            insert(user_records),
            [{"user_id": account.id, "action": UserAction.EXPORTED, "at": now} for account in accounts],
        )
        return _data(connection, accounts, now)


def _data(connection: Connection, accounts: Iterable[Account], now: datetime) -> dict[str, Json]:
    return {
        "format": FORMAT,
        "as_of": now.isoformat(),
        "accounts": [_account(connection, account) for account in accounts],
    }


def _account(connection: Connection, account: Account) -> dict[str, Json]:
    requests = (
        select(user_records.c.action, user_records.c.at)
        .where(user_records.c.user_id == account.id)
        .order_by(user_records.c.id)
    )
    mails = (
        select(
            deliveries.c.announcement_id.label("announcement"),
            announcements.c.site_url,
            announcements.c.fanned_out_at.label("decided_at"),
            contents.c.subject,
            deliveries.c.exclusion.label("not_sent_because"),
            batches.c.state,
            deliveries.c.outcome,
            deliveries.c.outcome_at,
            deliveries.c.detail,
        )
        .join(announcements, announcements.c.id == deliveries.c.announcement_id)
        .outerjoin(batches, batches.c.id == deliveries.c.batch_id)
        .outerjoin(
            contents,
            and_(
                contents.c.announcement_id == deliveries.c.announcement_id,
                contents.c.language == deliveries.c.language,
                contents.c.last_notified_id == deliveries.c.last_notified_id,
            ),
        )
        .where(
            # Named, so that the primary key serves: there is no index by recipient.
            deliveries.c.announcement_id.in_(select(announcements.c.id)),
            deliveries.c.recipient_id == account.id,
        )
        .order_by(deliveries.c.announcement_id)
    )
    reports = (
        select(events.c.kind, events.c.occurred_at)
        .where(events.c.recipient_id == account.id)
        .order_by(events.c.occurred_at)
    )
    return {
        **_plain(asdict(account)),
        "requests": [_plain(row) for row in connection.execute(requests).mappings()],
        "mails": [_plain(row) for row in connection.execute(mails).mappings()],
        "provider_reports": [_plain(row) for row in connection.execute(reports).mappings()],
    }


def _plain(values: Mapping[str, object] | RowMapping) -> dict[str, Json]:
    return {str(name): _plain_value(value) for name, value in values.items()}


def _plain_value(value: object) -> Json:
    if isinstance(value, datetime):
        return value.isoformat()
    assert value is None or isinstance(value, bool | int | str)
    return value
