"""Finds the cause of a refusal: a table of SMTP status codes, each row with its source.

A refusal of one recipient must not be mistaken for a fault of the sender, and a fault of the sender must not
cost a recipient their notification. So only codes about the recipient's address or mailbox count against the
recipient. Every code that is not in the table is ``UNCLEAR``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Stage = Literal["MAIL", "RCPT", "DATA"]  # the answered command; DATA includes the message


class Fault(StrEnum):
    """The cause of a refusal, as far as it decides what to do next."""

    ADDRESS = "address"  # no email will ever reach it
    RECIPIENT = "recipient"  # this message cannot be delivered there; another one may be
    FULL = "full"  # the mailbox is full for now
    CHARACTERS = "characters"  # the server cannot carry letters outside ASCII in an email address
    SENDER = "sender"  # we are refused, for any recipient
    BUSY = "busy"  # the server wants us to send less for now
    LATER = "later"  # this recipient is not possible now
    UNCLEAR = "unclear"  # the message, the sender or the recipient: one refusal does not show which


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The meaning of a refusal. ``reason`` has the code and its name, and quotes no email address."""

    fault: Fault
    reason: str


@dataclass(frozen=True, slots=True)
class _Row:
    fault: Fault
    name: str
    source: str


# By subject and detail of the enhanced status code. The class (4 or 5) is judged below.
# All codes: IANA, "SMTP Enhanced Status Codes" (RFC 5248).
CODES: Mapping[str, _Row] = {
    "1.1": _Row(Fault.ADDRESS, "unknown mailbox", "RFC 3463, 3.2"),
    "1.2": _Row(Fault.ADDRESS, "unknown domain", "RFC 3463, 3.2"),
    "1.3": _Row(Fault.ADDRESS, "malformed email address", "RFC 3463, 3.2"),
    "1.4": _Row(Fault.RECIPIENT, "ambiguous email address", "RFC 3463, 3.2"),
    "1.6": _Row(Fault.ADDRESS, "mailbox moved", "RFC 3463, 3.2"),
    "1.7": _Row(Fault.SENDER, "malformed sender address", "RFC 3463, 3.2"),
    "1.8": _Row(Fault.SENDER, "unknown sender domain", "RFC 3463, 3.2"),
    "1.10": _Row(Fault.ADDRESS, "domain takes no email", "RFC 7505, 4.2"),
    "2.0": _Row(Fault.RECIPIENT, "mailbox problem", "RFC 3463, 3.3"),
    "2.1": _Row(Fault.ADDRESS, "mailbox disabled", "RFC 3463, 3.3"),
    "2.2": _Row(Fault.FULL, "mailbox full", "RFC 3463, 3.3: the recipient can free space"),
    "2.3": _Row(Fault.RECIPIENT, "message too long for the mailbox", "RFC 3463, 3.3"),
    "2.4": _Row(Fault.RECIPIENT, "mailing list problem", "RFC 3463, 3.3"),
    "3.1": _Row(Fault.UNCLEAR, "mail system full", "RFC 3463, 3.4"),
    "3.2": _Row(Fault.UNCLEAR, "server takes no email", "RFC 3463, 3.4"),
    "3.4": _Row(Fault.UNCLEAR, "message too big", "RFC 3463, 3.4"),
    "3.5": _Row(Fault.UNCLEAR, "server misconfigured", "RFC 3463, 3.4"),
    # Exchange Online uses this for recipients that are not in its directory, and only in answer to RCPT.
    "4.1": _Row(
        Fault.ADDRESS,
        "recipient rejected",
        "Microsoft, Fix NDR error 550 5.4.1 (directory-based edge blocking)",
    ),
    "4.4": _Row(Fault.ADDRESS, "domain without a route", "RFC 3463, 3.5"),
    # X.4.5 means congestion. Google uses it for the sender's daily quota.
    "4.5": _Row(Fault.UNCLEAR, "sending quota", "Google Workspace, Gmail SMTP errors and codes"),
    "4.6": _Row(Fault.UNCLEAR, "routing loop", "RFC 3463, 3.5"),
    "6.7": _Row(Fault.CHARACTERS, "unsupported address", "RFC 6531, 3.7.4.2"),
    "7.1": _Row(Fault.UNCLEAR, "not authorized", "RFC 3463, 3.8"),
    "7.17": _Row(Fault.ADDRESS, "mailbox has another owner", "RFC 7293, 8.4"),
    "7.18": _Row(Fault.ADDRESS, "domain has another owner", "RFC 7293, 8.4"),
    "7.23": _Row(Fault.UNCLEAR, "SPF failed", "RFC 7372, 3.2"),
    "7.26": _Row(Fault.UNCLEAR, "sender not authenticated", "RFC 7372, 3.3; Gmail SMTP errors and codes"),
    "7.27": _Row(Fault.SENDER, "sender domain takes no email", "RFC 7505, 4.2"),
    "7.515": _Row(
        Fault.UNCLEAR, "sender not authenticated", "Microsoft, requirements for high-volume senders"
    ),
}

# The subjects, for details that are not in the table: RFC 3463, section 2.
SUBJECTS = {
    "0": "undefined",
    "1": "address",
    "2": "mailbox",
    "3": "mail system",
    "4": "network or routing",
    "5": "protocol",
    "6": "content",
    "7": "security or policy",
}

# Reply codes without an enhanced code, in answer to RCPT: RFC 5321.
AT_RCPT: Mapping[int, _Row] = {
    450: _Row(Fault.LATER, "mailbox unavailable for now", "RFC 5321, 4.2.3"),
    452: _Row(Fault.LATER, "no room for now", "RFC 5321, 4.2.3"),
    530: _Row(Fault.SENDER, "authentication required", "RFC 4954, 6"),
    550: _Row(Fault.ADDRESS, "unknown mailbox", 'RFC 5321, 3.3: "no such user"'),
    551: _Row(Fault.ADDRESS, "user not local", "RFC 5321, 3.4"),
    552: _Row(Fault.FULL, "mailbox full", "RFC 5321, 4.2.3: exceeded storage allocation"),
    553: _Row(Fault.ADDRESS, "mailbox name not allowed", "RFC 5321, 4.2.3"),
    556: _Row(Fault.ADDRESS, "domain takes no email", "RFC 7504, 4"),
}

# Temporary codes X.3 and X.7 are about the sender's rate or the server itself.
BUSY_SUBJECTS = ("3", "7")

# At the beginning of a line or, from qmail and similar servers, at the end: (#5.7.1).
_ENHANCED = re.compile(r"(?m)^[ \t]*([45]\.\d{1,3}\.\d{1,3})\b|\(#([45]\.\d{1,3}\.\d{1,3})\)")


def meaning(code: int, words: str, *, stage: Stage) -> Refusal:
    """The meaning of a 4yz or 5yz answer to ``stage``. ``words`` is the text after the code."""
    found = _ENHANCED.search(words)
    status = (found[1] or found[2]) if found else None
    if status is None:
        return _by_reply_code(code, stage)
    subject, _, detail = status[2:].partition(".")
    row = CODES.get(f"{subject}.{detail}")
    name = row.name if row else SUBJECTS.get(subject, "undefined")
    if code < 500:  # the reply code decides whether it is permanent: RFC 3463, section 2
        if subject in BUSY_SUBJECTS:
            return Refusal(fault=Fault.BUSY, reason=f"{status} {SUBJECTS[subject]}")
        return Refusal(fault=Fault.LATER, reason=f"{status} {name}")
    fault = row.fault if row else Fault.UNCLEAR
    if stage == "MAIL" and fault is not Fault.CHARACTERS:
        fault = Fault.SENDER
    elif status.endswith(".4.1") and stage != "RCPT":
        fault = Fault.UNCLEAR
    elif code == 530:
        fault = Fault.SENDER
    return Refusal(fault=fault, reason=f"{status} {name}")


def fault_of(status: str) -> Fault:
    """The cause of a bounce with an enhanced status code such as ``5.1.1``. Other codes are ``UNCLEAR``."""
    found = re.fullmatch(r"5\.(\d{1,3}\.\d{1,3})", status)
    row = CODES.get(found[1]) if found else None
    return row.fault if row else Fault.UNCLEAR


def _by_reply_code(code: int, stage: Stage) -> Refusal:
    row = AT_RCPT.get(code) if stage == "RCPT" else None
    if row is not None:
        return Refusal(fault=row.fault, reason=f"{code} {row.name}")
    if stage == "MAIL":
        fault = Fault.SENDER if code >= 500 else Fault.BUSY
    elif code < 500:
        # After DATA the recipient has been accepted: the delay is about the message or the sender.
        fault = Fault.BUSY if stage == "DATA" else Fault.LATER
    else:
        fault = Fault.UNCLEAR
    return Refusal(fault=fault, reason=f"{code} in answer to {stage}")
