"""Carries out what users ask for: corrections, restrictions, objections and the user's part of an erasure.

Each request leaves a record that has only our own number of the account.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update

from subscribers.database import writing
from subscribers.errors import NotifyError
from subscribers.high_water_mark.journal import NEW_ADDRESS, REACHABLE, SET, WITHDRAWN, Kind, note
from subscribers.model import Unreachable, UserAction, corrections, user_records, users
from subscribers.users.accounts import (
    Account,
    accounts_of,
    accounts_where,
    checked_value,
    named_accounts,
    spread_requests,
)
from subscribers.users.email_addresses import read_address
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_values import read_language


class SeveralAccountsError(NotifyError):
    """A correction is for one account, but several accounts have the email address."""

    def __init__(self, external_ids: Sequence[str]) -> None:
        super().__init__(
            f"several accounts have this email address; name one of them: {', '.join(external_ids)}"
        )
        self.external_ids = external_ids


def correct(
    engine: Engine, who: str, *, email: str | None = None, language: str | None = None, at: datetime
) -> Account:
    """Correct one account's email address or language. Imports that repeat the old value do not undo it."""
    values = {}
    if email is not None:
        values["email"] = checked_value(read_address, email)
    if language is not None:
        values["language"] = checked_value(read_language, language)
    with writing(engine) as connection:
        accounts = named_accounts(connection, who)
        if len(accounts) > 1:
            raise SeveralAccountsError([account.external_id for account in accounts])
        (account,) = accounts
        key = connection.scalar(select(users.c.pseudonym_key).where(users.c.id == account.id))
        assert key is not None
        current = {"email": account.email, "language": account.language}
        changes = {field: value for field, value in values.items() if value != current[field]}
        for field in changes:
            _remember_superseded(connection, account.id, field, superseded_digest(key, current[field]))
        if changes:
            reachable = dict.fromkeys(("unreachable", "unreachable_at")) if "email" in changes else {}
            connection.execute(update(users).where(users.c.id == account.id).values(**changes, **reachable))
            _record(connection, [account], UserAction.CORRECTED, at)
            note(connection, [account.external_id], Kind.CORRECTION, SET, at=at)
            if "email" in changes:
                note(connection, [account.external_id], Kind.REACHABILITY, NEW_ADDRESS, at=at)
            spread_requests(connection, email=changes.get("email") or account.email)
        return accounts_where(connection, users.c.id == account.id)[0]


def restrict(engine: Engine, who: str, *, at: datetime) -> tuple[Account, ...]:
    """Keep the user's accounts, but do not use them until :func:`unrestrict`."""
    return _ask(engine, who, {"restricted_at": at}, UserAction.RESTRICTED, at)


def unrestrict(engine: Engine, who: str, *, at: datetime) -> tuple[Account, ...]:
    """End a restriction."""
    return _ask(engine, who, {"restricted_at": None}, UserAction.UNRESTRICTED, at)


def object_to_email(engine: Engine, who: str, *, at: datetime) -> tuple[Account, ...]:
    """Send the user no email until :func:`end_objection`. Imports still update the accounts."""
    return _ask(engine, who, {"objected_at": at}, UserAction.OBJECTED, at)


def end_objection(engine: Engine, who: str, *, at: datetime) -> tuple[Account, ...]:
    """End an objection to email."""
    return _ask(engine, who, {"objected_at": None}, UserAction.UNOBJECTED, at)


def mark_unreachable(engine: Engine, who: str, *, at: datetime) -> tuple[Account, ...]:
    """Mark the user as unreachable, because a bounce in the sender's mailbox says so."""
    return _set_reachability(engine, who, Unreachable.BOUNCED, at)


def mark_reachable(engine: Engine, who: str, *, at: datetime) -> tuple[Account, ...]:
    """Mark the user as reachable again, no matter why they were marked as unreachable."""
    return _set_reachability(engine, who, None, at)


def _set_reachability(
    engine: Engine, who: str, reason: Unreachable | None, at: datetime
) -> tuple[Account, ...]:
    with writing(engine) as connection:
        accounts = accounts_of(connection, who)
        due = [account for account in accounts if (account.unreachable is None) != (reason is None)]
        connection.execute(
            update(users)
            .where(users.c.id.in_([account.id for account in due]))
            .values(unreachable=reason, unreachable_at=at if reason else None)
        )
        action = UserAction.UNREACHABLE if reason else UserAction.REACHABLE
        _record(connection, due, action, at)
        names = [account.external_id for account in accounts]
        note(connection, names, Kind.REACHABILITY, reason or REACHABLE, at=at)
        return accounts_where(connection, users.c.id.in_([account.id for account in accounts]))


def erase_entries(
    connection: Connection, accounts: Sequence[Account], *, keys: ErasureKeys, at: datetime
) -> None:
    """Remove everything that names the user from the tables of users.

    Only :mod:`subscribers.ledger.erasure` calls this. It also removes what providers have said about the
    user.
    """
    ids = [account.id for account in accounts]
    connection.execute(delete(corrections).where(corrections.c.user_id.in_(ids)))
    for account in accounts:
        keys.remember(connection, account.external_id)
    gone = dict.fromkeys(
        (
            *("external_id", "email", "language", "registered_at", "left_at", "restricted_at"),
            *("objected_at", "unreachable", "unreachable_at", "pseudonym_key"),
        )
    )
    connection.execute(update(users).where(users.c.id.in_(ids)).values(erased_at=at, **gone))
    _record(connection, accounts, UserAction.ERASED, at)
    note(connection, [account.external_id for account in accounts], Kind.ERASURE, SET, at=at)


def superseded_digest(pseudonym_key: bytes, value: str | None) -> bytes:
    """A digest by which an import recognises the value that a correction has replaced."""
    return hmac.digest(pseudonym_key, (value or "").encode(), "sha256")


def _ask(
    engine: Engine, who: str, values: Mapping[str, datetime | None], action: UserAction, at: datetime
) -> tuple[Account, ...]:
    """Set or clear a column for every account of the user, and record it for those that changed."""
    (column,) = values
    with writing(engine) as connection:
        accounts = accounts_of(connection, who)
        due = [
            account for account in accounts if (getattr(account, column) is None) != (values[column] is None)
        ]
        ids = [account.id for account in due]
        connection.execute(update(users).where(users.c.id.in_(ids)).values(values))
        _record(connection, due, action, at)
        kind = Kind.RESTRICTION if column == "restricted_at" else Kind.OBJECTION
        names = [account.external_id for account in accounts]
        note(connection, names, kind, SET if values[column] else WITHDRAWN, at=at)
        return accounts_where(connection, users.c.id.in_([account.id for account in accounts]))


def _record(connection: Connection, accounts: Sequence[Account], action: UserAction, at: datetime) -> None:
    if accounts:
        connection.execute(
            insert(user_records),
            [{"user_id": account.id, "action": action, "at": at} for account in accounts],
        )


def _remember_superseded(connection: Connection, user_id: int, field: str, digest: bytes) -> None:
    """Remember the shop's value. A second correction keeps the digest from the first one."""
    known = select(corrections.c.user_id).where(
        corrections.c.user_id == user_id, corrections.c.field == field
    )
    if connection.scalar(known) is None:
        connection.execute(insert(corrections).values(user_id=user_id, field=field, superseded_digest=digest))
