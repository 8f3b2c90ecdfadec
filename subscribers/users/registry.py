"""The people who are told: each entry, and what a person may ask to be done with it.

A person is every account with their address: restriction, objection and erasure by one account hold for
all, since the address is where the mail arrives. What is done leaves a record that names nobody.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from subscribers.database import writing
from subscribers.errors import NotifyError
from subscribers.model import Unreachable, UserAction, corrections, user_records, users
from subscribers.users.email_addresses import read_address
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_values import read_external_id, read_language


class UnknownPersonError(NotifyError):
    """Nobody in the registry has this external id or address."""

    def __init__(self) -> None:
        super().__init__("nobody in the registry has this external id or address; check its spelling")


class SeveralAccountsError(NotifyError):
    """A correction is about one account, and the address belongs to several."""

    def __init__(self, external_ids: Sequence[str]) -> None:
        super().__init__(f"several accounts have this address; name one: {', '.join(external_ids)}")
        self.external_ids = external_ids


class KnownPersonError(NotifyError):
    """The external id is in the registry already."""

    def __init__(self, external_id: str) -> None:
        super().__init__(f"external id {external_id} is in the registry already; correct it instead")


class ErasedPersonError(NotifyError):
    """The external id was erased at the person's request and stays out."""

    def __init__(self, external_id: str) -> None:
        super().__init__(
            f"external id {external_id} was erased at the person's request; who registers anew gets a new id"
        )


class ValueRefusedError(NotifyError):
    """A value that the registry cannot hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One account as the registry holds it; ``id`` is ours and tells nobody anything."""

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
    """A key for one person's pseudonyms, 256 bits."""
    return secrets.token_bytes(32)


def accounts_of(connection: Connection, who: str) -> tuple[Person, ...]:
    """Every account of the person whose external id or address is ``who``, by our id."""
    addresses = [account.email for account in _named(connection, who)]
    return _accounts(connection, users.c.email.in_(addresses))


def add(
    engine: Engine,
    *,
    external_id: str,
    email: str,
    language: str | None,
    registered_at: datetime,
    keys: ErasureKeys,
) -> Person:
    """Register one person; an id that is known or was erased is refused."""
    key = _checked(read_external_id, external_id)
    address = _checked(read_address, email)
    tag = None if language is None else _checked(read_language, language)
    with writing(engine) as connection:
        if keys.check(connection) and keys.erased(connection, [key]):
            raise ErasedPersonError(key)
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
            raise KnownPersonError(key) from error
        spread_requests(connection, email=address)
        return _accounts(connection, users.c.external_id == key)[0]


def correct(
    engine: Engine, who: str, *, email: str | None = None, language: str | None = None, at: datetime
) -> Person:
    """Put one account's address or language right; an import that repeats the old value leaves it so."""
    values = {}
    if email is not None:
        values["email"] = _checked(read_address, email)
    if language is not None:
        values["language"] = _checked(read_language, language)
    with writing(engine) as connection:
        accounts = _named(connection, who)
        if len(accounts) > 1:
            raise SeveralAccountsError([account.external_id for account in accounts])
        (account,) = accounts
        key = connection.scalar(select(users.c.pseudonym_key).where(users.c.id == account.id))
        assert key is not None
        present = {"email": account.email, "language": account.language}
        changes = {field: value for field, value in values.items() if value != present[field]}
        for field in changes:
            _remember_superseded(connection, account.id, field, superseded_digest(key, present[field]))
        if changes:
            reachable = dict.fromkeys(("unreachable", "unreachable_at")) if "email" in changes else {}
            connection.execute(update(users).where(users.c.id == account.id).values(**changes, **reachable))
            _record(connection, [account], UserAction.CORRECTED, at)
            spread_requests(connection, email=changes.get("email") or account.email)
        return _accounts(connection, users.c.id == account.id)[0]


def restrict(engine: Engine, who: str, *, at: datetime) -> tuple[Person, ...]:
    """Keep the person's entry and use it for nothing until :func:`unrestrict`."""
    return _ask(engine, who, {"restricted_at": at}, UserAction.RESTRICTED, at)


def unrestrict(engine: Engine, who: str, *, at: datetime) -> tuple[Person, ...]:
    """End a restriction."""
    return _ask(engine, who, {"restricted_at": None}, UserAction.UNRESTRICTED, at)


def object_to_mail(engine: Engine, who: str, *, at: datetime) -> tuple[Person, ...]:
    """Send the person nothing more until :func:`end_objection`; imports keep the entry up to date."""
    return _ask(engine, who, {"objected_at": at}, UserAction.OBJECTED, at)


def end_objection(engine: Engine, who: str, *, at: datetime) -> tuple[Person, ...]:
    """Take an objection back."""
    return _ask(engine, who, {"objected_at": None}, UserAction.UNOBJECTED, at)


def mark_unreachable(engine: Engine, who: str, *, at: datetime) -> tuple[Person, ...]:
    """Note that no message reaches the person, as a bounce in the sender's mailbox says."""
    return _set_reachability(engine, who, Unreachable.BOUNCED, at)


def mark_reachable(engine: Engine, who: str, *, at: datetime) -> tuple[Person, ...]:
    """Take back that no message reaches the person, whatever it was that said so."""
    return _set_reachability(engine, who, None, at)


def _set_reachability(
    engine: Engine, who: str, reason: Unreachable | None, at: datetime
) -> tuple[Person, ...]:
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
        return _accounts(connection, users.c.id.in_([account.id for account in accounts]))


def erase_entries(connection: Connection, who: str, *, keys: ErasureKeys, at: datetime) -> tuple[Person, ...]:
    """Remove from the table of users all that names one of them; return their accounts as they were.

    Only :func:`subscribers.ledger.erasure.erase` calls this: it removes what providers have said of them too.
    """
    accounts = accounts_of(connection, who)
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
    return accounts


def superseded_digest(pseudonym_key: bytes, value: str | None) -> bytes:
    """By which an import knows the value again that a correction has replaced."""
    return hmac.digest(pseudonym_key, (value or "").encode(), "sha256")


def spread_requests(connection: Connection, *, email: str | None = None) -> None:
    """Let a restriction or objection hold for accounts that came to its address later: to any, or to one."""
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


def _checked(read: Callable[[str], str | None], text: str) -> str:
    try:
        value = read(text.strip())
    except ValueError as error:
        raise ValueRefusedError(f"{error}; nothing was changed") from error
    if value is None:
        raise ValueRefusedError("the value is empty; nothing was changed")
    return value


def _ask(
    engine: Engine, who: str, values: Mapping[str, datetime | None], action: UserAction, at: datetime
) -> tuple[Person, ...]:
    """Do what was asked for every account of the person where it is not done already."""
    (column,) = values
    with writing(engine) as connection:
        accounts = accounts_of(connection, who)
        due = [
            account for account in accounts if (getattr(account, column) is None) != (values[column] is None)
        ]
        ids = [account.id for account in due]
        connection.execute(update(users).where(users.c.id.in_(ids)).values(values))
        _record(connection, due, action, at)
        return _accounts(connection, users.c.id.in_([account.id for account in accounts]))


def _record(connection: Connection, accounts: Sequence[Person], action: UserAction, at: datetime) -> None:
    if accounts:
        connection.execute(
            insert(user_records),
            [{"user_id": account.id, "action": action, "at": at} for account in accounts],
        )


def _remember_superseded(connection: Connection, person: int, field: str, digest: bytes) -> None:
    """Keep what the shop still says; a second correction leaves the digest of the first."""
    known = select(corrections.c.user_id).where(corrections.c.user_id == person, corrections.c.field == field)
    if connection.scalar(known) is None:
        connection.execute(insert(corrections).values(user_id=person, field=field, superseded_digest=digest))


def _named(connection: Connection, who: str) -> tuple[Person, ...]:
    """The account with this external id; where there is none, the accounts with this address."""
    accounts = _accounts(connection, users.c.external_id == who.strip())
    if not accounts:
        try:
            accounts = _accounts(connection, users.c.email == read_address(who.strip()))
        except ValueError:
            raise UnknownPersonError from None
    if not accounts:
        raise UnknownPersonError
    return accounts


def _accounts(connection: Connection, condition: ColumnElement[bool]) -> tuple[Person, ...]:
    columns = [users.c[name] for name in Person.__dataclass_fields__]
    rows = connection.execute(select(*columns).where(condition).order_by(users.c.id))
    return tuple(Person(**row._mapping) for row in rows)
