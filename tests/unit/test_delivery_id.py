"""Delivery ids and Message-IDs: what providers, mail servers and logs know of a delivery."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.delivery_id import (
    DeliveryId,
    message_id,
    message_id_pattern,
    parse_message_id,
    parse_special_message_id,
    special_message_id,
)

IDS = st.integers(min_value=1, max_value=999_999_999)
SHA256 = "0123456789abcdef" * 4


@given(IDS, IDS)
def test_a_delivery_id_is_read_as_it_was_written(announcement_id: int, recipient_id: int) -> None:
    delivery = DeliveryId(announcement_id, recipient_id)
    assert DeliveryId.parse(str(delivery)) == delivery


@pytest.mark.parametrize(
    "text", ["", "2", "2-", "-17", "0-17", "2-017", "2-17-3", " 2-17", "2-17\n", "canary", "None"]
)
def test_anything_else_is_no_delivery_id(text: str) -> None:
    assert DeliveryId.parse(text) is None


def test_a_message_id_names_delivery_publication_and_sender() -> None:
    publication = SHA256[:16]
    identifier = message_id(DeliveryId(2, 17), publication=publication, domain="market.example")
    assert identifier == "<2-17.0123456789abcdef@market.example>"


def test_the_pattern_of_a_batch_finds_its_message_ids() -> None:
    assert message_id_pattern(2, 17, SHA256) == "2-17.0123456789abcdef"
    assert message_id_pattern(2, None, SHA256) == "2-N.0123456789abcdef"


def test_a_canary_has_no_delivery_id() -> None:
    assert special_message_id("canary", "ab12", domain="market.example") == "<canary-ab12@market.example>"


@given(IDS, IDS)
def test_a_message_id_is_read_as_it_was_written(announcement_id: int, recipient_id: int) -> None:
    delivery = DeliveryId(announcement_id, recipient_id)
    written = message_id(delivery, publication=SHA256[:16], domain="market.example")
    for text in (written, written.strip("<>")):
        assert parse_message_id(text) == (delivery, SHA256[:16], "market.example")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<2-17@market.example>",
        "<2-17.0123@a.example>",
        "<canary-ab12@a.example>",
        "<2-17.0123456789abcdef@a b>",
    ],
)
def test_any_other_message_id_is_none_of_ours(text: str) -> None:
    assert parse_message_id(text) is None


def test_the_message_id_of_a_canary_is_read_as_it_was_written() -> None:
    assert parse_special_message_id(special_message_id("canary", SHA256[:32], domain="a.example")) == (
        "canary",
        SHA256[:32],
    )
    assert parse_special_message_id("<2-17.0123456789abcdef@a.example>") is None
