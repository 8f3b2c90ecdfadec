"""``history.json`` is read strictly: it is what the format says, or the refusal says what is not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.published_site import PublishedSiteMaker

from subscribers.site.history_json import UnreadableSiteError, parse_history, parse_redline

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["America", "../x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def made() -> PublishedSiteMaker:
    maker = PublishedSiteMaker(Path())
    maker.publish("privacy")
    maker.commit()
    maker.publish("privacy")
    for version in maker.documents["privacy"]["versions"]:
        version["page_sha256"] = "0" * 64
    maker.documents["privacy"]["versions"][1]["redline"]["sha256"] = "0" * 64
    maker.history["documents"] = list(maker.documents.values())
    return maker


HISTORY = made().history
REDLINE = next(iter(made().redlines.values()))


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def replaced(value: Any, place: tuple[str | int, ...], new: Any) -> Any:
    if not place:
        return new
    value = copy.deepcopy(value)
    target = value
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = new
    return value


def test_the_test_sites_have_a_valid_history_and_redlines() -> None:
    assert parse_history(json.dumps(HISTORY).encode(), where="here").documents[0].newest.number == 2
    assert parse_redline(json.dumps(REDLINE).encode(), where="here").to_number == 2


def refusal(read: Callable[..., object], value: Any) -> str | None:
    try:
        read(json.dumps(value).encode(), where="here")
    except UnreadableSiteError as error:
        return str(error)
    return None


@given(place=st.sampled_from(places(HISTORY)), new=JSON)
def test_any_other_value_anywhere_is_read_or_refused_in_one_line(
    place: tuple[str | int, ...], new: Any
) -> None:
    said = refusal(parse_history, replaced(HISTORY, place, new))
    assert said is None or (said.startswith("here: ") and "\n" not in said)


@given(place=st.sampled_from(places(REDLINE)), new=JSON)
def test_any_other_value_in_a_redline_is_read_or_refused_in_one_line(
    place: tuple[str | int, ...], new: Any
) -> None:
    said = refusal(parse_redline, replaced(REDLINE, place, new))
    assert said is None or (said.startswith("here: ") and "\n" not in said)


@given(raw=st.binary())
def test_any_bytes_are_refused_in_one_line(raw: bytes) -> None:
    with pytest.raises(UnreadableSiteError) as refusal:
        parse_history(raw, where="here")
    assert "\n" not in str(refusal.value)


def test_two_versions_with_the_same_label_are_refused() -> None:
    doubled = copy.deepcopy(HISTORY)
    first, second = doubled["documents"][0]["versions"]
    second["label"] = first["label"]
    with pytest.raises(UnreadableSiteError, match="two versions of privacy have the same label"):
        parse_history(json.dumps(doubled).encode(), where="here")
