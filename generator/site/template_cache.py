"""Keeps compiled templates in memory, because a preview builds many times in one process."""

from __future__ import annotations

from types import CodeType

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

_known: dict[object, CodeType] = {}


class TemplateCache(BytecodeCache):
    """The templates that this process has compiled, by text and by the options that change the result."""

    def load_bytecode(self, bucket: Bucket) -> None:
        """Use the code of a template that was compiled before."""
        bucket.code = _known.get(_key(bucket))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template that was compiled now."""
        assert bucket.code is not None
        _known[_key(bucket)] = bucket.code


def _key(bucket: Bucket) -> object:
    environment = bucket.environment
    names = (environment.extensions, environment.filters, environment.tests)
    options = (environment.trim_blocks, environment.lstrip_blocks)
    return bucket.key, bucket.checksum, options, *map(frozenset, names)
