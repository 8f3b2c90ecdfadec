"""The meaning of an event for an email address: it does not exist, or its owner wants no messages."""

from __future__ import annotations

from typing import Any

import pytest

from subscribers.ledger.event_meaning import read_event


def unreachable(kind: str, **values: Any) -> str | None:
    event = read_event(
        {
            "event": kind,
            "notify_attempt": "ab" * 16,
            "delivery": "2-7",
            "email": "anna@example.com",
            "timestamp": 1_780_000_000,
            "sg_event_id": "e1",
        }
        | values
    )
    assert event is not None
    return event.unreachable


@pytest.mark.parametrize(
    "values",
    [
        {"status": "5.1.1", "reason": "550 5.1.1 no such user", "bounce_classification": "Invalid Addresses"},
        {"status": "5.1.1", "reason": "550 5.1.1 no such user", "bounce_classification": "Invalid Address"},
        {"status": "5.1.1", "reason": "550 5.1.1 no such user"},
        {"status": "5.1.2", "reason": "550 5.1.2 bad destination system"},
        {"status": "5.1.10", "reason": "556 5.1.10 null MX"},
        {"status": "5.2.1", "reason": "550 5.2.1 disabled", "bounce_classification": "Mailbox Unavailable"},
        {"status": "5.0.0", "reason": "550 5.1.1 no such user"},
        {"status": "5.0.0", "reason": "550 no such user", "bounce_classification": "Unclassified"},
        {"reason": "550 no such user"},
        {"reason": "unable to get mx info", "bounce_classification": "Invalid Address"},
    ],
)
def test_an_address_that_does_not_exist_is_unreachable(values: dict[str, Any]) -> None:
    assert unreachable("bounce", type="bounce", **values) == "bounced"


@pytest.mark.parametrize(
    "values",
    [
        {"status": "5.2.2", "reason": "552 5.2.2 full", "bounce_classification": "Mailbox Unavailable"},
        {"status": "5.2.2", "reason": "552 5.2.2 full", "bounce_classification": "Invalid Address"},
        {"status": "5.2.2"},
        {"status": "5.0.0", "reason": "552 5.2.2 mailbox full"},
        {"reason": "552 mailbox full"},
        {"status": "5.7.26", "reason": "550 5.7.26 unauthenticated", "bounce_classification": "Reputation"},
        {"status": "5.7.26", "reason": "550 5.7.26 unauthenticated"},
        {"status": "5.7.1", "reason": "550 5.7.1 rejected", "bounce_classification": "Content"},
        {"status": "5.1.8", "reason": "553 5.1.8 sender domain"},
        {"status": "5.3.4", "reason": "552 5.3.4 too big", "bounce_classification": "Technical Failure"},
        {"status": "5.4.5", "bounce_classification": "Frequency or Volume Too High"},
        {"status": "5.1.1", "reason": "550 5.1.1 blocked", "bounce_classification": "Reputation"},
        {"status": "5.0.0", "reason": "554 refused"},
        {},
    ],
)
def test_any_other_bounce_says_nothing_of_the_address(values: dict[str, Any]) -> None:
    assert unreachable("bounce", type="bounce", **values) is None


def test_a_block_says_nothing_of_the_address() -> None:
    assert unreachable("bounce", type="blocked", status="5.1.1", reason="550 5.1.1 no such user") is None


@pytest.mark.parametrize(
    ("reason", "meant"),
    [
        ("Bounced Address", "bounced"),
        ("Invalid", "bounced"),
        ("Spam Reporting Address", "complained"),
        ("Spam reporting address", "complained"),
        ("Unsubscribed Address", "complained"),
        ("Invalid SMTPAPI header", None),
        ("Spam Content", None),
        ("Recipient List over Package Quota", None),
        (None, None),
    ],
)
def test_a_message_dropped_for_its_address_makes_it_unreachable(
    reason: str | None, meant: str | None
) -> None:
    assert unreachable("dropped", reason=reason) == meant


def test_a_complaint_is_about_us_all() -> None:
    assert unreachable("spamreport") == "complained"
    assert unreachable("deferred", status="4.2.2", reason="452 4.2.2 full", attempt="5") is None
    assert unreachable("delivered") is None


@pytest.mark.parametrize(
    "odd",
    [
        {"timestamp": 10**30},
        {"timestamp": -(10**15)},
        {"timestamp": True},
        {"timestamp": float("inf")},
        {"sg_event_id": "\ud800"},
        {"sg_event_id": "\0"},
        {"sg_event_id": ""},
        {"event": "x" * 33},
        {"notify_attempt": "\0"},
    ],
)
def test_an_event_that_cannot_be_kept_is_none(odd: dict[str, Any]) -> None:
    sound = {
        "event": "bounce",
        "notify_attempt": "ab" * 16,
        "timestamp": 1_780_000_000,
        "sg_event_id": "e1",
    }
    assert read_event(sound) is not None
    assert read_event(sound | odd) is None


def test_words_that_cannot_be_kept_are_cleaned() -> None:
    event = read_event(
        {
            "event": "bounce",
            "notify_attempt": "ab" * 16,
            "timestamp": 1_780_000_000,
            "sg_event_id": "e1",
            "reason": "a\ud800\0b",
            "email": "a\0@example.com",
            "delivery": "9" * 30 + "-1",
            "sg_message_id": "\0",
        }
    )
    assert event is not None
    assert (event.detail, event.address) == ("a?b", "a@example.com")
    assert (event.delivery, event.provider_id) == (None, None)
