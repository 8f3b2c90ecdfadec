"""The cause of a refusal follows from its code and from the command that it answers."""

from __future__ import annotations

import pytest

from subscribers.transports.status_codes import CODES, Fault, Stage, fault_of, meaning


@pytest.mark.parametrize(
    ("code", "words", "stage", "fault"),
    [
        (550, "5.1.1 <a@b.example>: User unknown", "RCPT", Fault.ADDRESS),
        (550, "5.1.10 null MX", "RCPT", Fault.ADDRESS),
        (550, "5.1.1 after the data", "DATA", Fault.ADDRESS),
        (554, "5.4.4 <a@b.example>: Host or domain name not found", "RCPT", Fault.ADDRESS),
        (550, "sorry, no mailbox here by that name. (#5.1.1)", "RCPT", Fault.ADDRESS),
        (550, "no such user", "RCPT", Fault.ADDRESS),
        (553, "mailbox name not allowed", "RCPT", Fault.ADDRESS),
        (550, "5.2.1 disabled", "RCPT", Fault.ADDRESS),
        (552, "5.2.2 mailbox full", "RCPT", Fault.FULL),
        (552, "5.2.2 mailbox full", "DATA", Fault.FULL),
        (552, "over quota", "RCPT", Fault.FULL),
        (552, "5.3.4 message too big", "DATA", Fault.UNCLEAR),
        (552, "message too big", "DATA", Fault.UNCLEAR),
        (550, "5.4.5 Daily user sending quota exceeded", "DATA", Fault.UNCLEAR),
        (550, "5.4.5 Daily user sending quota exceeded", "RCPT", Fault.UNCLEAR),
        (554, "5.7.1 <a@b.example>: Relay access denied", "RCPT", Fault.UNCLEAR),
        (553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", "RCPT", Fault.UNCLEAR),
        (554, "Relay access denied", "RCPT", Fault.UNCLEAR),
        (550, "looks like spam", "DATA", Fault.UNCLEAR),
        (554, "looks like spam", "DATA", Fault.UNCLEAR),
        (550, "5.7.26 unauthenticated", "DATA", Fault.UNCLEAR),
        (550, "5.7.515 Access denied", "DATA", Fault.UNCLEAR),
        (550, "5.9.9 nobody knows this one", "RCPT", Fault.UNCLEAR),
        (550, "5.0.0 refused", "RCPT", Fault.UNCLEAR),
        (553, "5.1.8 sender domain", "RCPT", Fault.SENDER),
        (530, "5.7.0 Authentication required", "RCPT", Fault.SENDER),
        (550, "5.1.1 even so", "MAIL", Fault.SENDER),
        (553, "not your address", "MAIL", Fault.SENDER),
        (451, "4.7.1 slow down", "DATA", Fault.BUSY),
        (450, "4.7.0 slow down", "RCPT", Fault.BUSY),
        (452, "4.3.1 disk full", "DATA", Fault.BUSY),
        (451, "try later", "DATA", Fault.BUSY),
        (450, "4.2.0 Greylisted", "RCPT", Fault.LATER),
        (451, "greylisted", "RCPT", Fault.LATER),
        (452, "4.2.2 over quota", "RCPT", Fault.LATER),
        # The reply code decides whether it is for good: RFC 3463, section 2.
        (450, "5.1.1 said with the wrong class", "RCPT", Fault.LATER),
        (550, "5.6.7 SMTPUTF8 is required", "RCPT", Fault.CHARACTERS),
    ],
)
def test_each_code_has_its_meaning(code: int, words: str, stage: Stage, fault: Fault) -> None:
    assert meaning(code, words, stage=stage).fault is fault


def test_a_code_of_microsofts_directory_counts_against_the_address_only_in_answer_to_rcpt() -> None:
    words = "5.4.1 Recipient address rejected: Access denied"
    assert meaning(550, words, stage="RCPT").fault is Fault.ADDRESS
    assert meaning(550, words, stage="DATA").fault is Fault.UNCLEAR


def test_each_line_of_an_answer_may_have_the_code() -> None:
    assert meaning(550, "5.7.26 first line\n5.7.26 second", stage="DATA").reason.startswith("5.7.26 ")


def test_a_number_in_the_words_is_no_code() -> None:
    assert meaning(554, "see policy 5.1.1 of our site", stage="DATA").fault is Fault.UNCLEAR


def test_a_reason_quotes_nobody_and_fits_its_column() -> None:
    for stage in ("MAIL", "RCPT", "DATA"):
        for words in ("5.1.1 <anna@example.com> unknown", "anna@example.com unknown"):
            assert "anna" not in meaning(550, words, stage=stage).reason
    assert all(len(f"5.{code} {row.name}") <= 80 and row.source for code, row in CODES.items())


def test_a_full_mailbox_and_a_failed_authentication_say_nothing_about_the_address() -> None:
    assert fault_of("5.1.1") is Fault.ADDRESS
    assert fault_of("5.2.2") is Fault.FULL
    assert fault_of("5.7.26") is Fault.UNCLEAR
    assert fault_of("4.1.1") is fault_of("nonsense") is Fault.UNCLEAR
