"""The return path names a delivery, survives what servers do to an address, and cannot be guessed."""

from __future__ import annotations

import pytest

from subscribers.delivery_id import DeliveryId
from subscribers.return_path import LONGEST_LOCAL_PART, LONGEST_MAILBOX, ReturnPath

OLD, NEW = "o" * 32, "n" * 32
PUBLICATION, USER = "0123456789abcdef", b"k" * 32
DELIVERY = DeliveryId(2, 17)
PATH = ReturnPath("bounces@market.example", [NEW, OLD])


def address(path: ReturnPath = PATH, delivery: DeliveryId = DELIVERY) -> str:
    return path.address_for(delivery, publication=PUBLICATION, pseudonym_key=USER)


def fits(text: str, *, path: ReturnPath = PATH, publication: str = PUBLICATION, user: bytes = USER) -> bool:
    return any(path.fits(named, publication=publication, pseudonym_key=user) for named in path.read(text))


@pytest.mark.parametrize(
    "written",
    [
        "{}",
        "<{}>",
        "rfc822;{}",
        "Envelope-to: {}\r\nDelivered-To: somebody@else.example",
        '"{}" <{}>',
        "prvs=1234567890={}",
        "({}),",
        "{}.",
    ],
)
def test_a_return_path_is_found_wherever_it_is_written(written: str) -> None:
    assert fits(written.replace("{}", address()))
    assert fits(written.replace("{}", address().upper())), "some servers change the case"
    assert {named.delivery for named in PATH.read(written.replace("{}", address()))} == {DELIVERY}


@pytest.mark.parametrize(
    "text",
    [
        "bounces@market.example",
        "bounces+2-17@market.example",
        address().replace("2-17", "2-18"),
        address().replace("2-17", "3-17"),
        address().replace("bounces+", "xbounces+"),
        address() + ".elsewhere.example",
        address().replace("@market", "@elsewhere"),
        address()[::-1],
        "",
    ],
)
def test_another_address_is_none_of_ours(text: str) -> None:
    assert not fits(text)


def test_a_return_path_fits_only_the_user_and_the_publication_it_was_made_for() -> None:
    assert not fits(address(), user=b"x" * 32)
    assert not fits(address(), publication="f" * 16)
    assert not fits(address(), path=ReturnPath("bounces@market.example", ["x" * 32]))


def test_a_return_path_signed_with_an_earlier_secret_still_fits() -> None:
    assert fits(address(ReturnPath("bounces@market.example", [OLD])))
    assert address() == address(ReturnPath("bounces@market.example", [NEW]))


def test_the_longest_return_path_is_as_long_as_an_address_may_be() -> None:
    longest = ReturnPath("b" * LONGEST_MAILBOX + "@market.example", [NEW])
    written = address(longest, DeliveryId(999_999_999, 999_999_999))
    assert len(written.rpartition("@")[0]) == LONGEST_LOCAL_PART


def test_the_mailbox_is_recognised_with_and_without_an_extension() -> None:
    assert PATH.is_mailbox(f"To: <{address()}>")
    assert PATH.is_mailbox("Bounces@Market.example")
    assert PATH.is_mailbox("bounces+x@market.example")
    assert not PATH.is_mailbox("policy@market.example, nobounces@market.example")
