"""Reads the records of an announcement from the ledger, from one state of the database."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Integer, Row, Select, Subquery, and_, case, cast, func, select

from subscribers.model import (
    BatchState,
    announcements,
    attempts,
    batches,
    contents,
    deliveries,
    event_posts,
    events,
    users,
)
from subscribers.proof.bundle_format import Attempt, Delivery, Fate, Post, Report
from subscribers.users.pseudonyms import account_pseudonym, committed_addresses, proof_key

ROWS_AT_ONCE = 5_000
FATES: Mapping[str | None, Fate] = {
    None: "excluded",
    BatchState.ACCEPTED: "accepted",
    BatchState.REJECTED: "rejected",
    BatchState.UNKNOWN: "unknown",
    BatchState.PLANNED: "waiting",
    BatchState.CLAIMED: "waiting",
}


class Records:
    """The records of one announcement. ``connection`` must see the same state throughout."""

    def __init__(self, connection: Connection, announcement_id: int) -> None:
        self._connection = connection
        self._announcement_id = announcement_id
        self._publication: str = connection.scalars(
            select(announcements.c.versions_sha256).where(announcements.c.id == announcement_id)
        ).one()
        self._attempts = self._numbered_attempts().subquery("numbered_attempts")
        self._first_post = self._count(self._attempts)
        # Eight bytes for each post: neither database plans a join with numbered posts well.
        self._post_ids = array("q", (row.id for row in self._stream(self._ids_of_posts())))
        self.messages: Mapping[tuple[str, int], int] = {
            (row.language, row.last_notified_id): number
            for number, row in enumerate(
                connection.execute(
                    select(contents.c.language, contents.c.last_notified_id)
                    .where(contents.c.announcement_id == announcement_id, contents.c.sha256.is_not(None))
                    .order_by(contents.c.language, contents.c.last_notified_id)
                ),
                1,
            )
        }

    def attempts(self) -> Iterator[Attempt]:
        """Every attempt at a batch of the announcement, in the order of their claims."""
        kept = [attempts.c[name] for name in Attempt.__dataclass_fields__]
        rows = self._stream(
            select(*kept)
            .join(self._attempts, self._attempts.c.token == attempts.c.token)
            .order_by(self._attempts.c.place)
        )
        for row in rows:
            yield Attempt(
                token=row.token,
                transport=row.transport,
                state=row.state,
                claimed_at=row.claimed_at,
                ended_at=row.ended_at,
                request_sha256=row.request_sha256,
                # A mail server's answer may quote an email address, which must not be in a proof.
                provider_id=None if "@" in (row.provider_id or "") else row.provider_id,
            )

    def posts(self) -> Iterator[Post]:
        """Every signed post with reports about these attempts, in the order of arrival."""
        rows = self._stream(
            select(
                event_posts.c.sha256,
                event_posts.c.signature,
                event_posts.c.signed_timestamp,
                event_posts.c.received_at,
            )
            .where(event_posts.c.id.in_(self._ids_of_posts().order_by(None)))
            .order_by(event_posts.c.id)
        )
        for row in rows:
            yield Post(**row._mapping, verified=True)

    def deliveries(self) -> Iterator[Delivery]:
        """One delivery for each account of the audience, in no particular order."""
        reported = groupby(self._stream(self._reports()), key=lambda row: row.recipient_id)
        person, reports = next(reported, (None, iter(())))
        for rows in self._parts(self._fates()):
            committed = self._committed({row.token for row in rows if row.token is not None})
            for row in rows:
                while person is not None and person < row.recipient_id:
                    person, reports = next(reported, (None, iter(())))
                theirs = [self._report(each) for each in reports] if person == row.recipient_id else []
                yield self._delivery(row, committed.get(row.token, {}), theirs)

    def _delivery(self, row: Row[Any], committed: Mapping[int, bytes], reports: Sequence[Report]) -> Delivery:
        key = row.pseudonym_key
        address = committed.get(row.recipient_id)
        return Delivery(
            person=(
                account_pseudonym(proof_key(key, self._publication), row.external_id).hex() if key else None
            ),
            # Nobody can open it any more, but it would show which record of an older bundle was erased.
            address=address.hex() if key and address else None,
            message=None if row.exclusion else self.messages[row.language, row.last_notified_id],
            fate=FATES[row.state],
            exclusion=row.exclusion,
            attempt=row.attempt,
            outcome=row.outcome,
            outcome_at=row.outcome_at,
            reports=reports,
        )

    def _report(self, row: Row[Any]) -> Report:
        return Report(
            id=row.event_id,
            kind=row.kind,
            at=row.occurred_at,
            attempt=row.attempt,
            post=self._first_post + bisect_left(self._post_ids, row.post_id),
        )

    def _numbered_attempts(self) -> Select[Any]:
        place = func.row_number().over(order_by=(attempts.c.claimed_at, attempts.c.token)) - 1
        return (
            select(attempts.c.token, cast(place, Integer).label("place"))
            .join(batches, batches.c.id == attempts.c.batch_id)
            .where(batches.c.announcement_id == self._announcement_id)
        )

    def _ids_of_posts(self) -> Select[Any]:
        of_it = (
            select(events.c.post_id)
            .join(self._attempts, self._attempts.c.token == events.c.token)
            .where(events.c.recipient_id.is_not(None))
        )
        return select(event_posts.c.id).where(event_posts.c.id.in_(of_it)).order_by(event_posts.c.id)

    def _reports(self) -> Select[Any]:
        return (
            select(
                events.c.recipient_id,
                events.c.event_id,
                events.c.kind,
                events.c.occurred_at,
                self._attempts.c.place.label("attempt"),
                events.c.post_id,
            )
            .join(self._attempts, self._attempts.c.token == events.c.token)
            .where(events.c.recipient_id.is_not(None))
            .order_by(events.c.recipient_id, events.c.occurred_at, events.c.event_id)
        )

    def _fates(self) -> Select[Any]:
        """Each delivery with the attempt that decided it: the batch's, or the last one before a rejection."""
        last = (
            select(attempts.c.token)
            .where(attempts.c.batch_id == batches.c.id)
            .order_by(attempts.c.claimed_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        token = case((batches.c.state == BatchState.REJECTED.value, last), else_=batches.c.token)
        decided = (
            select(
                deliveries.c.recipient_id,
                deliveries.c.language,
                deliveries.c.last_notified_id,
                deliveries.c.exclusion,
                deliveries.c.outcome,
                deliveries.c.outcome_at,
                batches.c.state,
                token.label("token"),
                users.c.external_id,
                users.c.pseudonym_key,
            )
            .join(users, users.c.id == deliveries.c.recipient_id)
            .outerjoin(batches, batches.c.id == deliveries.c.batch_id)
            .where(deliveries.c.announcement_id == self._announcement_id)
            .subquery("decided")
        )
        return (
            select(decided, self._attempts.c.place.label("attempt"))
            .outerjoin(self._attempts, self._attempts.c.token == decided.c.token)
            .order_by(decided.c.recipient_id)
        )

    def _committed(self, tokens: set[str]) -> dict[str, dict[int, bytes]]:
        rows = self._connection.execute(
            select(attempts.c.token, attempts.c.commitments).where(
                and_(attempts.c.token.in_(tokens), attempts.c.commitments.is_not(None))
            )
        )
        return {row.token: committed_addresses(row.commitments) for row in rows}

    def _stream(self, rows: Select[Any]) -> Iterator[Row[Any]]:
        for part in self._parts(rows):
            yield from part

    def _parts(self, rows: Select[Any]) -> Iterator[Sequence[Row[Any]]]:
        return self._connection.execute(rows, execution_options={"yield_per": ROWS_AT_ONCE}).partitions()

    def _count(self, rows: Subquery) -> int:
        return self._connection.scalars(select(func.count()).select_from(rows)).one()
