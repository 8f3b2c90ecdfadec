"""Lists all emails that were sent, for the site to publish. The list has no personal data.

It never loses what an earlier list said was sent by us: a message that was genuine stays genuine, even if the
announcement was recovered since, at a later time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, func, select

from subscribers.database import reading
from subscribers.errors import NotifyError
from subscribers.ledger.attached_files import attached_to
from subscribers.ledger.totals import AnnouncementStatus, statuses
from subscribers.messages.message import reply_address
from subscribers.model import (
    AnnouncementState,
    AttemptState,
    announced_versions,
    announcements,
    attempts,
    batches,
    contents,
    histories,
    proofs,
)
from subscribers.notices.canonical_form import digest
from subscribers.notices.old_database import position_of_ledger, refuse_unknown
from subscribers.settings import Sender
from subscribers.site.history_json import PublishedHistory, parse_history
from subscribers.site.notices_json import (
    FORMAT,
    NoticedAnnouncement,
    NoticedAttachment,
    NoticedDkimKey,
    NoticedDocument,
    NoticedMessage,
    NoticedProof,
    NoticedSender,
    NoticedTotals,
    Notices,
    State,
)

SENT = (AttemptState.INTENDED.value, AttemptState.UNKNOWN.value, AttemptState.ACCEPTED.value)


class NothingPublishedError(NotifyError):
    """The database knows of no site yet."""

    def __init__(self) -> None:
        super().__init__("no site was published yet, so there is no list; run policy-notify publish first")


def list_emails(
    engine: Engine,
    *,
    sender: Sender,
    earlier: Notices | None,
    where: str,
    dkim_keys: Sequence[NoticedDkimKey],
    with_held: bool,
    now: datetime,
) -> Notices:
    """The list as of ``now``; the earlier list itself if nothing has changed since.

    ``earlier`` is the list that was written before, from ``where``. Held announcements are listed if they
    were before, or if ``with_held``.
    """
    listed = {one.publication: one for one in earlier.announcements} if earlier else {}
    found = {status.announcement_id: status for status in statuses(engine)}
    with reading(engine) as connection:
        rows = connection.execute(select(announcements).order_by(announcements.c.id)).all()
        if earlier:
            refuse_unknown(connection, earlier, where=where)
        if not rows:
            raise NothingPublishedError
        noticed = [
            _announcement(
                connection,
                row,
                before,
                status=found[row.id],
                earlier=listed.get(row.versions_sha256),
                sender=sender,
            )
            for before, row in zip((None, *rows[:-1]), rows, strict=True)
            if _is_listed(row, known=row.versions_sha256 in listed, with_held=with_held)
        ]
        proof, ledger = _newest_proof(connection), position_of_ledger(connection)
    made = Notices(
        format=FORMAT,
        site_url=rows[-1].site_url,
        sequence=max(int(now.timestamp()), earlier.sequence + 1 if earlier else 1),
        written_at=now.replace(microsecond=0),
        announcements=tuple(reversed(noticed)),
        dkim_keys=tuple(dkim_keys),
        newest_proof=proof,
        ledger=ledger,
    )
    if earlier and replace(made, sequence=earlier.sequence, written_at=earlier.written_at) == earlier:
        return earlier
    return made


def _is_listed(row: Row[Any], *, known: bool, with_held: bool) -> bool:
    if row.state == AnnouncementState.BASELINE:
        return False
    if known or row.fanned_out_at is not None:
        return True
    return with_held and row.state != AnnouncementState.CANCELLED


def _announcement(
    connection: Connection,
    row: Row[Any],
    before: Row[Any] | None,
    *,
    status: AnnouncementStatus,
    earlier: NoticedAnnouncement | None,
    sender: Sender,
) -> NoticedAnnouncement:
    own = NoticedSender(
        name=sender.address.display_name, address=sender.address.addr_spec, reply_to=reply_address(sender)
    )
    totals = status.totals
    may_have_been_sent = case((attempts.c.state.in_(SENT), attempts.c.claimed_at))
    first, last, ended_at = connection.execute(
        select(func.min(may_have_been_sent), func.max(may_have_been_sent), func.max(attempts.c.ended_at))
        .join(batches, batches.c.id == attempts.c.batch_id)
        .where(batches.c.announcement_id == row.id)
    ).one()
    messages = dict.fromkeys([*(earlier.messages if earlier else ()), *_messages(connection, row)])
    return NoticedAnnouncement(
        announcement=row.id,
        publication=row.versions_sha256,
        made_at=min([row.made_at, *([earlier.made_at] if earlier else ())]),
        state=_state(status),
        sent_from_at=min(filter(None, [first, earlier and earlier.sent_from_at]), default=None),
        sent_until_at=max(filter(None, [last, earlier and earlier.sent_until_at]), default=None),
        complete_at=max(filter(None, [row.fanned_out_at, ended_at])) if status.is_complete else None,
        sender=earlier.sender if earlier and earlier.sent_from_at else own,
        documents=_documents(connection, row, before),
        messages=tuple(sorted(messages, key=lambda one: (one.language, one.subject, one.text_sha256))),
        totals=NoticedTotals(
            audience=totals.audience,
            accepted=totals.accepted,
            excluded=sum(totals.excluded.values()),
            rejected=totals.rejected,
            unknown=totals.unknown,
            waiting=totals.waiting,
        ),
    )


def _state(status: AnnouncementStatus) -> State:
    if status.state == AnnouncementState.CANCELLED:
        return "cancelled"
    if status.is_complete:
        return "complete"
    match status.state:
        case AnnouncementState.HELD:
            return "held"
        case AnnouncementState.PAUSED:
            return "paused"
        case _:
            return "sending"


def _messages(connection: Connection, row: Row[Any]) -> list[NoticedMessage]:
    """The messages that are sent; before the fan-out, all that may be."""
    chosen = select(contents).where(contents.c.announcement_id == row.id, contents.c.sha256.is_not(None))
    if row.fanned_out_at is not None:
        chosen = chosen.where(
            select(batches.c.id)
            .where(
                batches.c.announcement_id == contents.c.announcement_id,
                batches.c.language == contents.c.language,
                batches.c.last_notified_id == contents.c.last_notified_id,
            )
            .exists()
        )
    return [
        NoticedMessage(
            language=row.message_language,
            subject=row.subject,
            text_sha256=digest(row.text),
            html_sha256=digest(row.html),
            attachments=_attachments(connection, row),
        )
        for row in connection.execute(chosen)
    ]


def _attachments(connection: Connection, content: Row[Any]) -> tuple[NoticedAttachment, ...]:
    rows = connection.execute(attached_to(content))
    return tuple(
        NoticedAttachment(name=row.name, media_type=row.media_type, sha256=row.sha256) for row in rows
    )


def _documents(connection: Connection, row: Row[Any], before: Row[Any] | None) -> tuple[NoticedDocument, ...]:
    """The versions that are new since the announcement before, as the site had published them."""
    body = connection.scalars(
        select(histories.c.body).where(histories.c.sha256 == row.history_sha256)
    ).one_or_none()
    if body is None:  # made by a version of policysite that kept no history.json
        return ()
    history = parse_history(body, where="history.json")
    known = set(_labels(connection, before.id, history).items()) if before else set()
    labels = _labels(connection, row.id, history)
    return tuple(
        NoticedDocument(
            id=document.id,
            label=version.label,
            source_blob=version.source_blob,
            title=version.title,
            language=document.language,
            path=version.path,
        )
        for document in history.documents
        for version in document.versions
        if labels.get(document.id) == version.label and (document.id, version.label) not in known
    )


def _labels(connection: Connection, announcement_id: int, history: PublishedHistory) -> Mapping[str, str]:
    """The announced label of each document, under its present id."""
    rows = connection.execute(
        select(announced_versions).where(announced_versions.c.announcement_id == announcement_id)
    )
    return {history.current_ids.get(row.document, row.document): row.label for row in rows}


def _newest_proof(connection: Connection) -> NoticedProof | None:
    row = connection.execute(select(proofs).order_by(proofs.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    return NoticedProof(announcement=row.announcement_id, head_sha256=row.head_sha256)
