"""If anything in a proof is changed, removed, exchanged or added, the first fault is named."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.proven_world import NAMES, ProvenWorld
from support.published_site import PublishedSiteMaker
from support.world import World

from subscribers.database import open_database
from subscribers.errors import NotifyError
from subscribers.proof.verify_bundle import UnprovenError, verify_bundle
from subscribers.signing import read_private_key, read_public_key

EVERY_FILE = (
    *("head.json", "head.sig", "root.json", "history.json", "records.jsonl", "digests.bin"),
    *("declaration.txt", "declaration.html", "message-1.txt", "message-1.html"),
)


@pytest.fixture(scope="module")
def proven(empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvenWorld]:
    """A world whose bundle ``genuine`` is never touched."""
    folder = tmp_path_factory.mktemp("proven")
    engine = open_database(f"sqlite:///{shutil.copy(empty_sqlite, folder / 'test.sqlite')}")
    world = ProvenWorld(World(engine, PublishedSiteMaker(folder / "site")), folder)
    world.export("genuine")
    yield world
    engine.dispose()


@pytest.fixture
def bundle(proven: ProvenWorld, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return shutil.copytree(proven.folder / "genuine", tmp_path / "bundle")


def lines(bundle: Path) -> list[str]:
    return (bundle / "records.jsonl").read_text().splitlines()


def write(bundle: Path, changed: list[str]) -> None:
    (bundle / "records.jsonl").write_text("".join(f"{line}\n" for line in changed))


def test_a_bundle_has_exactly_the_files_of_format_1(bundle: Path) -> None:
    assert sorted(file.name for file in bundle.iterdir()) == sorted(EVERY_FILE)


@pytest.mark.parametrize("name", sorted(EVERY_FILE))
def test_every_byte_that_is_changed_is_noticed_and_its_file_named(
    proven: ProvenWorld, bundle: Path, name: str
) -> None:
    file = bundle / name
    raw = file.read_bytes()
    places = range(len(raw)) if len(raw) < 300 else random.Random(name).sample(range(len(raw)), 150)
    for place in [*places, len(raw) - 1]:
        changed = bytearray(raw)
        changed[place] ^= 1 << (place % 8)
        file.write_bytes(changed)
        with pytest.raises(UnprovenError) as caught:
            proven.verify(bundle)
        assert "head" in str(caught.value) if name == "head.sig" else name in str(caught.value)
        assert "\n" not in str(caught.value)
    file.write_bytes(raw)
    proven.verify(bundle)


def test_each_changed_record_is_named_by_its_place(proven: ProvenWorld, bundle: Path) -> None:
    told = lines(bundle)
    for place, line in enumerate(told):
        changed = [*told[:place], line.replace('"', "'", 1), *told[place + 1 :]]
        write(bundle, changed)
        with pytest.raises(UnprovenError, match=rf"records.jsonl: record {place} is changed$"):
            proven.verify(bundle)


def test_each_record_left_out_is_named_by_its_place(proven: ProvenWorld, bundle: Path) -> None:
    told = lines(bundle)
    for place in range(len(told)):
        changed = told[:place] + told[place + 1 :]
        write(bundle, changed)
        words = f"record {place} is missing" if place < len(changed) else f"ends before record {place}"
        with pytest.raises(UnprovenError, match=f"{words}$"):
            proven.verify(bundle)


def test_any_two_records_exchanged_are_named_by_the_first(proven: ProvenWorld, bundle: Path) -> None:
    told = lines(bundle)
    for one in range(len(told)):
        for other in range(one + 1, len(told)):
            changed = list(told)
            changed[one], changed[other] = told[other], told[one]
            write(bundle, changed)
            with pytest.raises(UnprovenError, match=f"record {one} is moved$"):
                proven.verify(bundle)


def test_a_record_added_is_named(proven: ProvenWorld, bundle: Path) -> None:
    told = lines(bundle)
    foreign = told[-1].replace("accepted", "rejected")
    write(bundle, [*told, foreign])
    with pytest.raises(UnprovenError, match=f"goes on after the last record, number {len(told) - 1}$"):
        proven.verify(bundle)
    write(bundle, [told[0], foreign, *told[1:]])
    with pytest.raises(UnprovenError, match=r"record 1 is replaced by a foreign one$"):
        proven.verify(bundle)


def test_records_changed_together_with_their_digests_are_noticed(proven: ProvenWorld, bundle: Path) -> None:
    told = lines(bundle)[:-1]
    write(bundle, told)
    digests = (hashlib.sha256(b"\0" + line.encode()).digest() for line in told)
    (bundle / "digests.bin").write_bytes(b"".join(digests))
    with pytest.raises(UnprovenError, match="were changed, in the same way"):
        proven.verify(bundle)


@pytest.mark.parametrize("name", sorted(EVERY_FILE))
def test_a_missing_file_is_named(proven: ProvenWorld, bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(UnprovenError, match=f"{name}: is missing"):
        proven.verify(bundle)


@pytest.mark.parametrize("name", sorted(EVERY_FILE))
def test_a_file_cut_short_is_named(proven: ProvenWorld, bundle: Path, name: str) -> None:
    raw = (bundle / name).read_bytes()
    for length in (0, 1, len(raw) // 2, len(raw) - 1):
        (bundle / name).write_bytes(raw[:length])
        with pytest.raises(UnprovenError):
            proven.verify(bundle)


def test_a_file_that_does_not_belong_is_named(proven: ProvenWorld, bundle: Path) -> None:
    (bundle / "note.txt").write_text("believe me")
    with pytest.raises(UnprovenError, match=r"note.txt: does not belong"):
        proven.verify(bundle)


def test_another_key_is_refused_and_both_are_named(proven: ProvenWorld, bundle: Path) -> None:
    with pytest.raises(UnprovenError, match=r"was signed with the key .*, but the given key is"):
        verify_bundle(bundle, Ed25519PrivateKey.generate().public_key())


def test_signed_records_have_to_add_up_to_the_signed_totals(proven: ProvenWorld, bundle: Path) -> None:
    head = (bundle / "head.json").read_text().replace('"accepted": 4', '"accepted": 3')
    head = head.replace('"rejected": 0', '"rejected": 1')
    sign_anew(proven, bundle, head)
    with pytest.raises(UnprovenError, match="the totals do not balance, so the bundle contradicts itself"):
        proven.verify(bundle)


def sign_anew(proven: ProvenWorld, bundle: Path, head: str) -> None:
    """As somebody would who has the key and is not honest."""
    (bundle / "head.json").write_text(head)
    (bundle / "head.sig").write_bytes(proven.key.sign(head.encode()))
    root = json.loads((bundle / "root.json").read_text())
    root["head_sha256"] = hashlib.sha256(head.encode()).hexdigest()
    (bundle / "root.json").write_text(json.dumps(root, indent=1).replace("\n ", "\n ") + "\n")


def test_a_users_proof_needs_nothing_but_the_public_key(proven: ProvenWorld, bundle: Path) -> None:
    file = proven.prove("boris", bundle)
    shutil.rmtree(bundle)
    assert proven.testimony(file).accounts[0].address == "boris@example.com"


def test_a_users_proof_says_nothing_about_others(proven: ProvenWorld, bundle: Path) -> None:
    told = proven.prove("anna", bundle).read_text()
    assert not any(name in told for name in NAMES if name != "anna")


def test_a_users_proof_cannot_be_made_into_another_users(proven: ProvenWorld, bundle: Path) -> None:
    file = proven.prove("anna", bundle)
    genuine = file.read_text()
    for old, new in (
        ('"anna@example.com"', '"boris@example.com"'),
        ('"anna"', '"boris"'),
        ("We keep less.", "We keep more."),
        ("delivered", "bounced"),
    ):
        assert old in genuine
        file.write_text(genuine.replace(old, new))
        with pytest.raises(UnprovenError):
            proven.testimony(file)


def test_any_byte_changed_in_a_users_proof_changes_nothing_or_is_noticed(
    proven: ProvenWorld, bundle: Path
) -> None:
    file = proven.prove("anna", bundle)
    genuine, raw = proven.testimony(file), file.read_bytes()
    for place in random.Random(1).sample(range(len(raw)), 400):
        changed = bytearray(raw)
        changed[place] ^= 1 << (place % 8)
        file.write_bytes(changed)
        with suppress(UnprovenError):
            # Unnoticed are white space and the case of a hexadecimal digit.
            assert proven.testimony(file) == genuine


def test_a_file_that_is_not_a_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotifyError, match="POLICY_NOTIFY_PROOF_KEY: not a private Ed25519 key"):
        read_private_key("nonsense")
    (tmp_path / "proof.pub").write_text("nonsense")
    with pytest.raises(NotifyError, match=r"proof.pub: not a public Ed25519 key"):
        read_public_key(tmp_path / "proof.pub")
    with pytest.raises(NotifyError, match="cannot be read"):
        read_public_key(tmp_path / "none")
