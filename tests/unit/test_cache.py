"""The cache keeps texts, deletes unused ones, and never stops a build."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from generator.cache import FILE, Cache


def test_cached_texts_are_there_in_the_next_build(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        cache["a"] = "текст"
    with Cache(tmp_path) as cache:
        assert cache["a"] == "текст"
        assert list(cache) == ["a"]


def test_texts_that_no_build_used_for_three_months_are_deleted(tmp_path: Path) -> None:
    begun = date(2026, 1, 1)
    with Cache(tmp_path) as cache:
        cache["used"], cache["unused"] = "1", "2"
        cache.forget_unused(today=begun)
    for days in (10, 80, 91):
        with Cache(tmp_path) as cache:
            assert cache.get("used") == "1"
            assert ("unused" in list(cache)) == (days < 95)
            cache["new"] = "3"
            cache.forget_unused(today=begun + timedelta(days=days))
    with Cache(tmp_path) as cache:
        assert sorted(cache) == ["new", "used"]


def test_a_damaged_cache_is_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with Cache(tmp_path) as cache:
        assert len(cache) == 0
        cache["a"] = "1"
    with Cache(tmp_path) as cache:
        assert cache["a"] == "1"


def test_two_builds_at_once_do_not_block_each_other(tmp_path: Path) -> None:
    with Cache(tmp_path) as first, Cache(tmp_path) as second:
        first["a"] = "1"
        second["b"] = "2"
    with Cache(tmp_path) as cache:
        assert sorted(cache) == ["a", "b"]
