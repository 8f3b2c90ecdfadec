"""Reports of mail servers are read in the standard formats and in those without a standard."""

from __future__ import annotations

import base64
import random
import time

import pytest
from support.reports import absence_note, feedback_report, status_report

from subscribers.bounces.reading import read_report
from subscribers.bounces.report import Kind, Report
from subscribers.transports.status_codes import Fault

TO = "bounces+2-1-abcdefghijklmnop@market.example"


def read(raw: bytes) -> Report:
    return read_report(raw)


@pytest.mark.parametrize(
    ("status", "words", "fault"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", Fault.ADDRESS),
        ("5.1.1 (bad mailbox)", "smtp; 550 no", Fault.ADDRESS),
        ("5.0.0", "smtp; 550 User unknown", Fault.ADDRESS),
        ("5.0.0", "smtp; 550-5.1.1 The account does not exist", Fault.ADDRESS),
        ("5.2.2", "smtp; 552 5.2.2 Mailbox full", Fault.FULL),
        ("5.7.1", "smtp; 550 5.7.1 We do not like you", Fault.UNCLEAR),
        ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied", Fault.ADDRESS),
        ("5.1.8", "smtp; 550 5.1.8 Sender rejected", Fault.SENDER),
        ("4.4.1", "X-Postfix; connect to mx.example.com: Connection timed out", Fault.LATER),
        ("", "smtp; 550 5.1.1 User unknown", Fault.ADDRESS),
        ("nonsense", "nonsense", Fault.UNCLEAR),
    ],
)
def test_the_cause_of_a_bounce_is_read_from_its_status_code(status: str, words: str, fault: Fault) -> None:
    report = read(status_report(TO, status=status, words=words))
    assert (report.kind, report.fault) == (Kind.BOUNCED, fault)
    assert report.addresses == {"anna@example.com"}


def test_a_refusal_of_the_message_says_nothing_of_the_address() -> None:
    raw = status_report(TO, status="5.0.0", words="smtp; 550 Spam")
    raw = raw.replace(b"in reply to RCPT TO command", b"in reply to end of DATA command")
    assert read(raw).fault is Fault.UNCLEAR


def test_a_bounce_keeps_the_words_of_the_server() -> None:
    assert read(status_report(TO)).words == "5.1.1 550 5.1.1 User unknown"


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("failed", Kind.BOUNCED),
        ("Failed (permanently)", Kind.BOUNCED),
        ("delayed", Kind.DELAYED),
        ("delivered", Kind.OTHER),
        ("relayed", Kind.OTHER),
        ("expanded", Kind.OTHER),
    ],
)
def test_the_action_decides_the_kind(action: str, kind: Kind) -> None:
    assert read(status_report(TO, action=action)).kind is kind


def test_a_status_report_in_any_encoding_is_read() -> None:
    raw = status_report(TO)
    begin = raw.index(b"Reporting-MTA")
    end = raw.index(b"\n--ABC\nContent-Type: text/rfc822-headers")
    for kind in (b"message/delivery-status", b"message/global-delivery-status"):
        encoded = raw[:begin] + base64.encodebytes(raw[begin:end]) + raw[end:]
        encoded = encoded.replace(
            b"message/delivery-status\n", kind + b"\nContent-Transfer-Encoding: base64\n"
        )
        assert read(encoded).fault is Fault.ADDRESS
        assert read(encoded).addresses == {"anna@example.com"}
        plain = raw.replace(b"message/delivery-status\n", kind + b"\n")
        assert read(plain).fault is Fault.ADDRESS


def test_the_original_recipient_counts_before_the_final_one() -> None:
    raw = status_report(TO, address="elsewhere@example.org")
    raw = raw.replace(b"Action:", b"Original-Recipient: rfc822;Anna@example.com\nAction:")
    assert read(raw).addresses == {"anna@example.com"}


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out", "Abuse"])
def test_a_feedback_report_is_a_complaint(kind: str) -> None:
    assert read(feedback_report(TO, return_path=TO, kind=kind)).kind is Kind.COMPLAINED


@pytest.mark.parametrize("kind", ["not-spam", "virus", "auth-failure", "other", ""])
def test_other_feedback_is_no_complaint(kind: str) -> None:
    assert read(feedback_report(TO, return_path=TO, kind=kind)).kind is Kind.OTHER


@pytest.mark.parametrize(
    "raw",
    [
        absence_note(TO),
        absence_note(TO, words="550 5.1.1 <anna@example.com>: User unknown"),
        absence_note(TO).replace(b"Auto-Submitted: auto-replied", b"X-Auto-Response-Suppress: All"),
        absence_note(TO).replace(b"Auto-Submitted: auto-replied", b"Precedence: auto_reply"),
        b"From: Anna <anna@example.com>\nSubject: Re: New policy\n\nThank you.\n",
        b"",
        b"\0\xff\n\n\n",
    ],
)
def test_an_automatic_reply_or_a_letter_is_no_report(raw: bytes) -> None:
    assert read(raw).kind is Kind.OTHER


def test_a_bounce_that_somebody_forwards_is_no_bounce() -> None:
    inner = status_report(TO)
    raw = b"From: a@b.example\nContent-Type: multipart/mixed; boundary=X\n\n"
    raw += b"--X\nContent-Type: text/plain\n\nSee.\n"
    raw += b"--X\nContent-Type: message/rfc822\n\n" + inner + b"\n--X--\n"
    assert read(raw).kind is Kind.OTHER


def test_a_format_without_a_standard_is_read() -> None:
    qmail = f"""\
From: MAILER-DAEMON@mx.example.com
To: {TO}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<anna@example.com>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.
"""
    report = read(qmail.encode())
    assert (report.kind, report.fault) == (Kind.BOUNCED, Fault.ADDRESS)
    assert report.addresses == {"anna@example.com"}


def test_no_malformed_message_stops_the_reader() -> None:
    """Each of these is cut, shuffled or damaged in a different way; the seed is fixed."""
    chance = random.Random(20260601)
    whole = [status_report(TO), feedback_report(TO, return_path=TO), absence_note(TO)]
    for _ in range(400):
        raw = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(1, 6)):
            begin, end = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
            match chance.randrange(3):
                case 0:
                    del raw[begin : min(end, begin + 80)]
                case 1:
                    raw[begin:begin] = chance.randbytes(chance.randrange(40))
                case _:
                    raw[begin:begin] = raw[begin : min(end, begin + 200)]
        report = read(bytes(raw))
        assert report.words is None or len(report.words) <= 500


@pytest.mark.parametrize("line", [b"\n", b"ab\n", b"<a@b.example>: \n"])
def test_a_message_that_is_made_to_take_long_does_not(line: bytes) -> None:
    """The library takes 39 seconds for a million empty lines."""
    began = time.process_time()
    read(b"From: MAILER-DAEMON@mx.example.com\n\n" + line * (2**20 // len(line)))
    assert time.process_time() - began < 20


@pytest.mark.parametrize("begin", [b"Content-Type: text/plain; ", b"a: b\rcontent-TYPE: text/plain;\r\n "])
@pytest.mark.parametrize("line", [b'a="' + b";" * 2**20, b'a="' + b";;;;;;;;\r\n\t" * 2**17])
def test_a_header_that_is_made_to_take_long_does_not(begin: bytes, line: bytes) -> None:
    """Python takes half an hour for a million semicolons in quotes."""
    began = time.process_time()
    assert read(b"From: MAILER-DAEMON@mx.example.com\n" + begin + line + b"\n\nx\n").kind is Kind.OTHER
    assert time.process_time() - began < 5


def test_a_message_that_the_library_cannot_read_prints_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    assert read(b"From: \nTo: a@example.com\n\n550 no\n").kind is Kind.OTHER
    assert caplog.records == []


def test_parts_within_parts_without_end_are_no_report() -> None:
    parts = (
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (number, number + 1)
        for number in range(3000)
    )
    assert read(b"Content-Type: multipart/mixed; boundary=b0\n\n" + b"".join(parts)).kind is Kind.OTHER
