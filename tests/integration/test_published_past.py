"""A site whose past changed is announced to nobody; and more announcements than usual wait for a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.world import World

from subscribers.announcing import announcements
from subscribers.announcing.published_past import ChangedPastError, Trust
from subscribers.ledger.totals import statuses
from subscribers.site.news import LostVersionError

Versions = list[dict[str, Any]]


@pytest.fixture
def notified(world: World) -> World:
    """One person who knows two versions."""
    world.register("anna")
    world.open_with_baseline()
    world.announce()
    world.deliver()
    return world


def other_source(versions: Versions) -> None:
    versions[0]["source_blob"] = "f" * 40


def other_source_and_appearance(versions: Versions) -> None:
    versions[-1] |= {"source_blob": "f" * 40, "content_sha256": "a" * 64}


def another_time(versions: Versions) -> None:
    versions[0]["published_at"] = "2019-01-01T00:00:00Z"


@pytest.mark.parametrize("change", [other_source, other_source_and_appearance, another_time])
@pytest.mark.parametrize("trust", [Trust(), Trust(renderer=True, dates=True)])
def test_a_published_version_keeps_its_text_and_its_time(
    notified: World, change: Callable[[Versions], None], trust: Trust
) -> None:
    change(notified.site.documents["privacy"]["versions"])
    with pytest.raises(ChangedPastError, match="privacy 2026-"):
        notified.publish(trust=trust)
    assert len(statuses(notified.engine)) == 2


def test_a_published_version_without_an_announcement_may_not_vanish_either(
    notified: World,
) -> None:
    notified.site.commit()
    notified.site.publish("terms", announced=False)
    notified.announce()
    del notified.site.documents["terms"]["versions"][0]
    notified.site.publish("terms", announced=False)
    with pytest.raises((ChangedPastError, LostVersionError), match=r"terms .* is gone"):
        notified.publish()


def test_a_new_version_older_than_the_known_ones_waits_for_approval(notified: World) -> None:
    notified.site.commit()
    notified.site.publish("privacy")["published_at"] = "2019-01-01T00:00:00Z"
    with pytest.raises(ChangedPastError, match="--accept-dates"):
        notified.publish()
    assert notified.publish(trust=Trust(dates=True)).announcement_id == 3


def test_a_version_that_a_newer_renderer_found_in_the_past_may_be_old(notified: World) -> None:
    notified.site.commit()
    notified.site.publish("privacy").update({"published_at": "2019-01-01T00:00:00Z", "discovered": True})
    notified.publish()


def test_a_document_whose_first_version_is_old_is_new(notified: World) -> None:
    notified.site.commit()
    notified.site.publish("terms")["published_at"] = "2019-01-01T00:00:00Z"
    assert notified.publish().announcement_id == 3


def test_the_fourth_announcement_of_a_day_waits_for_the_operator(notified: World) -> None:
    for _ in range(2):
        assert not _publish_another(notified).held_by_limit
    fourth = _publish_another(notified)
    assert fourth.held_by_limit
    notified.deliver()
    assert notified.transport.received["anna@example.com"] == 3
    announcements.release(notified.engine, fourth.announcement_id)
    notified.deliver()
    assert notified.transport.received["anna@example.com"] == 4
    notified.wait(hours=25)
    assert not _publish_another(notified).held_by_limit


def test_an_announcement_held_by_the_operator_is_not_held_by_the_limit(notified: World) -> None:
    for _ in range(2):
        _publish_another(notified)
    notified.site.commit()
    notified.site.publish("privacy")
    assert not notified.publish(hold=True, daily_limit=3).held_by_limit


def test_an_accepted_appearance_is_kept_for_every_user_who_missed_an_announcement(
    notified: World,
) -> None:
    notified.register("boris")
    for version in notified.site.documents["privacy"]["versions"]:
        version["content_sha256"] = version["content_sha256"][::-1]
    notified.publish(trust=Trust(renderer=True))
    notified.announce()
    notified.deliver()
    assert notified.totals(3).accepted == 2


def _publish_another(world: World) -> Any:
    world.site.commit()
    world.site.publish("privacy")
    return world.publish(daily_limit=3)
