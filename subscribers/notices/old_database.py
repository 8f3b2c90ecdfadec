"""Finds out from a published list of emails that the database is an older copy."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine, select

from subscribers import model
from subscribers.database import reading
from subscribers.errors import NotifyError
from subscribers.high_water_mark import installation
from subscribers.high_water_mark.chain import Position
from subscribers.model import announcements, proofs
from subscribers.site.notices_json import NOTICES, NoticedLedger, Notices, parse_notices
from subscribers.site.site_reader import PublishedSite


class OldDatabaseListedError(NotifyError):
    """A list that we have signed has something that this database does not know."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(
            f"{where}: lists {what}, which this database does not know. So the database is an older "
            "copy, and nothing was done. Restore the newest backup, or see policy-notify recover --help"
        )


def refuse_old_database(engine: Engine, notices: Notices, *, where: str) -> None:
    """Refuse a database that does not know everything in a list that it has written itself."""
    with reading(engine) as connection:
        refuse_unknown(connection, notices, where=where)


def refuse_older_than_site(engine: Engine, site: PublishedSite, *, key: Ed25519PublicKey) -> None:
    """The same for the list that a site has published, if ``key`` has signed it: anyone can write another."""
    if (notices := own_list_of(site, key=key)) is not None:
        refuse_old_database(engine, notices, where=site.source.where(NOTICES))


def own_list_of(site: PublishedSite, *, key: Ed25519PublicKey) -> Notices | None:
    """The list that the site has published; None without one, or if ``key`` has not signed it."""
    if not site.history.sent_emails:
        return None
    signed = parse_notices(site.source.read(NOTICES), where=site.source.where(NOTICES))
    return signed.notices if signed.is_signed_by(key) else None


def refuse_unknown(connection: Connection, notices: Notices, *, where: str) -> None:
    """The same for use inside a caller's transaction."""
    known = set(connection.scalars(select(announcements.c.versions_sha256)))
    for one in notices.announcements:
        if one.publication not in known:
            raise OldDatabaseListedError(where, f"announcement {one.announcement} of {one.made_at:%Y-%m-%d}")
    ledger = notices.ledger
    if ledger is not None and ledger.identity_sha256 == position_of_ledger(connection).identity_sha256:
        if ledger.number <= _recovered_up_to(connection):
            return  # what was lost is recovered, all but the proofs, which nothing brings back
        if not installation.knows(connection, Position(ledger.number, ledger.head)):
            raise OldDatabaseListedError(where, f"request {ledger.number:,}")
    if (proof := notices.newest_proof) is not None:
        head = select(proofs.c.id).where(proofs.c.head_sha256 == proof.head_sha256)
        if connection.scalars(head).one_or_none() is None:
            raise OldDatabaseListedError(where, f"a proof of announcement {proof.announcement}")


def _recovered_up_to(connection: Connection) -> int:
    """The number of the newest request that ``policy-notify recover`` has accounted for; -1 without any."""
    number = connection.scalars(select(model.installation.c.taken_over_number)).one()
    return -1 if number is None else number


def position_of_ledger(connection: Connection) -> NoticedLedger:
    """Which database this is, and how far its ledger has come."""
    own = installation.read_installation(connection)
    return NoticedLedger(
        identity_sha256=hashlib.sha256(own.identity.encode()).hexdigest(),
        number=own.position.number,
        head=own.position.head,
    )
