"""A signed list of emails about a built site, for tests of its page."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from subscribers.site.notices_json import (
    NoticedAnnouncement,
    NoticedDocument,
    NoticedMessage,
    NoticedSender,
    NoticedTotals,
    Notices,
    State,
    sign_notices,
)

SENT = datetime(2026, 5, 20, 9, tzinfo=UTC)
STATES: tuple[State, ...] = ("held", "sending", "complete", "complete", "cancelled")


def listed_emails(history_json: Path, key: Ed25519PrivateKey) -> bytes:
    """A list with an announcement in each state, about the newest versions of all documents."""
    history = json.loads(history_json.read_bytes())
    documents = tuple(
        NoticedDocument(
            id=document["id"],
            label=document["versions"][-1]["label"],
            source_blob=document["versions"][-1]["source_blob"],
            title=document["title"],
            language=document["language"],
            path=document["versions"][-1]["path"],
        )
        for document in history["documents"]
    )
    announcements = tuple(_announcement(number, state, documents) for number, state in enumerate(STATES, 2))
    notices = Notices(
        format=1,
        site_url=history["site_url"],
        sequence=int(SENT.timestamp()),
        written_at=SENT + timedelta(days=2),
        announcements=announcements,
        dkim_keys=(),
        newest_proof=None,
        ledger=None,
    )
    return sign_notices(notices, key)


def _announcement(number: int, state: State, documents: tuple[NoticedDocument, ...]) -> NoticedAnnouncement:
    sent = None if state == "held" else SENT
    done = SENT + timedelta(days=number % 2) if state == "complete" else None
    return NoticedAnnouncement(
        announcement=number,
        publication=f"{number:064x}",
        made_at=SENT,
        state=state,
        sent_from_at=sent,
        sent_until_at=sent,
        complete_at=done,
        sender=NoticedSender(
            name="Example Market with a long name", address="policies@market.example", reply_to="x@y.example"
        ),
        documents=documents,
        messages=tuple(
            NoticedMessage(language=language, subject=subject, text_sha256="0" * 64, html_sha256="0" * 64)
            for language, subject in (
                ("ar", "Example Market: سياسة الخصوصية"),
                ("en", "Example Market: changes in 3 documents"),
                ("ru", "Example Market: изменения в 3 документах"),
            )
        ),
        totals=NoticedTotals(audience=1234, accepted=1234, excluded=0, rejected=0, unknown=0, waiting=0),
    )
