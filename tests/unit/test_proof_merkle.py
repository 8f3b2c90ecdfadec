"""The tree over the records: one root for one sequence, and a short way to it from every leaf."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from subscribers.proof.merkle_tree import Tree, leaf, paths, root_from

RECORDS = st.lists(st.binary(max_size=4), min_size=1, max_size=40)


def root_of(records: list[bytes]) -> bytes:
    tree = Tree()
    for record in records:
        tree.add(leaf(record))
    return tree.root()


def as_defined(records: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    if len(records) == 1:
        return hashlib.sha256(b"\0" + records[0]).digest()
    half = 1 << ((len(records) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + as_defined(records[:half]) + as_defined(records[half:])).digest()


@given(RECORDS)
def test_the_root_is_the_one_that_the_standard_defines(records: list[bytes]) -> None:
    assert root_of(records) == as_defined(records)


def test_no_records_have_a_root_too() -> None:
    assert Tree().root() == hashlib.sha256(b"").digest()


@given(RECORDS)
def test_a_path_leads_from_every_record_to_the_root(records: list[bytes]) -> None:
    leaves = [leaf(record) for record in records]
    found = paths(leaves, range(len(records)), count=len(records))
    for number, path in found.items():
        assert root_from(leaves[number], number, path, count=len(records)) == root_of(records)


@given(RECORDS, st.data())
def test_a_path_proves_no_other_record_and_no_other_place(records: list[bytes], data: st.DataObject) -> None:
    leaves = [leaf(record) for record in records]
    number = data.draw(st.integers(0, len(records) - 1))
    path = paths(leaves, [number], count=len(records))[number]
    root = root_of(records)

    assert root_from(leaf(b"another one"), number, path, count=len(records)) != root
    assert root_from(leaves[number], len(records), path, count=len(records)) is None
    assert root_from(leaves[number], number, [*path, b"\0" * 32], count=len(records)) is None
    for other, record in enumerate(records):
        if record != records[number]:
            assert root_from(leaves[number], other, path, count=len(records)) != root
