"""The setting for limits of receiving domains."""

from __future__ import annotations

import pytest

from subscribers.ledger.domain_limits import DomainLimit, limit_of, read_limits


def test_each_domain_has_its_own_limit_or_that_of_the_others() -> None:
    limits = read_limits("Gmail.com=2000 outlook.com=500/2  yahoo.com=/1 *=9000")
    assert limit_of(limits, "gmail.com") == DomainLimit(hourly=2000)
    assert limit_of(limits, "outlook.com") == DomainLimit(hourly=500, at_once=2)
    assert limit_of(limits, "yahoo.com") == DomainLimit(at_once=1)
    assert limit_of(limits, "elsewhere.example") == DomainLimit(hourly=9000)
    assert limit_of(read_limits(""), "gmail.com") is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gmail.com", "'gmail.com' is not a limit; write gmail.com=2000"),
        ("gmail.com=", "is not a limit"),
        ("gmail.com=0", "is not a limit"),
        ("gmail.com=2,000", "is not a limit"),
        ("a@gmail.com=5", "is not a limit"),
        ("*.gmail.com=5", "is not a limit"),
        ("gmail.com=5 GMAIL.com=6", "gmail.com has two limits; remove one"),
    ],
)
def test_a_limit_that_cannot_be_read_is_named(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("*", r"\\*")):
        read_limits(text)
