"""The paths of pages, and links between them."""

from __future__ import annotations

import pytest

from generator.site.urls import path_of_slug, relative


@pytest.mark.parametrize(
    ("address", "page", "link"),
    [
        ("", "", "./"),
        ("privacy/", "", "privacy/"),
        ("", "privacy/", "../"),
        ("privacy/", "privacy/", "./"),
        ("privacy/", "privacy/versions/2026-01-01/", "../../"),
        ("feed.xml", "privacy/", "../feed.xml"),
        ("privacy/history/#2026-01-01", "privacy/since/2026-01-01/", "../../history/#2026-01-01"),
        ("a%20b/", "c/", "../a%20b/"),
    ],
)
def test_a_link_leads_from_any_page_below_any_path(address: str, page: str, link: str) -> None:
    assert relative(address, page=page) == link


def test_a_path_is_percent_encoded_and_ends_in_a_slash() -> None:
    assert path_of_slug("terms of use") == "terms%20of%20use/"
    assert path_of_slug("") == ""
    assert path_of_slug("caf\udce9") == "caf%E9/"
