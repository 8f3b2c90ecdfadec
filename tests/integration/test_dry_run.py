"""A dry run says what a publish would do, and does nothing."""

from __future__ import annotations

from typing import Literal

from support.world import SENDER, World

from subscribers.announcing.dry_run import count_audience, described
from subscribers.announcing.publishing import Opening, plan
from subscribers.ledger.totals import statuses
from subscribers.site.site_reader import open_site


def dry_run(
    world: World,
    *,
    opening: Opening | None = None,
    changes: Literal["every", "material"] = "every",
) -> list[str]:
    site = open_site(str(world.site.write()))
    planned = plan(world.engine, site, sender=SENDER, changes=changes, opening=opening, now=world.now)
    return list(described(planned, count_audience(world.engine, site.history, planned)))


def test_it_counts_the_users_whom_publish_then_notifies(world: World) -> None:
    world.register("anna", "boris", "chen", "dora", "erik")
    world.register("petya", language="ru")
    world.change("dora", restricted_at=world.now)
    world.change("erik", email="anna@example.com")
    world.site.publish("privacy.ru", language="ru", translation_of="privacy")
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy.ru")
    world.site.publish("privacy", summary="We keep less.")

    said = dry_run(world)
    assert said[0] == "would announce: privacy 2026-02-09, privacy.ru 2026-02-09"
    assert said[1] == "would notify 3 in en: Example Market: “Privacy” has changed"
    assert said[2].startswith("would notify 1 in ru: Example Market: ")
    assert said[3:] == [
        "excluded: 1 restricted, 1 same address",
        "dry run: nothing was recorded and nothing was sent",
    ]
    assert [status.state for status in statuses(world.engine)] == ["baseline"]

    number = world.publish().announcement_id
    assert number is not None
    world.deliver()
    totals = world.totals(number)
    assert totals.accepted == 4
    assert totals.excluded == {"restricted": 1, "same address": 1}


def test_a_site_never_seen_can_be_rehearsed(world: World) -> None:
    world.register("anna")
    world.site.publish("privacy")
    opening = Opening(since=world.now.date().replace(month=1, day=1))

    said = dry_run(world, opening=opening)
    assert said[0] == "the site would be known from now on"
    assert said[2].startswith("would notify 1 in en")
    assert dry_run(world, opening=Opening(since=None))[:2] == [
        "the site would be known from now on",
        "nothing new to announce",
    ]
    assert statuses(world.engine) == []


def test_an_announcement_that_has_not_begun_comes_first(world: World) -> None:
    world.register("anna")
    world.open_with_baseline()
    number = world.announce(hold=True)
    world.site.commit()
    world.site.publish("privacy", summary="We keep even less.")

    assert f"the number of recipients is known once announcement {number} has begun" in dry_run(world)


def test_what_waits_for_a_material_change_is_said(world: World) -> None:
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy", change="editorial")

    assert dry_run(world, changes="material")[0].startswith("only editorial changes")
