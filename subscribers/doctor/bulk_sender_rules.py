"""The rules of Gmail, Yahoo and Microsoft for senders of 5,000 messages a day and more, as a checklist.

Sources, with the dates since which they hold:

- Gmail: https://support.google.com/a/answer/81126, since 1 February 2024; for private accounts
- Yahoo: https://senders.yahooinc.com/best-practices/, since February 2024
- Microsoft: https://sendersupport.olc.protection.outlook.com/pm/policies.aspx, since 5 May 2025; for
  Outlook.com, Hotmail and Live
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from subscribers.doctor.finding import Finding, ok, unchecked, warning

TOPIC = "bulk sender rules"
MOST_COMPLAINTS = 0.003  # of all messages: the limit of Gmail and Yahoo
ALL = "Gmail, Yahoo, Microsoft"


class Rule(StrEnum):
    """One rule, in words, and who has it."""

    SPF = f"SPF passes ({ALL})"
    DKIM = f"signed with DKIM ({ALL})"
    DMARC = f"a DMARC record, p=none or stronger ({ALL})"
    ALIGNMENT = f"the From domain is aligned ({ALL})"
    POINTER = "the sending IP address has a name that leads back to it (Gmail, Yahoo)"
    TLS = "sent to the receiver with TLS (Gmail)"
    REPLIES = "replies are received (Microsoft)"
    OWN_DOMAIN = "no From address at a mailbox provider (Gmail, Yahoo)"
    FORMAT = f"messages in the standard form, RFC 5322 ({ALL})"
    COMPLAINTS = "reported as spam: below 0.3 %, better below 0.1 % (Gmail, Yahoo)"
    UNSUBSCRIBE = "one-click unsubscription in marketing messages (Gmail, Yahoo)"


# How to find out what doctor cannot see.
BY_HAND = {
    Rule.SPF: "look for spf=pass in Authentication-Results of an email from policy-notify send-test",
    Rule.DKIM: "look for dkim=pass in Authentication-Results of an email from policy-notify send-test",
    Rule.DMARC: "try again once the name servers answer",
    Rule.ALIGNMENT: "look for dmarc=pass in Authentication-Results of an email from policy-notify send-test",
    Rule.POINTER: "look up the IP address that delivered an email from policy-notify send-test (Received)",
    Rule.TLS: "look for ESMTPS in the topmost Received of an email from policy-notify send-test",
    Rule.REPLIES: "reply to an email from policy-notify send-test",
    Rule.COMPLAINTS: "read Google Postmaster Tools and Yahoo Sender Hub after each announcement",
}
AS_ABOVE = "do as the finding above says"
REMEDIES = {
    Rule.OWN_DOMAIN: "send from a domain of your own; its provider lets nobody else sign for this one",
    Rule.COMPLAINTS: "before the next announcement, find out what was sent, and to whom",
}
MAILBOX_PROVIDERS = (
    "gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "aol.com", "outlook.com", "hotmail.com",
    "live.com", "msn.com", "icloud.com", "mail.ru", "yandex.ru", "gmx.de", "web.de",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """The result of a check about a rule. Without a fact a rule cannot be checked here."""

    rule: Rule
    is_met: bool
    seen: str


def facts_of_every_message(domain: str) -> Iterator[Fact]:
    """Yields the facts that the From domain and the program's own messages settle."""
    yield Fact(Rule.OWN_DOMAIN, domain not in MAILBOX_PROVIDERS, domain)
    yield Fact(Rule.FORMAT, is_met=True, seen="every message has one From, one Date and one Message-ID")
    yield Fact(Rule.UNSUBSCRIBE, is_met=True, seen="a notice of a changed policy is no marketing message")


def checklist(facts: Iterable[Fact]) -> Iterator[Finding]:
    """Yields a finding for each rule: met, not met, or not checkable here."""
    known: dict[Rule, list[Fact]] = {rule: [] for rule in Rule}
    for fact in facts:
        known[fact.rule].append(fact)
    for rule, about in known.items():
        failed = [fact for fact in about if not fact.is_met]
        if failed:
            yield warning(TOPIC, rule, f"not met: {failed[0].seen}", REMEDIES.get(rule, AS_ABOVE))
        elif about:
            yield ok(TOPIC, rule, f"met: {about[0].seen}")
        else:
            yield unchecked(TOPIC, rule, "not checkable here", BY_HAND[rule])
