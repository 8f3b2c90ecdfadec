"""The audience of an announcement: which users are notified, in which language, and why others are not."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from support.world import World, addresses

from subscribers.announcing import announcements
from subscribers.announcing.published_past import ChangedPastError, Trust
from subscribers.announcing.publishing import KnownSiteError, Opening, UnknownSiteError
from subscribers.database import writing
from subscribers.ledger.audience import MISSED
from subscribers.ledger.totals import statuses
from subscribers.model import Outcome, deliveries, users
from subscribers.site.news import snapshot
from subscribers.site.site_reader import open_site
from subscribers.transports import OutgoingBatch


def text_for(world: World, name: str) -> str:
    """The text of the last message to a user."""
    mine = [outgoing for outgoing in world.transport.taken if name in _names(outgoing)]
    return mine[-1].message.text


def _names(outgoing: OutgoingBatch) -> list[str]:
    return [recipient.address.removesuffix("@example.com") for recipient in outgoing.recipients]


def test_a_site_seen_for_the_first_time_is_refused(world: World) -> None:
    world.site.publish("privacy")
    with pytest.raises(UnknownSiteError, match="--baseline"):
        world.publish()


def test_a_baseline_notifies_nobody(world: World) -> None:
    world.register("anna")
    world.site.publish("privacy")
    assert world.publish(opening=Opening(since=None)).announcement_id is None
    assert world.publish().announcement_id is None

    world.deliver()
    assert world.transport.taken == []


def test_announce_since_announces_everything_published_from_that_day_on(world: World) -> None:
    world.register("anna")
    world.site.publish("privacy", summary="Long ago.")
    for summary in ("Before the day.", "On the day.", "After the day."):
        world.site.commit()
        world.site.publish("privacy", summary=summary)
    day = date.fromisoformat(world.site.documents["privacy"]["versions"][2]["label"])
    world.publish(opening=Opening(since=day))
    world.deliver()

    text = text_for(world, "anna")
    assert "On the day." in text
    assert "After the day." in text
    assert "Before the day." not in text


def test_announce_since_a_moment_parts_the_publications_of_a_day(world: World) -> None:
    world.register("anna")
    world.site.publish("privacy", summary="In the morning.")
    world.site.commit()
    world.site.publish("privacy", summary="At noon.")
    world.site.commit()
    world.site.publish("privacy", summary="In the evening.")
    for version, hour in zip(world.site.documents["privacy"]["versions"], (8, 12, 18), strict=True):
        version["published_at"] = f"2026-05-01T{hour:02}:00:00Z"
    world.publish(opening=Opening(since=datetime(2026, 5, 1, 18, tzinfo=UTC)))
    world.deliver()

    assert "In the evening." in text_for(world, "anna")
    assert "At noon." not in text_for(world, "anna")


def test_announce_since_on_a_known_site_announces_nothing_again(world: World) -> None:
    world.open_with_baseline()
    assert world.publish(opening=Opening(since=date(2020, 1, 1))).announcement_id is None


def test_a_baseline_never_swallows_news(world: World) -> None:
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy")
    with pytest.raises(KnownSiteError, match="leave --baseline out"):
        world.publish(opening=Opening(since=None))


def test_several_documents_make_one_message(world: World) -> None:
    world.register("anna")
    world.site.publish("privacy")
    world.site.publish("cookies")
    world.publish(opening=Opening(since=None))
    world.site.commit()
    world.site.publish("privacy", summary="On privacy.")
    world.site.publish("cookies", summary="On cookies.")
    world.publish()
    world.deliver()

    assert world.transport.received == addresses(["anna"])
    assert "On privacy." in text_for(world, "anna")
    assert "On cookies." in text_for(world, "anna")


def test_a_rebuild_and_a_rename_announce_nothing(world: World) -> None:
    world.open_with_baseline()
    world.announce()
    world.site.documents["privacy"]["path"] = "data-protection/"
    world.site.commit()
    assert world.publish().announcement_id is None


def test_a_newer_renderer_announces_nothing(world: World) -> None:
    world.open_with_baseline()
    world.announce()
    for version in world.site.documents["privacy"]["versions"]:
        version["content_sha256"] = version["content_sha256"][::-1]
    with pytest.raises(ChangedPastError, match="--accept-renderer"):
        world.publish()
    assert world.publish(trust=Trust(renderer=True)).announcement_id is None
    assert world.publish().announcement_id is None, "what was accepted once is accepted"


def test_a_text_back_to_the_one_last_announced_announces_nothing(world: World) -> None:
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy", summary="A slip.")
    world.site.commit()
    world.site.publish("privacy", summary="The slip taken back.")
    versions = world.site.documents["privacy"]["versions"]
    versions[2]["content_sha256"] = versions[0]["content_sha256"]
    assert world.publish().announcement_id is None

    world.register("anna")
    world.announce("Something new.")
    world.deliver()
    assert "slip" not in text_for(world, "anna")


def test_users_are_notified_in_their_language_or_in_the_sites_own(world: World) -> None:
    world.register("anna", language="en")
    world.register("boris", language="ru-RU")
    world.register("chen", language="zh")
    world.register("dora", language=None)
    world.site.publish("privacy")
    world.site.publish("privacy.ru", language="ru", translation_of="privacy")
    world.publish(opening=Opening(since=None))
    world.site.commit()
    world.site.publish("privacy", summary="We keep less.")
    world.site.publish("privacy.ru", summary="Храним меньше.")
    world.publish()
    world.deliver()

    assert world.transport.received == addresses(["anna", "boris", "chen", "dora"])
    assert "Храним меньше." in text_for(world, "boris")
    for name in ("anna", "chen", "dora"):
        assert "We keep less." in text_for(world, name)
        assert "Храним" not in text_for(world, name)


def test_a_change_that_a_translation_lacks_is_announced_in_the_sites_own_language_once(
    world: World,
) -> None:
    world.register("boris", language="ru")
    world.site.publish("privacy")
    world.site.publish("privacy.ru", language="ru", translation_of="privacy")
    world.publish(opening=Opening(since=None))
    world.announce("We keep less.")
    world.deliver()
    assert "We keep less." in text_for(world, "boris")

    world.site.commit()
    world.site.publish("privacy.ru", summary="Храним меньше.")
    assert world.publish().announcement_id is None

    world.site.commit()
    world.site.publish("privacy", summary="We keep nothing.")
    world.site.publish("privacy.ru", summary="Ничего не храним.")
    world.publish()
    world.deliver()
    assert "Ничего не храним." in text_for(world, "boris")
    assert "Храним меньше." not in text_for(world, "boris")


def test_only_readers_of_a_translation_are_notified_of_a_change_to_it_alone(world: World) -> None:
    world.register("anna", language="en")
    world.register("boris", language="ru")
    world.site.publish("privacy")
    world.site.publish("privacy.ru", language="ru", translation_of="privacy")
    world.publish(opening=Opening(since=None))
    world.site.commit()
    world.site.publish("privacy.ru", summary="Исправлена ошибка.")
    world.publish()
    world.deliver()

    assert world.transport.received == addresses(["boris"])
    assert world.exclusions(2) == {"anna": "unchanged", "boris": None}


def test_editorial_changes_wait_for_the_next_material_one_where_so_chosen(world: World) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy", change="editorial", summary="A comma.")
    publication = world.publish(changes="material")
    assert publication.deferred
    assert publication.announcement_id is None

    world.announce("We keep less.", changes="material")
    world.deliver()
    assert "A comma." in text_for(world, "anna")
    assert "We keep less." in text_for(world, "anna")


def test_a_class_that_is_not_stated_counts_as_material(world: World) -> None:
    world.open_with_baseline()
    world.site.commit()
    world.site.publish("privacy", change=None)
    assert world.publish(changes="material").announcement_id == 2


def test_a_user_who_may_not_be_notified_is_excluded_with_the_reason(world: World) -> None:
    world.register("anna")
    world.register("boris", restricted_at=world.now)
    world.register("chen", objected_at=world.now)
    world.register("dora", unreachable="bounced", unreachable_at=world.now)
    world.register("emil", left_at=world.now)
    world.open_with_baseline()
    world.announce()
    world.deliver()

    assert world.exclusions(2) == {
        "anna": None,
        "boris": "restricted",
        "chen": "objected",
        "dora": "unreachable",
    }
    assert world.transport.received == addresses(["anna"])


def test_two_accounts_with_one_email_address_receive_one_message(world: World) -> None:
    world.register("anna")
    world.register("anna-again", email="anna@example.com")
    world.open_with_baseline()
    world.announce()
    world.deliver()

    assert world.transport.received == addresses(["anna"])
    assert world.exclusions(2) == {"anna": None, "anna-again": "same address"}


def test_an_account_that_may_not_be_notified_does_not_silence_another_with_its_address(
    world: World,
) -> None:
    world.register("anna", restricted_at=world.now)
    world.register("anna-again", email="anna@example.com")
    world.open_with_baseline()
    world.announce()
    world.deliver()

    assert world.transport.received == addresses(["anna"])


def test_the_audience_is_frozen_at_the_fan_out(world: World) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce()
    world.ledger.fan_out(batch_limit=1000)
    world.register("boris")
    world.deliver()

    assert world.transport.received == addresses(["anna"])


def test_a_user_who_registers_later_counts_as_notified(world: World) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce("We keep less.")
    world.deliver()
    world.register("boris")
    world.announce("We keep nothing.")
    world.deliver()

    assert "We keep less." not in text_for(world, "boris")
    assert "We keep nothing." in text_for(world, "boris")


def test_a_user_who_missed_announcements_is_notified_of_everything_since_the_last_one(world: World) -> None:
    world.register("anna")
    world.register("boris")
    world.open_with_baseline()
    world.change("boris", restricted_at=world.now)
    world.announce("We keep less.")
    world.deliver()
    world.announce("We keep even less.")
    world.deliver()
    world.change("boris", restricted_at=None)
    world.announce("We keep nothing.")
    world.deliver()

    for summary in ("We keep less.", "We keep even less.", "We keep nothing."):
        assert summary in text_for(world, "boris")
    assert "We keep even less." not in text_for(world, "anna")
    assert world.transport.received["boris@example.com"] == 1


@pytest.mark.parametrize("outcome", Outcome)
def test_what_did_not_arrive_was_missed(world: World, outcome: Outcome) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce("We keep less.")
    world.deliver()
    with writing(world.engine) as connection:
        connection.execute(deliveries.update().values(outcome=outcome.value, outcome_at=datetime.now(UTC)))
    world.announce("We keep nothing.")
    world.deliver()

    assert ("We keep less." in text_for(world, "anna")) == (outcome in MISSED)


def test_users_who_missed_a_cancelled_announcement_are_notified_with_the_next(world: World) -> None:
    world.register("anna")
    world.open_with_baseline()
    world.announce("We keep less.", hold=True)
    announcements.cancel(world.engine, 2)
    assert world.publish().announcement_id is None

    world.announce("We keep nothing.")
    world.deliver()
    assert "We keep less." in text_for(world, "anna")
    assert "We keep nothing." in text_for(world, "anna")


def test_a_thousand_users_fill_a_batch_of_one_language(world: World) -> None:
    with writing(world.engine) as connection:
        connection.execute(
            users.insert(),
            [
                {
                    "external_id": str(number),
                    "email": f"{number}@example.com",
                    "language": "ru" if number < 1001 else "en",
                    "registered_at": world.now,
                    "pseudonym_key": b"k" * 32,
                }
                for number in range(2500)
            ],
        )
    world.site.publish("privacy")
    world.site.publish("privacy.ru", language="ru", translation_of="privacy")
    world.publish(opening=Opening(since=None))
    world.site.commit()
    world.site.publish("privacy")
    world.site.publish("privacy.ru")
    world.publish()
    world.deliver()

    sizes = sorted(
        (outgoing.message.language, len(outgoing.recipients)) for outgoing in world.transport.taken
    )
    assert sizes == [("en", 499), ("en", 1000), ("ru", 1), ("ru", 1000)]
    assert set(world.transport.received.values()) == {1}


def test_of_two_first_publishes_at_once_one_is_refused(world: World) -> None:
    world.site.publish("privacy")
    world.site.write()
    history = open_site(str(world.site.folder)).history
    together = threading.Barrier(2)
    refused: list[Exception] = []

    def begin() -> None:
        together.wait(10)
        try:
            announcements.record(
                world.engine,
                history,
                raw_history=b"",
                known_id=None,
                baseline=snapshot(history),
                versions=None,
                messages={},
                hold=False,
                now=world.now,
            )
        except announcements.ConcurrentPublishError as error:
            refused.append(error)

    publishers = [threading.Thread(target=begin) for _ in range(2)]
    for publisher in publishers:
        publisher.start()
    for publisher in publishers:
        publisher.join()
    assert len(refused) == 1
    assert [status.announcement_id for status in statuses(world.engine)] == [1]
