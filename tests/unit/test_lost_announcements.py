"""Which announcements a lost database may have made: the states of the site, and which of them are taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.published_site import FIRST_DAY, PublishedSiteMaker

from subscribers.delivery_id import publication_of
from subscribers.recovery.lost_announcements import SiteState, announced, numbered, states_since
from subscribers.site.history_json import parse_history
from subscribers.site.news import digest, snapshot

MONTH = timedelta(days=30)  # between two commits of the site


@pytest.fixture
def site(tmp_path: Path) -> PublishedSiteMaker:
    """Two documents; the privacy policy changes at the commits 1 and 3, the terms at 2 and 3."""
    maker = PublishedSiteMaker(tmp_path / "site")
    maker.publish("privacy")
    maker.publish("terms")
    for documents in (["privacy"], ["terms"], ["privacy", "terms"]):
        maker.commit()
        for document in documents:
            maker.publish(document)
    return maker


def states(
    site: PublishedSiteMaker, *, known: dict[str, str] | None = None, until: datetime | None = None
) -> list[SiteState]:
    raw = (site.write() / "history.json").read_bytes()
    history = parse_history(raw, where="history.json")
    first = {document.id: document.versions[0].label for document in history.documents}
    return list(states_since(raw, history, first if known is None else known, until=until))


def labels(state: SiteState) -> dict[str, str]:
    return {document.slug: document.newest.label for document in state.history.documents}


def test_every_publication_after_the_known_one_is_a_state_of_its_own(site: PublishedSiteMaker) -> None:
    first, second, third = states(site)
    assert labels(first) == {"privacy": "2026-02-09", "terms": "2026-01-10"}
    assert labels(second) == {"privacy": "2026-02-09", "terms": "2026-03-11"}
    assert labels(third) == {"privacy": "2026-04-10", "terms": "2026-04-10"}


def test_a_state_is_named_as_its_announcement_was(site: PublishedSiteMaker) -> None:
    for state in states(site):
        then = parse_history(state.raw_history, where="history.json")
        assert state.versions_sha256 == digest(snapshot(then)) == digest(snapshot(state.history))
        assert state.publication == publication_of(state.versions_sha256)
        assert then.commit == state.history.commit


def test_the_newest_state_keeps_the_bytes_of_the_sites_history(site: PublishedSiteMaker) -> None:
    assert states(site)[-1].raw_history == (site.folder / "history.json").read_bytes()


def test_a_publication_from_long_after_the_newest_request_was_not_announced(site: PublishedSiteMaker) -> None:
    assert len(states(site, until=FIRST_DAY + 2 * MONTH)) == 2
    assert len(states(site, until=FIRST_DAY + 2 * MONTH - timedelta(hours=23))) == 2  # clocks differ
    assert len(states(site, until=FIRST_DAY + 2 * MONTH - timedelta(hours=25))) == 1
    assert states(site, until=FIRST_DAY) == []


def test_a_document_that_was_published_later_is_in_no_earlier_state(site: PublishedSiteMaker) -> None:
    site.commit()
    site.publish("cookies")
    known = {document["id"]: document["versions"][0]["label"] for document in site.documents.values()}
    del known[site.documents["cookies"]["id"]]
    assert [set(labels(state)) for state in states(site, known=known)][2:] == [
        {"privacy", "terms"},
        {"privacy", "terms", "cookies"},
    ]


def test_a_document_that_is_not_announced_makes_no_state(site: PublishedSiteMaker) -> None:
    before = len(states(site))
    site.commit()
    site.publish("about", announced=False)
    assert len(states(site)) == before


def test_only_named_states_and_the_newest_are_taken(site: PublishedSiteMaker) -> None:
    first, second, third = all_of_them = states(site)
    assert announced(all_of_them, {}, and_newest=True) == [third]
    assert announced(all_of_them, {first.publication: 2}, and_newest=True) == [first, third]
    assert announced(all_of_them, {second.publication: 3}, and_newest=False) == [second]
    assert announced([], {}, and_newest=True) == []


def test_an_announcement_gets_its_number_back_and_no_number_is_given_twice(site: PublishedSiteMaker) -> None:
    first, second, third = states(site)
    assert numbered([first, second, third], {}, newest=1) == [2, 3, 4]
    assert numbered([second, third], {second.publication: 3}, newest=1) == [3, 4]
    assert numbered([third], {"0123456789abcdef": 7}, newest=1) == [7]  # of a publication that is not there
    assert numbered([first, third], {first.publication: 1}, newest=4) == [5, 6]


def test_a_known_version_is_in_every_state_even_if_the_clocks_ran_backwards(site: PublishedSiteMaker) -> None:
    site.commit()
    version = site.publish("privacy")
    version["published_at"] = (FIRST_DAY - MONTH).isoformat().replace("+00:00", "Z")
    documents = site.documents
    known = {
        documents["privacy"]["id"]: version["label"],
        documents["terms"]["id"]: documents["terms"]["versions"][0]["label"],
    }
    found = [labels(state) for state in states(site, known=known)]
    assert [each["terms"] for each in found] == ["2026-03-11", "2026-04-10"]
    assert {each["privacy"] for each in found} == {version["label"]}
