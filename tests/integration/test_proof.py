"""A bundle proves what became of everybody, and of one person to anybody; erasure leaves it valid."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from sqlalchemy import update
from support.proven_world import NAMES, ProvenWorld
from support.world import SENDER, World

from subscribers.announcing import announcements
from subscribers.database import writing
from subscribers.errors import NotifyError
from subscribers.ledger import erasure
from subscribers.model import attempts
from subscribers.proof.export_bundle import UnprovableError, UnwritableBundleError, export
from subscribers.proof.export_user_proof import UnsignedProofError, export_user_proof
from subscribers.proof.verify_bundle import UnprovenError, verify_chain
from subscribers.transports import RefusedError, UnconfirmedError
from subscribers.users import requests
from subscribers.users.erasures import ErasureKeys


@pytest.fixture
def proven(world: World, tmp_path: Path) -> ProvenWorld:
    """Announcement 2 has gone out; one person objects."""
    return ProvenWorld(world, tmp_path)


@pytest.fixture
def bundle(proven: ProvenWorld) -> Path:
    """Its bundle."""
    return proven.export("bundle")


def lines(bundle: Path) -> list[str]:
    return (bundle / "records.jsonl").read_text().splitlines()


def test_a_bundle_has_the_outcome_of_every_account(proven: ProvenWorld, bundle: Path) -> None:
    head = proven.verify(bundle)
    assert head.complete
    assert (head.totals.audience, head.totals.accepted, head.totals.excluded) == (5, 4, {"objected": 1})
    assert head.totals.outcomes == {"delivered": 2, "processed": 2}
    assert head.totals.handed_to == {"sendgrid": 4}
    assert (head.attempts, head.posts, head.deliveries) == (2, 2, 5)
    assert head.commit == proven.world.site.history["commit"]
    assert (bundle / "message-1.html").read_text() == proven.world.transport.taken[0].message.html
    assert (bundle / "message-1.txt").read_text() == proven.world.transport.taken[0].message.text


def test_a_bundle_holds_no_address_and_no_raw_event(proven: ProvenWorld, bundle: Path) -> None:
    for file in bundle.iterdir():
        raw = file.read_bytes()
        for name in NAMES:
            assert f"{name}@".encode() not in raw, file
            assert f'"{name}"'.encode() not in raw, file


def test_a_servers_answer_that_quotes_an_address_is_left_out(proven: ProvenWorld) -> None:
    with writing(proven.world.engine) as connection:
        connection.execute(update(attempts).values(provider_id="2.0.0 queued for anna@example.com"))
    assert b"anna@" not in (proven.export("quoted") / "records.jsonl").read_bytes()


def test_the_same_state_gives_the_same_bytes(proven: ProvenWorld, bundle: Path) -> None:
    again = proven.export("again")
    for file in bundle.iterdir():
        assert (again / file.name).read_bytes() == file.read_bytes(), file.name


def test_each_bundle_names_the_one_before_it(proven: ProvenWorld, bundle: Path) -> None:
    world = proven.world
    world.announce("We keep nothing.")
    world.deliver()
    second = proven.export("second", announcement_id=3)
    first, then = proven.verify(bundle), proven.verify(second)
    assert first.before is None
    assert then.before is not None
    assert then.before.head_sha256 == hashlib.sha256((bundle / "head.json").read_bytes()).hexdigest()

    verify_chain([(bundle, first), (second, then)])
    with pytest.raises(UnprovenError, match=r"bundle: does not follow .*second"):
        verify_chain([(second, then), (bundle, first)])


def test_a_later_state_is_a_proof_of_its_own_in_the_chain(proven: ProvenWorld, bundle: Path) -> None:
    proven.report(proven.world.transport.taken[1], "delivered")
    later = proven.export("later")
    head = proven.verify(later)
    assert head.totals.outcomes == {"delivered": 4}
    verify_chain([(bundle, proven.verify(bundle)), (later, head)])


def test_a_proof_of_an_unfinished_announcement_says_so(world: World, tmp_path: Path) -> None:
    proven = ProvenWorld(world, tmp_path)
    world.announce("We keep nothing.")
    world.transport.answers = [
        UnconfirmedError("time-out"),
        RefusedError("400 no such user anna@example.com"),
        RefusedError("400 no such user anna@example.com"),
    ]
    world.deliver()
    head = proven.verify(proven.export("open", announcement_id=3))
    assert not head.complete
    assert head.totals.unknown == 2
    text = (tmp_path / "open" / "declaration.txt").read_text()
    assert "not complete" in text
    assert b"anna@" not in (tmp_path / "open" / "records.jsonl").read_bytes()


def test_rejected_deliveries_are_in_the_totals(world: World, tmp_path: Path) -> None:
    proven = ProvenWorld(world, tmp_path)
    world.announce("We keep nothing.")
    world.transport.batch_limit = 1
    world.transport.answers = [RefusedError("400 no such user anna@example.com")]
    world.deliver()
    head = proven.verify(proven.export("rejected", announcement_id=3))
    assert (head.totals.rejected, head.totals.accepted, head.complete) == (1, 3, True)


@pytest.mark.parametrize(
    ("number", "why"), [(1, "is the baseline"), (3, "held"), (9, "no such announcement exists")]
)
def test_an_announcement_that_nobody_was_sent_has_no_proof(
    proven: ProvenWorld, number: int, why: str
) -> None:
    proven.world.announce("We keep nothing.", hold=True)
    with pytest.raises(UnprovableError, match=f"announcement {number}: .*{why}"):
        proven.export("none", announcement_id=number)
    assert not (proven.folder / "none").exists()


def test_an_existing_folder_is_not_overwritten(proven: ProvenWorld, bundle: Path) -> None:
    with pytest.raises(UnwritableBundleError, match="exists already"):
        proven.export("bundle")


def test_a_folder_that_cannot_be_written_is_one_clear_line(proven: ProvenWorld) -> None:
    (proven.folder / "file").write_text("")
    with pytest.raises(UnwritableBundleError, match="cannot be written"):
        export(proven.world.engine, 2, proven.folder / "file" / "bundle", key=proven.key, sender=SENDER)


# One person.


def test_a_users_proof_shows_what_they_were_sent_and_when(proven: ProvenWorld, bundle: Path) -> None:
    shown = proven.testimony(proven.prove("anna@example.com", bundle))
    [account] = shown.accounts
    assert (account.external_id, account.address) == ("anna", "anna@example.com")
    assert (account.delivery.fate, account.delivery.outcome) == ("accepted", "delivered")
    assert account.attempt is not None
    assert account.attempt.provider_id == "provider-1"
    assert [report.kind for report in account.delivery.reports] == ["processed", "delivered"]
    [message] = shown.messages.values()
    assert message.text == proven.world.transport.taken[0].message.text


def test_a_users_proof_shows_that_they_were_excluded(proven: ProvenWorld, bundle: Path) -> None:
    [account] = proven.testimony(proven.prove("emil", bundle)).accounts
    assert (account.delivery.fate, account.delivery.exclusion) == ("excluded", "objected")
    assert account.address is None


def test_a_corrected_address_is_not_shown_as_the_one_that_was_used(proven: ProvenWorld, bundle: Path) -> None:
    requests.correct(proven.world.engine, "anna", email="new@example.com", at=proven.world.now)
    for proof in (bundle, proven.export("later")):
        [account] = proven.testimony(proven.prove("anna", proof)).accounts
        assert account.address is None
        assert account.delivery.address is not None
        assert account.delivery.outcome == "delivered"


def test_all_accounts_with_the_address_are_shown(world: World, tmp_path: Path) -> None:
    world.register("second", email="anna@example.com", pseudonym_key=b"s" * 32)
    proven = ProvenWorld(world, tmp_path)
    accounts = proven.testimony(proven.prove("anna@example.com", proven.export("bundle"))).accounts
    assert {account.external_id: account.delivery.exclusion for account in accounts} == {
        "second": None,
        "anna": "same address",
    }


def test_a_user_who_registered_later_is_not_in_the_bundle(proven: ProvenWorld, bundle: Path) -> None:
    proven.world.register("late")
    with pytest.raises(NotifyError, match=r"late: is not in .*bundle; this user was not registered"):
        proven.prove("late", bundle)


def test_after_erasure_the_bundle_verifies_and_no_longer_leads_to_the_user(
    proven: ProvenWorld, bundle: Path
) -> None:
    before = proven.verify(bundle)
    erasure.erase(proven.world.engine, "anna", keys=ErasureKeys(["s" * 32]), at=proven.world.now)

    assert proven.verify(bundle) == before
    for who in ("anna", "anna@example.com"):
        with pytest.raises(NotifyError, match="no user has this external id"):
            proven.prove(who, bundle)
    later = proven.verify(proven.export("later"))
    assert later.totals == before.totals
    [unnamed] = [line for line in lines(proven.folder / "later") if '"person":null' in line]
    assert json.loads(unnamed)["outcome"] == "delivered"


def test_a_bundle_with_erased_and_excluded_users_verifies(proven: ProvenWorld, bundle: Path) -> None:
    for name in NAMES:
        erasure.erase(proven.world.engine, name, keys=ErasureKeys(["s" * 32]), at=proven.world.now)
    assert proven.verify(proven.export("later")).totals == proven.verify(bundle).totals


def test_a_cancelled_announcement_is_proven_as_far_as_it_went(proven: ProvenWorld) -> None:
    world = proven.world
    world.announce("We keep nothing.")
    world.transport.answers = [None, UnconfirmedError("time-out")]
    world.deliver()
    announcements.pause(world.engine, 3)
    announcements.cancel(world.engine, 3)
    assert proven.verify(proven.export("cancelled", announcement_id=3)).totals.audience == 5


def test_a_later_bundle_keeps_no_commitment_to_an_erased_address(proven: ProvenWorld, bundle: Path) -> None:
    erasure.erase(proven.world.engine, "anna", keys=ErasureKeys(["s" * 32]), at=proven.world.now)
    later = proven.export("later")
    proven.verify(later)
    [unnamed] = [json.loads(line) for line in lines(later) if '"person":null' in line]
    assert unnamed["address"] is None


def test_an_address_cannot_be_left_out_of_a_proof(proven: ProvenWorld, bundle: Path) -> None:
    file = proven.prove("anna", bundle)
    proof = json.loads(file.read_text())
    proof["accounts"][0]["address"] = None
    for signature in (None, "", "zz", proof["signature"], "00" * 64):
        file.write_text(json.dumps(proof | {"accounts_signature": signature}))
        with pytest.raises(UnprovenError, match="email address is missing"):
            proven.testimony(file)


def test_a_corrected_address_can_only_be_proven_with_the_key(proven: ProvenWorld, bundle: Path) -> None:
    requests.correct(proven.world.engine, "anna", email="new@example.com", at=proven.world.now)
    with pytest.raises(UnsignedProofError, match="POLICY_NOTIFY_PROOF_KEY"):
        export_user_proof(proven.world.engine, "anna", bundle)
    file = proven.prove("anna", bundle)
    assert proven.testimony(file).accounts[0].address is None
    other = proven.prove("boris", bundle)
    mixed = json.loads(other.read_text())
    mixed["accounts"][0]["address"] = None
    mixed["accounts_signature"] = json.loads(proven.prove("anna", bundle).read_text())["accounts_signature"]
    other.write_text(json.dumps(mixed))
    with pytest.raises(UnprovenError, match="email address is missing"):
        proven.testimony(other)
