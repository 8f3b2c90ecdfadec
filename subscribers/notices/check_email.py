"""Compares a received email with the list of emails that were sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from subscribers.delivery_id import parse_message_id, publication_of
from subscribers.notices.canonical_form import canonical
from subscribers.notices.dkim_signature import Signature, check_signature
from subscribers.notices.received_email import ReceivedEmail
from subscribers.site.notices_json import NoticedAnnouncement, NoticedMessage, Notices

CLOCKS = timedelta(days=1)  # the clocks of a sender, a provider and a time zone may differ by less
QUEUE = timedelta(days=5)  # a provider may queue a message for so long before it dates it


class Verdict(Enum):
    """The answer to the question whether we sent an email."""

    GENUINE = "genuine"
    NOT_GENUINE = "not genuine"
    NOT_LISTED_YET = "not listed yet"  # it is newer than the list


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The verdict. ``faults`` say why an email is not genuine; ``announcement`` is the one it belongs to."""

    verdict: Verdict
    faults: tuple[str, ...]
    announcement: NoticedAnnouncement | None
    signature: Signature


def check_email(email: ReceivedEmail, notices: Notices) -> Checked:
    """Whether the email is one of those in the list, unchanged."""
    signature = check_signature(email.raw, email.sender_address, notices.dkim_keys)
    found = _same_message(email, notices)
    if found is None:
        closest = _closest(email, notices)
        if closest is None and _is_newer(email, notices):
            return Checked(
                verdict=Verdict.NOT_LISTED_YET, faults=email.faults, announcement=None, signature=signature
            )
        faults = _differences(email, closest) if closest else ["no email with this subject was sent"]
        return Checked(
            verdict=Verdict.NOT_GENUINE,
            faults=tuple(dict.fromkeys([*faults, *email.faults])),
            announcement=closest,
            signature=signature,
        )
    announcement, message = found
    faults = [*_sender_faults(email, announcement), *_date_faults(email, announcement), *email.faults]
    faults += _attachment_faults(email, message)
    return Checked(
        verdict=Verdict.NOT_GENUINE if faults else Verdict.GENUINE,
        faults=tuple(dict.fromkeys(faults)),
        announcement=announcement,
        signature=signature,
    )


def _same_message(
    email: ReceivedEmail, notices: Notices
) -> tuple[NoticedAnnouncement, NoticedMessage] | None:
    """The message that says the same; of several announcements with the same words the one of its day."""
    same = [
        (announcement, message)
        for announcement in notices.announcements
        for message in announcement.messages
        if (email.text_sha256, email.html_sha256) == (message.text_sha256, message.html_sha256)
        and email.subject == canonical(message.subject)
    ]
    fitting = [one for one in same if not [*_date_faults(email, one[0]), *_sender_faults(email, one[0])]]
    return next(iter([*fitting, *same]), None)


def _closest(email: ReceivedEmail, notices: Notices) -> NoticedAnnouncement | None:
    """The announcement that the email seems to be about."""

    def shared(one: NoticedAnnouncement) -> int:
        return max(
            (
                (email.subject == canonical(message.subject))
                + (email.text_sha256 == message.text_sha256)
                + (email.html_sha256 == message.html_sha256)
                for message in one.messages
            ),
            default=0,
        )

    best = max(notices.announcements, key=shared, default=None)
    return best if best is not None and shared(best) else None


def _differences(email: ReceivedEmail, announcement: NoticedAnnouncement) -> list[str]:
    """How the email differs from the message of the announcement that is closest to it."""

    def between(message: NoticedMessage) -> list[str]:
        differences = []
        if email.subject != canonical(message.subject):
            differences.append("its subject is not the one that was sent")
        for name, own, sent in (
            ("text", email.text_sha256, message.text_sha256),
            ("HTML", email.html_sha256, message.html_sha256),
        ):
            if own is None:
                differences.append(f"its {name} is missing")
            elif own != sent:
                differences.append(f"its {name} is not the one that was sent")
        return differences

    return min((between(message) for message in announcement.messages), key=len)


def _sender_faults(email: ReceivedEmail, announcement: NoticedAnnouncement) -> Iterable[str]:
    sender = announcement.sender
    if email.sender_address.casefold() != sender.address.casefold():
        yield f"it was not sent from {sender.address}"
    elif email.sender_name != canonical(sender.name):
        yield f"its sender does not have the name {sender.name}"
    if email.reply_to.casefold() != sender.reply_to.casefold():
        yield f"an answer to it would not go to {sender.reply_to}"
    message_id = parse_message_id(email.message_id)
    if message_id is not None and message_id.publication != publication_of(announcement.publication):
        yield "its Message-ID belongs to another announcement"


def _date_faults(email: ReceivedEmail, announcement: NoticedAnnouncement) -> Iterable[str]:
    if email.date is None:
        yield "it has no valid date"
    elif email.date < announcement.made_at - CLOCKS:
        yield f"its date is before {announcement.made_at:%Y-%m-%d}, when the announcement was made"
    elif (end := _last_date(announcement)) is not None and email.date > end:
        yield f"its date is after {end - QUEUE:%Y-%m-%d}, when the last email of the announcement was sent"


def _last_date(announcement: NoticedAnnouncement) -> datetime | None:
    """The latest date that an email may have; None while emails are still being sent."""
    if announcement.complete_at is None or announcement.sent_until_at is None:
        return None
    return announcement.sent_until_at + QUEUE


def _attachment_faults(email: ReceivedEmail, message: NoticedMessage) -> Iterable[str]:
    sent = {(one.media_type, one.sha256) for one in message.attachments}  # servers write names differently
    for one in email.attachments:
        if (one.media_type, one.sha256) not in sent:
            yield f"it has an attachment that was not sent with it: {one.name or one.media_type}"


def _is_newer(email: ReceivedEmail, notices: Notices) -> bool:
    return email.date is not None and email.date > notices.written_at - CLOCKS
