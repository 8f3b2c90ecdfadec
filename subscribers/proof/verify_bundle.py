"""Verifies a bundle with nothing but a public key, and names the first thing that is wrong.

The order is: the signature over the head, the files that the head lists, each record, and finally whether the
records add up to the totals in the head.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise, zip_longest
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from subscribers.errors import NotifyError
from subscribers.proof import bundle_format, merkle_tree
from subscribers.proof.bundle_format import Head
from subscribers.proof.consistency import ContradictionError, check_history, check_totals
from subscribers.proof.export_bundle import root_of
from subscribers.signing import fingerprint, is_signed


class UnprovenError(NotifyError):
    """A part of a proof differs from what was signed."""

    def __init__(self, where: object, what: str) -> None:
        super().__init__(f"{where}: {what}")


def verify_bundle(bundle: Path, key: Ed25519PublicKey) -> Head:
    """Return the head of a bundle if every byte is as signed and everything adds up."""
    raw = read(bundle / bundle_format.HEAD)
    head = verified_head(raw, read(bundle / bundle_format.SIGNATURE), key, where=bundle / bundle_format.HEAD)
    _check_files(bundle, head, raw)
    _check_records(bundle, head)
    try:
        check_history((bundle / bundle_format.HISTORY).read_bytes(), head)
        check_totals(record_lines(bundle), head)
    except ContradictionError as error:
        raise UnprovenError(bundle, f"{error}, so the bundle contradicts itself") from error
    return head


def verify_chain(heads: list[tuple[Path, Head]]) -> None:
    """Refuse unless each bundle names the one listed before it as its predecessor."""
    for (earlier, first), (later, second) in pairwise(heads):
        digest = hashlib.sha256((earlier / bundle_format.HEAD).read_bytes()).hexdigest()
        if second.before is None or second.before.head_sha256 != digest:
            named = (
                f"announcement {second.before.announcement}, head {second.before.head_sha256}"
                if second.before
                else "none"
            )
            raise UnprovenError(
                later,
                f"does not follow {earlier} (announcement {first.announcement}, head {digest}): "
                f"it names {named} as its predecessor",
            )


def verified_head(raw: bytes, signature: bytes, key: Ed25519PublicKey, *, where: object) -> Head:
    """The head, if ``key`` has signed exactly these bytes."""
    try:
        head = bundle_format.head_json.validate_json(raw)
    except ValidationError:
        head = None
    if not is_signed(key, signature, raw):
        if head is not None and head.signed_by != fingerprint(key):
            raise UnprovenError(
                where,
                f"was signed with the key {head.signed_by}, but the given key is {fingerprint(key)}; "
                "give the right key, or the head was changed",
            )
        raise UnprovenError(where, "the signature does not fit: the head or the signature was changed")
    if head is None:
        raise UnprovenError(
            where, "does not have format 1; verify it with the version of policysite that made it"
        )
    return head


def read(file: Path) -> bytes:
    """The bytes of a file that a proof must have."""
    try:
        return file.read_bytes()
    except FileNotFoundError as error:
        raise UnprovenError(file, "is missing") from error
    except OSError as error:
        raise UnprovenError(file, f"cannot be read ({error.strerror})") from error


def record_lines(bundle: Path) -> Iterator[bytes]:
    """The records as the file has them, without line ends."""
    with (bundle / bundle_format.RECORDS).open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")


def digests(bundle: Path) -> Iterator[bytes]:
    """The digest of each record, in order."""
    with (bundle / bundle_format.DIGESTS).open("rb") as file:
        while digest := file.read(bundle_format.DIGEST_BYTES):
            yield digest


def _check_files(bundle: Path, head: Head, raw: bytes) -> None:
    for name, sha256 in head.files.items():
        if hashlib.sha256(read(bundle / name)).hexdigest() != sha256:
            raise UnprovenError(bundle / name, "was changed")
    if read(bundle / bundle_format.ROOT) != root_of(head, raw):
        raise UnprovenError(bundle / bundle_format.ROOT, "was changed")
    ours = {
        *head.files,
        bundle_format.HEAD,
        bundle_format.SIGNATURE,
        bundle_format.ROOT,
        bundle_format.RECORDS,
        bundle_format.DIGESTS,
    }
    present = {file.name for file in bundle.iterdir()}
    for name in sorted(ours - present):
        raise UnprovenError(bundle / name, "is missing")
    for name in sorted(present - ours):
        raise UnprovenError(bundle / name, "does not belong to the bundle")


def _check_records(bundle: Path, head: Head) -> None:
    """Compare each record with its digest, and both with the signed root."""
    signed, found = merkle_tree.Tree(), merkle_tree.Tree()
    first: int | None = None
    for place, (digest, line) in enumerate(zip_longest(digests(bundle), record_lines(bundle))):
        actual = None if line is None else merkle_tree.leaf(line)
        if first is None and digest != actual:
            first = place
        if digest is not None:
            signed.add(digest)
        if actual is not None:
            found.add(actual)
    signed_root, found_root = signed.root().hex(), found.root().hex()
    if signed_root == found_root == head.root and first is None:
        _check_last_byte(bundle)
    elif signed_root == head.root and first is not None:
        raise UnprovenError(bundle / bundle_format.RECORDS, _what_happened(bundle, first))
    elif found_root == head.root and first is not None:
        raise UnprovenError(bundle / bundle_format.DIGESTS, f"the digest of record {first} was changed")
    else:
        where = f"both from record {first} on" if first is not None else "in the same way"
        raise UnprovenError(
            bundle, f"{bundle_format.RECORDS} and {bundle_format.DIGESTS} were changed, {where}"
        )


def _what_happened(bundle: Path, place: int) -> str:
    """Describes the first difference between the records and their digests, at ``place``."""
    expected = next((digest for number, digest in enumerate(digests(bundle)) if number == place), None)
    line = next((line for number, line in enumerate(record_lines(bundle)) if number == place), None)
    if line is None:
        return f"ends before record {place}"
    if expected is None:
        return f"goes on after the last record, number {place - 1}"
    is_present = any(merkle_tree.leaf(each) == expected for each in record_lines(bundle))
    is_known = merkle_tree.leaf(line) in digests(bundle)
    if is_known:
        return f"record {place} is {'moved' if is_present else 'missing'}"
    return f"record {place} is {'replaced by a foreign one' if is_present else 'changed'}"


def _check_last_byte(bundle: Path) -> None:
    """Check the only byte that no digest covers: the end of the last line."""
    with (bundle / bundle_format.RECORDS).open("rb") as file:
        if file.seek(0, 2):
            file.seek(-1, 2)
            if file.read() != b"\n":
                raise UnprovenError(bundle / bundle_format.RECORDS, "the end of the last line is missing")
