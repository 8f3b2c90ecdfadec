"""One digest over any number of records, and short proofs that a record is one of them.

The tree of RFC 9162, section 2.1. It is built record by record, so memory grows only with its height.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence


def leaf(record: bytes) -> bytes:
    """The digest of one record."""
    return hashlib.sha256(b"\0" + record).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """Takes leaves in order. Nodes in ``wanted``, each a level and a position, are kept."""

    def __init__(self, wanted: Iterable[tuple[int, int]] = ()) -> None:
        self.kept: dict[tuple[int, int], bytes] = dict.fromkeys(wanted, b"")
        # For each level, the number of nodes so far, and the last node while it has no pair.
        self._levels: list[tuple[int, bytes | None]] = []

    def add(self, node: bytes) -> None:
        """Add the next leaf."""
        level = 0
        while True:
            if level == len(self._levels):
                self._levels.append((0, None))
            position, left = self._levels[level]
            self._keep(level, position, node)
            if left is None:
                self._levels[level] = (position + 1, node)
                return
            self._levels[level] = (position + 1, None)
            node = _node(left, node)
            level += 1

    def root(self) -> bytes:
        """The digest over all leaves. Nothing may be added afterwards."""
        last: bytes | None = None
        for level, (position, left) in enumerate(self._levels):
            if last is not None:
                self._keep(level, position, last)
            if left is not None:
                last = left if last is None else _node(left, last)
        return hashlib.sha256(b"").digest() if last is None else last

    def _keep(self, level: int, position: int, node: bytes) -> None:
        if (level, position) in self.kept:
            self.kept[level, position] = node


def paths(leaves: Iterable[bytes], numbers: Sequence[int], *, count: int) -> Mapping[int, Sequence[bytes]]:
    """For each leaf in ``numbers``, the digests that lead from it to the root of ``count`` leaves."""
    tree = Tree(place for number in numbers for place in _siblings(number, count))
    for each in leaves:
        tree.add(each)
    tree.root()
    return {number: [tree.kept[place] for place in _siblings(number, count)] for number in numbers}


def root_from(node: bytes, number: int, path: Sequence[bytes], *, count: int) -> bytes | None:
    """The root to which ``path`` leads from the leaf ``node``, or None if its length is wrong."""
    siblings = _siblings(number, count)
    if not 0 <= number < count or len(siblings) != len(path):
        return None
    for (_, position), sibling in zip(siblings, path, strict=True):
        node = _node(node, sibling) if position % 2 else _node(sibling, node)
    return node


def _siblings(number: int, count: int) -> list[tuple[int, int]]:
    """The siblings of the nodes from a leaf up to the root, lowest first."""
    found = []
    level, size = 0, count
    while size > 1:
        sibling = number ^ 1
        if sibling < size:
            found.append((level, sibling))
        number, size, level = number // 2, (size + 1) // 2, level + 1
    return found
