"""Applies to users what the journal says that they asked for: in a restored copy, or to users new to it.

For use inside a caller's transaction. Applying the same again changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from subscribers.high_water_mark.journal import (
    LEFT,
    NEW_ADDRESS,
    REACHABLE,
    SET,
    Entry,
    JournalReader,
    Kind,
    journal_of,
)
from subscribers.model import Unreachable, UserAction, user_records, users
from subscribers.users.accounts import Account, accounts_where, spread_requests
from subscribers.users.erasures import ErasureKeys

USERS_AT_A_TIME = 1000
Values = Mapping[str, datetime | str | None]


@dataclass(slots=True)
class Applied:
    """How many users were changed, by kind; those still to be erased; those whose correction is lost."""

    changed: Counter[Kind] = field(default_factory=Counter)
    to_erase: list[tuple[Account, datetime]] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)


def apply_journal(
    connection: Connection,
    journal: JournalReader,
    *,
    newer_than: int | None = None,
    made_at: datetime | None = None,
) -> Applied:
    """Apply the journal to all users, or to those added with an id above ``newer_than``; erase nobody yet.

    Corrections made after ``made_at`` are only listed: the journal holds no email address.
    """
    applied = Applied()
    if journal.is_empty():
        return applied
    for accounts in _in_chunks(connection, newer_than or 0):
        entries = journal.entries([account.external_id for account in accounts])
        for account in accounts:
            _apply(
                connection,
                account,
                entries.get(account.external_id, ()),
                applied,
                made_at=made_at,
                is_new=newer_than is not None,
            )
    if applied.changed:
        spread_requests(connection)
    return applied


def apply_to_new_users(connection: Connection, keys: ErasureKeys, *, newer_than: int) -> int:
    """Apply the journal to users who were just added: a restored copy may never have known them.

    Those who were erased are taken out again; returns how many.
    """
    kept = journal_of(connection.engine)
    if kept is None:
        return 0
    applied = apply_journal(connection, kept.reader(), newer_than=newer_than)
    for account, _ in applied.to_erase:
        keys.remember(connection, account.external_id)
        connection.execute(delete(user_records).where(user_records.c.user_id == account.id))
        connection.execute(delete(users).where(users.c.id == account.id))
    return len(applied.to_erase)


def _in_chunks(connection: Connection, newer_than: int) -> Iterator[Sequence[Account]]:
    while accounts := _chunk(connection, users.c.id > newer_than):
        yield accounts
        newer_than = accounts[-1].id


def _chunk(connection: Connection, condition: ColumnElement[bool]) -> Sequence[Account]:
    ids = select(users.c.id).where(condition, users.c.erased_at.is_(None)).order_by(users.c.id)
    return accounts_where(connection, users.c.id.in_(ids.limit(USERS_AT_A_TIME).scalar_subquery()))


def _apply(
    connection: Connection,
    account: Account,
    entries: Iterable[Entry],
    applied: Applied,
    *,
    made_at: datetime | None,
    is_new: bool,
) -> None:
    by_kind = {entry.kind: entry for entry in entries}
    if erasure := by_kind.get(Kind.ERASURE):
        applied.to_erase.append((account, erasure.at))
        return
    for kind, entry in by_kind.items():
        if is_new and (kind is Kind.REGISTRATION or entry.value == Unreachable.BOUNCED):
            continue  # the shop has just said that they are registered, and perhaps a new email address
        if kind is Kind.CORRECTION:
            if made_at is not None and entry.at > made_at:
                applied.corrected.append(account.external_id)
        elif change := _change(account, entry):
            action, values = change
            connection.execute(update(users).where(users.c.id == account.id).values(**values))
            connection.execute(
                insert(user_records).values(user_id=account.id, action=action.value, at=entry.at)
            )
            applied.changed[kind] += 1


def _change(account: Account, entry: Entry) -> tuple[UserAction, Values] | None:
    """The change that an entry makes to an account; None if the account is so already."""
    is_set = entry.value in {SET, LEFT}
    match entry.kind:
        case Kind.OBJECTION:
            now, column = account.objected_at, "objected_at"
            action = UserAction.OBJECTED if is_set else UserAction.UNOBJECTED
        case Kind.RESTRICTION:
            now, column = account.restricted_at, "restricted_at"
            action = UserAction.RESTRICTED if is_set else UserAction.UNRESTRICTED
        case Kind.REGISTRATION:
            now, column = account.left_at, "left_at"
            action = UserAction.LEFT if is_set else UserAction.RETURNED
        case Kind.REACHABILITY:
            return _reachability(account, entry)
        case _:
            return None
    if is_set == (now is not None):
        return None
    return action, {column: entry.at if is_set else None}


def _reachability(account: Account, entry: Entry) -> tuple[UserAction, Values] | None:
    if entry.value == NEW_ADDRESS:
        return None  # what this copy says of its own email address is all that is known
    if entry.value == REACHABLE:
        if account.unreachable is None:
            return None
        return UserAction.REACHABLE, {"unreachable": None, "unreachable_at": None}
    if account.unreachable == entry.value:
        return None
    return UserAction.UNREACHABLE, {"unreachable": entry.value, "unreachable_at": entry.at}
