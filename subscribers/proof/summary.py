"""Describes in lines for the terminal what a proof shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from subscribers.proof.bundle_format import Head
from subscribers.proof.verify_user_proof import VerifiedAccount, VerifiedUserProof

MEANINGS = {
    "processed": "the provider is sending it; no report of arrival",
    "delivered": "accepted by the recipient's server",
    "dropped": "dropped by the provider",
    "bounced": "refused by the recipient's server",
    "complained": "reported as unwanted by the recipient, so it had arrived",
}
FATES = {
    "rejected": "permanently refused by the provider",
    "unknown": "unknown whether it was sent",
    "waiting": "waiting to be sent",
}


def summary(head: Head) -> str:
    """The announcement and its totals, on one line."""
    totals = head.totals
    state = "complete" if head.complete else f"incomplete: {totals.waiting} waiting, {totals.unknown} unknown"
    before = f"follows {head.before.head_sha256[:16]}" if head.before else "is the first of its chain"
    outcomes = "".join(f", {number} {outcome}" for outcome, number in totals.outcomes.items())
    return (
        f"announcement {head.announcement} of {head.site_url}, {state}; audience {totals.audience} = "
        f"{totals.accepted} accepted + {sum(totals.excluded.values())} excluded + {totals.rejected} rejected "
        f"+ {totals.unknown} unknown + {totals.waiting} waiting (reported: {outcomes[2:] or 'nothing yet'}); "
        f"root {head.root}; {before}"
    )


def testimony(proven: VerifiedUserProof) -> Iterator[str]:
    """The messages that a user was sent, when, and with which outcome."""
    head = proven.head
    subjects = {message.number: message.subject for message in head.messages}
    for account in proven.accounts:
        delivery = account.delivery
        yield (
            f"verified: account {account.external_id}, {account.address or _unnamed(account)}: "
            f"announcement {head.announcement} of {head.site_url}, made {_time(head.made_at)}, "
            f"commit {head.commit}"
        )
        if delivery.message is not None:
            text, html = proven.messages[delivery.message].text, proven.messages[delivery.message].html
            yield (
                f"  message: {subjects[delivery.message]}"
                f" ({len(text.encode())} bytes of text, {len(html.encode())} of HTML, both in the proof)"
            )
        yield f"  {_fate(account)}"
        if delivery.outcome is not None and delivery.outcome_at is not None:
            yield f"  {MEANINGS[delivery.outcome]}, {_time(delivery.outcome_at)}"
        for report in delivery.reports:
            post = account.posts[report.post]
            yield (
                f"  reported by the provider: {report.kind}, {_time(report.at)}, event {report.id}, "
                f"in the signed post with SHA-256 {post.sha256}"
            )
    yield "  this does not claim that anybody read the message"


def _fate(account: VerifiedAccount) -> str:
    delivery, attempt = account.delivery, account.attempt
    if delivery.fate == "excluded":
        return f"not sent: {delivery.exclusion}"
    if delivery.fate != "accepted" or attempt is None:
        return FATES[delivery.fate]
    name = f" as {attempt.provider_id}" if attempt.provider_id else ""
    accepted_at = f", accepted {_time(attempt.ended_at)}" if attempt.ended_at else ""
    return f"handed to {attempt.transport} {_time(attempt.claimed_at)}{accepted_at}{name}"


def _unnamed(account: VerifiedAccount) -> str:
    if account.delivery.address is None:
        return "no email address used"
    return "an email address that is no longer the account's"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
