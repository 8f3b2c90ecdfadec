"""An old copy of the database is recovered: nobody is notified twice, and nobody is missing unlisted."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from support.database_copies import Copy, copy_of
from support.proven_world import ProvenWorld
from support.sendgrid_server import EventSource
from support.world import SENDER, World, addresses

from subscribers.announcing import announcements
from subscribers.announcing.publishing import Opening
from subscribers.database import reading
from subscribers.delivery_id import DeliveryId, parse_message_id
from subscribers.high_water_mark.high_water_mark import MissingMarkError, OldDatabaseError
from subscribers.high_water_mark.installation import read_installation
from subscribers.high_water_mark.other_evidence import LaterEventsError
from subscribers.ledger.signed_events import Verifier, receive, unmatched_since
from subscribers.ledger.totals import statuses
from subscribers.model import attempts
from subscribers.notices.list_emails import list_emails
from subscribers.notices.old_database import refuse_unknown
from subscribers.recovery import report
from subscribers.recovery.evidence import Evidence, of_event_file, of_folder, of_smtp_logs
from subscribers.recovery.proven_accounts import ProofBundle, open_bundle
from subscribers.recovery.recover import (
    NoBaselineError,
    Recovery,
    SiteNeededError,
    make_own,
    recover,
    start_mark,
)
from subscribers.site.notices_json import Notices
from subscribers.site.site_reader import open_site
from subscribers.transports import OutgoingBatch, UnconfirmedError

NAMES = ("anna", "boris", "chen", "dora", "emil")


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """Most of these rules are the same on both databases; those that are not name PostgreSQL themselves."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


def recovered(
    world: World,
    *evidence: Evidence,
    bundles: tuple[ProofBundle, ...] = (),
    opening: Opening | None = None,
    dry_run: bool = False,
    listed: Notices | None = None,
) -> Recovery:
    result = recover(
        world.engine,
        world.mark,
        open_site(str(world.site.write())),
        evidence,
        bundles,
        sender=SENDER,
        changes="every",
        opening=opening,
        now=world.now,
        dry_run=dry_run,
        listed=listed,
    )
    world.check()
    return result


def told(world: World, *outgoing: OutgoingBatch, with_address: bool = True) -> list[Evidence]:
    """The evidence of these batches that a folder of messages or a mail server's log would hold."""
    found = []
    for batch in outgoing:
        for recipient in batch.recipients:
            named = parse_message_id(recipient.message_id)
            assert named is not None
            found.append(
                Evidence(
                    transport="smtp",
                    delivery=named.delivery,
                    publication=named.publication,
                    addresses=frozenset({recipient.address} if with_address else ()),
                )
            )
    return found


def delivered(world: World, source: EventSource) -> list[dict[str, Any]]:
    """The events about all messages that SendGrid has taken."""
    with reading(world.engine) as connection:
        identity = read_installation(connection).identity
    found = []
    for outgoing in world.transport.taken:
        for recipient in outgoing.recipients:
            named = parse_message_id(recipient.message_id)
            assert named is not None
            found.append(
                source.event(
                    "delivered",
                    token=outgoing.token,
                    delivery=recipient.delivery,
                    address=recipient.address,
                    notify_publication=named.publication,
                    notify_database=identity,
                )
            )
    return found


@pytest.fixture
def before(world: World) -> Copy:
    """Five users and a baseline; the copy is from before the announcement, which then went to all of them."""
    world.register(*NAMES)
    world.open_with_baseline()
    copy = copy_of(world.engine)
    world.transport.batch_limit = 2
    world.announce()
    world.deliver()
    assert world.transport.received == addresses(NAMES)
    return copy


@BOTH
def test_without_evidence_everybody_is_unknown_and_nobody_is_sent_anything(
    world: World, before: Copy
) -> None:
    before.restore()
    with pytest.raises(OldDatabaseError, match="3 requests"):
        world.mark.check()
    result = recovered(world)
    assert result.was_old
    assert result.requests == 3
    assert [each.announcement_id for each in result.rebuilt] == [2]
    assert result.unknown == {2: 5}
    world.mark.check()
    world.deliver()
    assert world.publish().announcement_id is None
    assert world.transport.received == addresses(NAMES)
    assert world.totals(2).unknown == 5


def test_neither_silence_nor_time_releases_them(world: World, before: Copy) -> None:
    before.restore()
    recovered(world)
    world.wait(days=30)
    later = world.announce("We keep even less.")
    world.deliver()
    assert world.totals(2).unknown == 5
    assert world.totals(later).accepted == 5


def test_evidence_with_an_email_address_settles_whom_it_names(world: World, before: Copy) -> None:
    found = told(world, *world.transport.taken[:2])
    before.restore()
    result = recovered(world, *found)
    assert result.settled == {2: 4}
    assert result.unknown == {2: 1}
    assert world.totals(2).accepted == 4


def test_more_evidence_can_be_given_later(world: World, before: Copy) -> None:
    first, *others = told(world, *world.transport.taken)
    before.restore()
    assert recovered(world, first).unknown == {2: 4}
    again = recovered(world, first, *others[:2])
    assert not again.was_old
    assert again.rebuilt == []
    assert again.settled == {2: 2}
    assert recovered(world, first, *others).unknown == {}
    assert recovered(world, first, *others).settled == {}


def test_a_dry_run_records_nothing(world: World, before: Copy) -> None:
    before.restore()
    assert recovered(world, dry_run=True).unknown == {2: 5}
    with pytest.raises(OldDatabaseError):
        world.mark.check()
    assert [status.announcement_id for status in statuses(world.engine)] == [1]


def test_a_person_may_decide_for_a_whole_announcement(world: World, before: Copy) -> None:
    before.restore()
    recovered(world)
    assert world.ledger.resolve_announcement(2, sent=False) == 5
    world.deliver()
    assert world.transport.received == Counter({f"{name}@example.com": 2 for name in NAMES})


def test_sent_by_a_person_counts_as_accepted(world: World, before: Copy) -> None:
    before.restore()
    recovered(world)
    world.ledger.resolve_announcement(2, sent=True)
    world.deliver()
    assert world.transport.received == addresses(NAMES)
    assert world.totals(2).accepted == 5


@BOTH
def test_a_copy_from_the_middle_keeps_what_it_knows(world: World) -> None:
    world.register(*NAMES)
    world.open_with_baseline()
    world.transport.batch_limit = 2
    copies: list[Copy] = []

    def copy_after_the_first(_: OutgoingBatch) -> None:
        if len(world.transport.taken) == 1:
            copies.append(copy_of(world.engine))

    world.transport.rule = copy_after_the_first
    world.announce()
    world.deliver()
    copies[0].restore()
    assert world.totals(2).accepted == 2
    result = recovered(world)
    assert result.rebuilt == []
    assert result.unknown == {2: 3}
    last = told(world, world.transport.taken[2], with_address=False)
    assert recovered(world, *last).settled == {2: 1}
    world.wait(days=2)
    world.deliver()
    assert world.transport.received == addresses(NAMES)


def test_an_announcement_that_was_held_in_the_copy_may_have_been_released(world: World) -> None:
    world.register(*NAMES)
    world.open_with_baseline()
    world.announce(hold=True)
    copy = copy_of(world.engine)
    announcements.release(world.engine, 2)
    world.deliver()
    copy.restore()
    assert recovered(world).unknown == {2: 5}
    announcements.release(world.engine, 2)
    world.deliver()
    assert world.transport.received == addresses(NAMES)


def test_a_version_from_after_the_newest_request_is_announced_as_always(world: World, before: Copy) -> None:
    before.restore()
    result = recovered(world)
    assert [each.versions for each in result.rebuilt] == [["privacy 2026-02-09"]]


def test_announcements_that_are_made_again_use_up_no_daily_limit(world: World, before: Copy) -> None:
    before.restore()
    recovered(world)
    world.site.commit()
    world.site.publish("privacy", summary="We keep nothing.")
    assert not world.publish(daily_limit=1).held_by_limit


@BOTH
def test_several_lost_announcements_are_made_again_where_evidence_names_them(
    world: World, before: Copy
) -> None:
    world.announce("We keep nothing.")
    world.deliver()
    world.announce("We keep it all.")
    world.deliver()
    taken = world.transport.taken
    assert len(taken) == 9
    before.restore()
    result = recovered(world, *told(world, *taken))
    assert [each.announcement_id for each in result.rebuilt] == [2, 3, 4]
    assert result.settled == {2: 5, 3: 5, 4: 5}
    assert result.unknown == {}


def test_lost_announcements_that_nothing_names_are_made_as_one(world: World, before: Copy) -> None:
    second = world.announce("We keep nothing.")
    world.deliver()
    found = told(world, *world.transport.taken[3:])
    before.restore()
    result = recovered(world, *found)
    assert [each.announcement_id for each in result.rebuilt] == [second]
    assert result.settled == {second: 5}


def test_an_address_decides_and_not_a_number_that_another_user_has_by_now(world: World, before: Copy) -> None:
    world.register("fred")
    world.announce("We keep nothing.")
    world.deliver()
    found = told(world, *world.transport.taken[3:])
    assert DeliveryId(3, 6) in {one.delivery for one in found}
    before.restore()
    world.register("gina")  # gets the number that fred had
    result = recovered(world, *found)
    assert result.settled == {3: 5}
    assert result.unknown == {3: 1}
    assert [one.addresses for one in result.absent] == [{"fred@example.com"}]
    assert recovered(world, *told(world, *world.transport.taken[3:], with_address=False)).settled == {}


def test_a_user_who_comes_back_under_another_number_is_found_by_the_address(
    world: World, before: Copy
) -> None:
    world.register("fred")
    world.announce("We keep nothing.")
    world.deliver()
    found = told(world, *world.transport.taken[3:])
    before.restore()
    world.register("gina", "fred")
    result = recovered(world, *found)
    assert result.settled == {3: 6}
    assert result.absent == []
    assert result.unknown == {3: 1}


def test_users_who_come_back_after_the_recovery_are_unknown_too(world: World, before: Copy) -> None:
    joined_at = world.now
    world.register("fred", "gina")
    world.announce("We keep nothing.")
    world.deliver()
    found = told(world, *world.transport.taken[3:])
    before.restore()
    assert recovered(world, *found).unknown == {}
    assert recovered(world).unknown == {}
    world.wait(days=1)
    world.register("gina", "fred", "hugo", registered_at=joined_at - timedelta(days=1))
    world.register("ida")  # registered since, and agreed to the text that was current then
    result = recovered(world, *found)
    assert result.settled == {3: 2}
    assert result.unknown == {3: 1}
    assert world.totals(3).audience == 8
    assert recovered(world, *found).unknown == {3: 1}


def test_the_sites_list_of_emails_shows_an_old_copy_and_names_its_announcements(
    world: World, before: Copy
) -> None:
    world.announce("We keep nothing.")
    world.deliver()
    listed = list_emails(
        world.engine,
        sender=SENDER,
        earlier=None,
        where="notices.json",
        dkim_keys=(),
        with_held=False,
        now=world.now,
    )
    before.restore()
    forget_mark(world)
    world.mark.check()
    result = recovered(world, listed=listed)
    assert [each.announcement_id for each in result.rebuilt] == [2, 3]
    with reading(world.engine) as connection:
        refuse_unknown(connection, listed, where="notices.json")
    assert recovered(world, listed=listed).rebuilt == []


def test_signed_events_in_the_database_settle_whom_the_copy_surely_knew(world: World, before: Copy) -> None:
    source = EventSource()
    verifier = Verifier(source.public_key)
    before.restore()
    posts = delivered(world, source)
    receive(world.engine, verifier, source.post(posts), now=world.now, keep_body=False)
    # The copy has no announcement, so these numbers may be other users' by now.
    result = recovered(world)
    assert result.settled == {}
    assert result.unknown == {2: 5}


@BOTH
def test_signed_events_of_a_file_settle_with_their_requests(
    world: World, before: Copy, tmp_path: Path
) -> None:
    source = EventSource()
    verifier = Verifier(source.public_key)
    posts = delivered(world, source)
    post = source.post(posts)
    file = tmp_path / "posts.jsonl"
    listed = {"body": post.body.decode(), "signature": post.signature, "timestamp": post.timestamp}
    file.write_text(json.dumps(listed) + "\n")
    before.restore()
    receive(world.engine, verifier, post, now=world.now, keep_body=False)
    result = recovered(world, *of_event_file(file, verifier))
    assert result.unknown == {}
    with reading(world.engine) as connection:
        tokens = set(connection.scalars(select(attempts.c.token).where(attempts.c.transport == "sendgrid")))
    assert tokens == {outgoing.token for outgoing in world.transport.taken}
    assert unmatched_since(world.engine)[0] == 0
    later = source.event(
        "bounce",
        token=world.transport.taken[0].token,
        delivery=world.transport.taken[0].recipients[0].delivery,
        address=world.transport.taken[0].recipients[0].address,
    )
    receive(world.engine, verifier, source.post([later]), now=world.now, keep_body=False)
    assert unmatched_since(world.engine)[0] == 0


def test_a_proof_shows_who_was_notified(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[Copy] = []
    announce = world.announce

    def announce_after_a_copy() -> int:
        copies.append(copy_of(world.engine))
        return announce()

    monkeypatch.setattr(world, "announce", announce_after_a_copy)
    proven = ProvenWorld(world, tmp_path)
    bundle = proven.export("proof")
    copies[0].restore()
    result = recovered(world, bundles=(open_bundle(bundle, proven.key.public_key()),))
    assert [each.announcement_id for each in result.rebuilt] == [2]
    assert result.settled == {2: 4}
    assert result.unknown == {}
    assert world.totals(2).excluded == {"objected": 1}
    again = proven.export("again")
    assert proven.verify(again).before is not None


def test_a_batch_that_was_unknown_in_the_copy_is_not_released_by_silence(world: World) -> None:
    world.register(*NAMES)
    world.open_with_baseline()
    world.transport.answers = [UnconfirmedError("no answer")]
    world.announce()
    world.deliver()
    copy = copy_of(world.engine)
    world.wait(minutes=5)
    world.announce("We keep nothing.")
    world.deliver()
    copy.restore()
    recovered(world)
    [unknown, *_] = world.ledger.unknown_batches()
    assert unknown.is_recovered


def test_events_alone_show_an_old_copy_too_and_name_what_was_announced(world: World, before: Copy) -> None:
    source = EventSource()
    verifier = Verifier(source.public_key)
    first, *others = delivered(world, source)
    before.restore()
    forget_mark(world)  # as a snapshot of the whole machine does
    world.mark.check()
    receive(world.engine, verifier, source.post([first]), now=world.now, keep_body=False)
    with pytest.raises(LaterEventsError):
        world.mark.check()
    result = recovered(world)
    assert result.was_old
    assert result.requests == 1
    assert result.unknown == {2: 5}
    world.mark.check()
    # More events about other lost requests stop it again, and nothing else is taken as lost.
    receive(world.engine, verifier, source.post(others), now=world.now, keep_body=False)
    world.site.commit()
    world.site.publish("privacy", summary="We keep nothing.")
    assert recovered(world).rebuilt == []
    world.mark.check()
    again = [{**event, "sg_event_id": f"again-{number}"} for number, event in enumerate([first, *others])]
    receive(world.engine, verifier, source.post(again), now=world.now, keep_body=False)
    world.mark.check()
    world.wait(hours=1)
    assert world.publish().announcement_id == 3
    world.transport.taken.clear()
    world.deliver()
    assert world.transport.received == addresses(NAMES)


def forget_mark(world: World) -> None:
    file = world.mark.store.file
    assert file is not None
    world.mark.store.engine.dispose()
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()


def lose_mark(world: World) -> None:
    forget_mark(world)
    with pytest.raises(MissingMarkError, match="policy-notify recover"):
        world.mark.check()


def test_a_missing_mark_makes_everything_unknown_too(world: World) -> None:
    world.register(*NAMES)
    world.open_with_baseline()
    world.announce()
    world.deliver()
    copy = copy_of(world.engine)
    world.announce("We keep nothing.")
    world.deliver()
    copy.restore()
    lose_mark(world)
    result = recovered(world)
    assert result.was_unmarked
    assert result.unknown == {3: 5}
    world.mark.check()
    world.deliver()
    assert world.transport.received == Counter({f"{name}@example.com": 2 for name in NAMES})


def test_a_lost_mark_is_made_again_on_a_persons_word(world: World, before: Copy) -> None:
    lose_mark(world)
    start_mark(world.engine, world.mark, now=world.now)
    world.mark.check()
    world.deliver()
    assert world.transport.received == addresses(NAMES)


def test_without_the_site_an_old_copy_is_not_recovered(world: World, before: Copy) -> None:
    before.restore()
    with pytest.raises(SiteNeededError, match="--site"):
        recover(
            world.engine,
            world.mark,
            None,
            (),
            (),
            sender=SENDER,
            changes="every",
            opening=None,
            now=world.now,
            dry_run=False,
        )


def test_a_copy_from_before_the_baseline_needs_the_first_day(world: World) -> None:
    world.register(*NAMES)
    empty = copy_of(world.engine)
    world.open_with_baseline()
    world.announce()
    world.deliver()
    empty.restore()
    with pytest.raises(NoBaselineError, match="--announce-since"):
        recovered(world)
    first = world.site.documents["privacy"]["versions"][1]["published_at"][:10]
    result = recovered(world, opening=Opening(since=date.fromisoformat(first)))
    assert result.unknown == {2: 5}
    world.deliver()
    assert world.transport.received == addresses(NAMES)


def test_a_copy_that_is_meant_to_be_one_gets_an_identity_of_its_own(world: World, before: Copy) -> None:
    before.restore()
    identity = make_own(world.engine, now=world.now)
    with reading(world.engine) as connection:
        assert read_installation(connection).identity == identity
    world.mark.check()
    world.deliver()
    world.check()


def test_the_list_names_everybody_who_is_unknown(world: World, before: Copy, tmp_path: Path) -> None:
    found = told(world, *world.transport.taken[:1])
    before.restore()
    result = recovered(world, *found)
    file = tmp_path / "unknown.csv"
    assert report.write_list(world.engine, result, file) == 3
    assert file.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(file.open()))
    assert [row["external_id"] for row in rows] == ["chen", "dora", "emil"]
    assert "unknown" in "\n".join(report.lines(result, dry_run=False))


def test_a_mail_servers_log_settles_only_our_own_messages(world: World, before: Copy, tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    lines = []
    for number, outgoing in enumerate(world.transport.taken):
        for place, recipient in enumerate(outgoing.recipients):
            queue_id = f"4F{number}{place}ABCDEF"
            sender = "policy@market.example" if number else "stranger@elsewhere.example"
            lines += [
                f"postfix/smtpd[7]: {queue_id}: client=localhost[127.0.0.1]",
                f"postfix/cleanup[8]: {queue_id}: message-id={recipient.message_id}",
                f"postfix/qmgr[9]: {queue_id}: from=<{sender}>, size=900, nrcpt=1 (queue active)",
                f"postfix/smtp[10]: {queue_id}: to=<{recipient.address}>, relay=mx[192.0.2.1]:25, delay=0.1, "
                "delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 ok)",
                f"postfix/qmgr[9]: {queue_id}: removed",
            ]
    log.write_text("".join(f"2026-06-01T12:00:01+00:00 mx {line}\n" for line in lines))
    before.restore()
    found = of_smtp_logs(
        [log], domain="market.example", senders=lambda sender: sender.endswith("@market.example")
    )
    assert recovered(world, *found).settled == {2: 3}


def test_files_of_messages_settle_whom_they_name(world: World, before: Copy, tmp_path: Path) -> None:
    for outgoing in world.transport.taken:
        for recipient in outgoing.recipients:
            text = f"Message-ID: {recipient.message_id}\nTo: {recipient.address}\n\nHello\n"
            (tmp_path / f"{recipient.delivery}.eml").write_text(text)
    (tmp_path / "9-9.eml").write_text("Message-ID: <9-9.0123456789abcdef@elsewhere.example>\n\n")
    before.restore()
    result = recovered(world, *of_folder(tmp_path, domain="market.example"))
    assert result.settled == {2: 5}
    assert result.foreign == 0


def test_a_kill_in_the_middle_leaves_the_copy_as_it_was(
    world: World, before: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    before.restore()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("subscribers.recovery.recover.installation.take_over", die)
        with pytest.raises(KeyboardInterrupt):
            recovered(world)
    with pytest.raises(OldDatabaseError):
        world.mark.check()
    assert recovered(world).unknown == {2: 5}


def test_who_is_unknown_is_told_of_the_change_with_the_next_one(world: World, before: Copy) -> None:
    found = told(world, *world.transport.taken[:2])
    before.restore()
    recovered(world, *found)
    world.wait(hours=1)
    world.transport.taken.clear()
    world.announce("We keep nothing.")
    world.deliver()
    assert world.transport.received == addresses(NAMES)
    texts = {
        recipient.address: outgoing.message.text
        for outgoing in world.transport.taken
        for recipient in outgoing.recipients
    }
    assert "We keep less." in texts["emil@example.com"]
    assert "We keep less." not in texts["anna@example.com"]
