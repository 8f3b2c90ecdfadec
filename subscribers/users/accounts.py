"""The accounts of users: finding them, and adding one.

A user is a person, with every account that has their email address: a restriction, objection or erasure that
is asked for one account applies to all of them, since the messages arrive at that address.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from subscribers.database import writing
from subscribers.errors import NotifyError
from subscribers.model import users
from subscribers.users.email_addresses import read_address
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_values import read_external_id, read_language


class UnknownUserError(NotifyError):
    """No account has this external id or email address."""

    def __init__(self) -> None:
        super().__init__("no user has this external id or email address; check the spelling")


class KnownUserError(NotifyError):
    """An account with this external id exists already."""

    def __init__(self, external_id: str) -> None:
        super().__init__(f"external id {external_id} exists already; correct that account instead")


class ErasedUserError(NotifyError):
    """The external id was erased at the user's request and must not come back."""

    def __init__(self, external_id: str) -> None:
        super().__init__(
            f"external id {external_id} was erased at the user's request; register the user under a new one"
        )


class ValueRefusedError(NotifyError):
    """A value that cannot be stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account as it is stored. ``id`` is our own number and has no meaning outside."""

    id: int
    external_id: str
    email: str
    language: str | None
    registered_at: datetime
    left_at: datetime | None
    restricted_at: datetime | None
    objected_at: datetime | None
    unreachable: str | None
    unreachable_at: datetime | None


def new_pseudonym_key() -> bytes:
    """A new random key of 256 bits for one user's pseudonyms."""
    return secrets.token_bytes(32)


def accounts_of(connection: Connection, who: str) -> tuple[Account, ...]:
    """Every account of the user with the external id or email address ``who``, in the order of our ids."""
    addresses = [account.email for account in named_accounts(connection, who)]
    return accounts_where(connection, users.c.email.in_(addresses))


def add(
    engine: Engine,
    *,
    external_id: str,
    email: str,
    language: str | None,
    registered_at: datetime,
    keys: ErasureKeys,
) -> Account:
    """Register one user. Refuses an external id that exists already or was erased."""
    key = checked_value(read_external_id, external_id)
    address = checked_value(read_address, email)
    tag = None if language is None else checked_value(read_language, language)
    with writing(engine) as connection:
        if keys.check(connection) and keys.erased(connection, [key]):
            raise ErasedUserError(key)
        entry = insert(users).values(
            external_id=key,
            email=address,
            language=tag,
            registered_at=registered_at,
            pseudonym_key=new_pseudonym_key(),
        )
        try:
            connection.execute(entry)
        except IntegrityError as error:
            raise KnownUserError(key) from error
        spread_requests(connection, email=address)
        return accounts_where(connection, users.c.external_id == key)[0]


def spread_requests(connection: Connection, *, email: str | None = None) -> None:
    """Extend restrictions and objections to accounts that have the same email address, or only ``email``."""
    at_address = [users.c.email == email] if email is not None else []
    for column in (users.c.restricted_at, users.c.objected_at):
        asked = (
            select(users.c.email, func.min(column).label("at"))
            .where(column.is_not(None), *at_address)
            .group_by(users.c.email)
            .subquery()
        )
        connection.execute(
            update(users)
            .where(users.c.email == asked.c.email, column.is_(None))
            .values({column.name: asked.c.at})
        )


def checked_value(read: Callable[[str], str | None], text: str) -> str:
    """The value that ``read`` finds in ``text``. Raises :class:`ValueRefusedError` if there is none."""
    try:
        value = read(text.strip())
    except ValueError as error:
        raise ValueRefusedError(f"{error}; nothing was changed") from error
    if value is None:
        raise ValueRefusedError("the value is empty; nothing was changed")
    return value


def named_accounts(connection: Connection, who: str) -> tuple[Account, ...]:
    """The account with this external id or, if there is none, the accounts with this email address."""
    accounts = accounts_where(connection, users.c.external_id == who.strip())
    if not accounts:
        try:
            accounts = accounts_where(connection, users.c.email == read_address(who.strip()))
        except ValueError:
            raise UnknownUserError from None
    if not accounts:
        raise UnknownUserError
    return accounts


def accounts_where(connection: Connection, condition: ColumnElement[bool]) -> tuple[Account, ...]:
    """The accounts that fulfil ``condition``, in the order of our ids."""
    columns = [users.c[name] for name in Account.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(condition).order_by(users.c.id))
    return tuple(Account(**row._mapping) for row in rows)
