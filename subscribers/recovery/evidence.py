"""Evidence that messages were sent, as it is left outside the database. Reads files, writes nothing.

After a restore, recipients' numbers can be given to other users. So evidence names the email address
where it has one, and the matching trusts a number alone only for users whom the copy surely knew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from pathlib import Path

from subscribers.delivery_id import DeliveryId, parse_message_id
from subscribers.errors import NotifyError
from subscribers.ledger.event_meaning import Event
from subscribers.ledger.signed_events import SignedPost, UnsignedPostError, Verifier
from subscribers.smtp_logs.reading import outcomes, read_records

HEADER_BYTES = 64 * 1024  # far more than the headers of our messages have; the rest is not read


class UnreadableEvidenceError(NotifyError):
    """A file or folder of evidence cannot be read, or is not what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One message that was accepted. ``addresses`` are in small letters, and empty if none is known.

    ``publication`` is None if the evidence names only the announcement's number.
    """

    transport: str
    delivery: DeliveryId
    publication: str | None
    addresses: frozenset[str] = frozenset()
    token: str | None = None  # the request, as the provider knows it
    at: datetime | None = None


def of_folder(folder: Path, *, domain: str) -> Iterator[Evidence]:
    """The messages in a folder of ``.eml`` files that were sent from ``domain``."""
    try:
        files = sorted(folder.glob("*.eml")) if folder.is_dir() else None
    except OSError as error:
        raise UnreadableEvidenceError(f"{folder}: cannot be read ({error.strerror})") from error
    if files is None:
        raise UnreadableEvidenceError(f"{folder}: is not a folder; name the folder with the .eml files")
    for file in files:
        try:
            with file.open("rb") as stream:
                email = BytesHeaderParser(policy=policy.compat32).parsebytes(stream.read(HEADER_BYTES))
        except OSError as error:
            raise UnreadableEvidenceError(f"{file}: cannot be read ({error.strerror})") from error
        named = parse_message_id(str(email["Message-ID"] or "").strip())
        if named is None or named.domain != domain.lower():
            continue
        address = parseaddr(str(email["To"] or ""))[1].casefold()
        yield Evidence(
            transport="folder",
            delivery=named.delivery,
            publication=named.publication,
            addresses=frozenset({address} - {""}),
        )


def of_smtp_logs(logs: Sequence[Path], *, domain: str, senders: Callable[[str], bool]) -> Iterator[Evidence]:
    """The messages from ``domain`` that the mail server took over, by its logs.

    ``senders`` says whether an envelope sender is ours: anybody can use our Message-ID.
    """

    def wanted(message_id: str) -> bool:
        named = parse_message_id(message_id)
        return named is not None and named.domain == domain.lower()

    for message_id, found in outcomes(read_records(logs, wanted=wanted)).items():
        named = parse_message_id(message_id)
        for outcome in found:
            if named and outcome.fate.is_accepted and any(map(senders, outcome.senders)):
                yield Evidence(
                    transport="smtp",
                    delivery=named.delivery,
                    publication=named.publication,
                    addresses=outcome.recipients,
                    at=outcome.at,
                )


def of_event_file(file: Path, verifier: Verifier) -> Iterator[Evidence]:
    """The messages that signed events name. Each line of the file is a post as JSON.

    The keys are ``body``, ``signature`` and ``timestamp``, as they came from the provider.
    """
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    for event in _events(line, verifier, where=f"{file}:{number}"):
                        if event.delivery is not None:
                            yield of_event(event, event.delivery)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UnreadableEvidenceError(f"{file}: cannot be read ({reason})") from error


def of_event(event: Event, delivery: DeliveryId) -> Evidence:
    """The evidence in a signed event about a delivery."""
    return Evidence(
        transport="sendgrid",
        delivery=delivery,
        publication=event.publication,
        addresses=frozenset({event.address.casefold()} - {""}),
        token=event.token,
        at=event.occurred_at,
    )


def _events(line: str, verifier: Verifier, *, where: str) -> Sequence[Event]:
    try:
        post = json.loads(line)
        body, signature, timestamp = (post[key] for key in ("body", "signature", "timestamp"))
        if not all(isinstance(value, str) for value in (body, signature, timestamp)):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableEvidenceError(
            f"{where}: is not a post of events; each line is a JSON object with body, signature and timestamp"
        ) from error
    try:
        return verifier.events(SignedPost(body=body.encode(), signature=signature, timestamp=timestamp))
    except UnsignedPostError as error:
        raise UnreadableEvidenceError(
            f"{where}: is not signed with POLICY_NOTIFY_SENDGRID_EVENT_PUBLIC_KEY, so it proves nothing; "
            "leave this line out"
        ) from error
