"""Messages that mail servers send back, for tests: bounces, delays, complaints and absence notes."""

from __future__ import annotations

from email.message import EmailMessage

DATE = "Mon, 01 Jun 2026 13:00:00 +0000"


def status_report(
    to: str,
    *,
    address: str = "anna@example.com",
    action: str = "failed",
    status: str = "5.1.1",
    words: str = "smtp; 550 5.1.1 User unknown",
    message_id: str = "<2-1.0123456789abcdef@market.example>",
    date: str = DATE,
) -> bytes:
    """A delivery status notification (RFC 3464), as Postfix writes it."""
    return f"""\
Return-Path: <>
Delivered-To: {to}
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Date: {date}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="ABC"

--ABC
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<{address}>: host mx.example.com[192.0.2.1] said:
    {words.partition(";")[2].strip()} (in reply to RCPT TO command)

--ABC
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: {words}

--ABC
Content-Type: text/rfc822-headers

Return-Path: <{to}>
From: Example Market <policy@market.example>
Message-ID: {message_id}

--ABC--
""".encode()


def feedback_report(
    to: str, *, return_path: str, kind: str = "abuse", extra: str = "", date: str = DATE
) -> bytes:
    """A feedback report (RFC 5965) that arrives at ``to``, about a message with this envelope sender."""
    return f"""\
From: <abuse@mailbox.example>
To: {to}
Subject: FW: New privacy policy
Date: {date}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="ABC"

--ABC
Content-Type: text/plain

This is an email abuse report.

--ABC
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{return_path}>
{extra}
--ABC
Content-Type: message/rfc822

From: Example Market <policy@market.example>
Subject: New privacy policy

We keep less.

--ABC--
""".encode()


def absence_note(to: str, *, words: str = "I am away until Monday.") -> bytes:
    """An automatic reply (RFC 3834)."""
    note = EmailMessage()
    note["From"], note["To"], note["Subject"] = "Anna <anna@example.com>", to, "Out of office"
    note["Auto-Submitted"] = "auto-replied"
    note.set_content(words)
    return note.as_bytes()
