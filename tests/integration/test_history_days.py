"""When a version takes effect, and what an upcoming text is: R9 and decisions 10 and 11."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from support.policy_repository import PolicyRepository

from generator.versions.document_history import DocumentHistory, History
from generator.versions.version import Version, in_force, in_order, upcoming

FEBRUARY = date(2024, 2, 1)
OLD, NEW = "# Privacy\n\nWe keep it for one year. Any qestion?\n", "# Privacy\n\nTen years. Any qestion?\n"


def text(body: str, **front: object) -> str:
    """A text with front matter; the repository's commits are a day apart from 1 January 2024."""
    lines = "".join(f"{key}: {value}\n" for key, value in front.items())
    return f"---\n{lines}---\n{body}" if lines else body


def mended(body: str) -> str:
    return body.replace("qestion", "question")


def days(document: DocumentHistory) -> list[str]:
    return [version.effective_on.isoformat() for version in document.versions]


def applying(document: DocumentHistory, day: str) -> int | None:
    version = in_force(document.versions, day=date.fromisoformat(day))
    return version.number if version else None


def coming(document: DocumentHistory, day: str) -> list[int]:
    return [version.number for version in upcoming(document.versions, day=date.fromisoformat(day))]


def remarks(history: History) -> list[str]:
    return [warning.text for warning in history.warnings if warning.refused]


@pytest.fixture
def pending(policy: PolicyRepository) -> PolicyRepository:
    """One text that applies, and one of the same file that is announced for February."""
    policy.publish("privacy.md", OLD)
    policy.publish("privacy.md", text(NEW, effective=FEBRUARY))
    return policy


@pytest.fixture
def beside(policy: PolicyRepository) -> PolicyRepository:
    """One text that applies, and beside it one that is announced for February."""
    policy.publish("privacy.md", OLD)
    policy.publish("privacy.upcoming.md", text(NEW, effective=FEBRUARY))
    return policy


def test_a_version_without_a_day_inherits_that_of_a_pending_one(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", text(mended(NEW), change="editorial"))
    pending.publish("privacy.md", text(mended(NEW) + "\nMore.\n", change="editorial"))
    document = pending.document("privacy.md")
    assert days(document) == ["2024-01-01", "2024-02-01", "2024-02-01", "2024-02-01"]
    assert [applying(document, day) for day in ("2024-01-31", "2024-02-01")] == [1, 4]
    assert document.versions[2].announces == FEBRUARY
    assert remarks(pending.history()) == []


def test_an_explicit_day_before_a_pending_one_is_judged_as_inherited(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", text(mended(NEW), effective="2024-01-03"))
    document = pending.document("privacy.md")
    assert days(document) == ["2024-01-01", "2024-02-01", "2024-02-01"]
    assert document.versions[2].front.effective == date(2024, 1, 3)
    (remark,) = remarks(pending.history())
    assert "2024-01-03" in remark
    assert "`withdraws: 2024-01-02`" in remark


def test_a_version_that_took_effect_is_inherited_from_by_none(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", mended(NEW), at=datetime(2024, 2, 1, tzinfo=UTC))
    pending.publish("privacy.md", OLD, at=datetime(2024, 3, 1, tzinfo=UTC))
    assert days(pending.document("privacy.md"))[2:] == ["2024-02-01", "2024-03-01"]


@pytest.mark.parametrize(
    ("zone", "day"), [("Pacific/Auckland", "2024-02-01"), ("America/Lima", "2024-02-01")]
)
def test_a_day_begins_at_midnight_where_the_site_is(policy: PolicyRepository, zone: str, day: str) -> None:
    policy.publish("privacy.md", OLD)
    policy.publish("privacy.md", text(NEW, effective=FEBRUARY))
    policy.publish("privacy.md", mended(NEW), at=datetime(2024, 2, 1, 4, 59, tzinfo=UTC))
    policy.publish("privacy.md", NEW, at=datetime(2024, 2, 1, 11, 1, tzinfo=UTC))
    versions = policy.document("privacy.md", time_zone=ZoneInfo(zone)).versions
    assert [version.effective_on.isoformat() for version in versions[2:]] == [
        day,
        "2024-02-02" if zone == "Pacific/Auckland" else "2024-02-01",
    ]
    assert versions[2].label == ("2024-02-01" if zone == "Pacific/Auckland" else "2024-01-31")


def test_a_past_day_does_not_rewrite_history(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", OLD)
    policy.publish("privacy.md", text(NEW, effective="2023-10-01"))
    document = policy.document("privacy.md")
    assert days(document) == ["2024-01-01", "2024-01-02"]
    assert document.versions[1].front.effective == date(2023, 10, 1)


def test_dates_that_run_backwards_make_nothing_pending(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", OLD, at=datetime(2024, 3, 1, tzinfo=UTC))
    policy.publish("privacy.md", NEW, at=datetime(2024, 2, 1, tzinfo=UTC))
    document = policy.document("privacy.md")
    assert days(document) == ["2024-03-01", "2024-02-01"]
    assert applying(document, "2024-02-15") == 2


def test_a_withdrawn_version_never_takes_effect(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", text(mended(OLD), withdraws="2024-01-02", effective="2024-01-03"))
    document = pending.document("privacy.md")
    assert document.versions[2].withdraws == (2,)
    assert document.versions[2].follows == 2
    assert [applying(document, day) for day in ("2024-01-02", "2024-01-03", "2024-02-01")] == [1, 3, 3]
    assert coming(document, "2024-01-03") == []
    assert remarks(pending.history()) == []


def test_with_a_version_go_its_corrections_and_what_was_built_on_it(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", mended(NEW))
    pending.publish("privacy.md", text(mended(NEW) + "\nMore.\n", effective="2024-03-01"))
    pending.publish("privacy.md", text(OLD, withdraws="2024-01-03"))
    document = pending.document("privacy.md")
    assert document.versions[4].withdraws == (2, 3, 4)
    assert document.versions[4].returns_to == 1
    assert (applying(document, "2024-04-01"), days(document)[4]) == (5, "2024-01-05")


def test_the_later_of_two_pending_changes_can_be_withdrawn_alone(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", text(NEW + "\nMore.\n", effective="2024-03-01"))
    pending.publish("privacy.md", text(NEW, withdraws="2024-01-03"))
    document = pending.document("privacy.md")
    assert document.versions[3].withdraws == (3,)
    assert days(document)[3] == "2024-02-01"
    assert [applying(document, day) for day in ("2024-01-31", "2024-03-01")] == [1, 4]


@pytest.mark.parametrize("label", ["2024-01-22", "2024-01-01", "soon", "2024-01-02-2"])
def test_a_label_of_nothing_pending_withdraws_nothing(pending: PolicyRepository, label: str) -> None:
    pending.publish("privacy.md", text(mended(NEW), withdraws=label))
    document = pending.document("privacy.md")
    assert (document.versions[2].withdraws, days(document)[2]) == ((), "2024-02-01")
    (remark,) = remarks(pending.history())
    assert label in remark
    assert "pending: 2024-01-02" in remark


def test_a_label_that_is_left_in_the_file_is_remarked_upon_once(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", text(OLD, withdraws="2024-01-02"))
    pending.publish("privacy.md", text(mended(OLD), withdraws="2024-01-02"))
    document = pending.document("privacy.md")
    assert document.versions[3].withdraws == ()
    assert remarks(pending.history()) == []


def test_a_pending_change_moves_by_being_withdrawn(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", text(NEW, effective="2024-03-01", withdraws="2024-01-02"))
    pending.publish("privacy.md", text(NEW, effective="2024-01-20", withdraws="2024-01-03"))
    document = pending.document("privacy.md")
    assert coming(document, "2024-01-05") == [4]
    assert [applying(document, day) for day in ("2024-01-19", "2024-01-20", "2024-03-01")] == [1, 4, 4]


def test_two_days_are_two_changes(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", text(NEW + "\nMore.\n", effective="2024-03-01"))
    document = pending.document("privacy.md")
    assert coming(document, "2024-01-05") == [2, 3]


def test_leaving_out_the_day_of_a_pending_text_is_no_version(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", text(NEW, summary="x"))
    assert len(pending.document("privacy.md").versions) == 2


def test_leaving_out_a_day_that_has_come_is_a_version(pending: PolicyRepository) -> None:
    pending.publish("privacy.md", NEW, at=datetime(2024, 2, 2, tzinfo=UTC))
    assert len(pending.document("privacy.md").versions) == 3


def test_the_upcoming_text_belongs_to_the_document(beside: PolicyRepository) -> None:
    document = beside.document("privacy.md")
    assert beside.names() == ["privacy.md"]
    assert [version.line for version in document.versions] == [0, 1]
    assert document.upcoming is not None
    assert document.upcoming.path == "privacy.upcoming.md"
    assert document.former_paths == ()
    assert [applying(document, day) for day in ("2024-01-31", "2024-02-01")] == [1, 2]
    assert remarks(beside.history()) == []


def test_a_correction_never_overtakes_the_upcoming_text(beside: PolicyRepository) -> None:
    beside.publish("privacy.md", mended(OLD))
    beside.publish("privacy.md", mended(OLD) + "\nAnd more.\n")
    document = beside.document("privacy.md")
    assert days(document) == ["2024-01-01", "2024-02-01", "2024-01-03", "2024-01-04"]
    assert [version.follows for version in document.versions] == [None, 1, 1, 3]
    assert [applying(document, day) for day in ("2024-01-03", "2024-01-31", "2024-02-01")] == [3, 4, 2]
    assert coming(document, "2024-01-05") == [2]


def test_one_commit_corrects_both_texts(beside: PolicyRepository) -> None:
    beside.write("privacy.md", mended(OLD))
    commit = beside.publish("privacy.upcoming.md", text(mended(NEW), effective=FEBRUARY))
    document = beside.document("privacy.md")
    assert [(v.commit, v.label, v.follows) for v in document.versions[2:]] == [
        (commit, "2024-01-03", 1),
        (commit, "2024-01-03-2", 2),
    ]
    assert [applying(document, day) for day in ("2024-01-31", "2024-02-01")] == [3, 4]


def test_an_upcoming_text_without_its_day_inherits_that_of_the_one_before(beside: PolicyRepository) -> None:
    beside.publish("privacy.upcoming.md", mended(NEW))
    assert days(beside.document("privacy.md"))[2] == "2024-02-01"


@pytest.mark.parametrize("front", [{"effective": FEBRUARY}, {}], ids=["with its day", "without"])
@pytest.mark.parametrize("day", [20, 40], ids=["before its day", "after it"])
def test_moving_the_upcoming_text_over_is_no_version(
    beside: PolicyRepository, front: dict[str, object], day: int
) -> None:
    beside.remove("privacy.upcoming.md")
    at = datetime.fromtimestamp(datetime(2024, 1, 1, 12, tzinfo=UTC).timestamp() + day * 86400, UTC)
    beside.publish("privacy.md", text(NEW, **front), at=at)
    document = beside.document("privacy.md")
    assert len(document.versions) == 2
    assert document.upcoming is None
    assert [applying(document, day) for day in ("2024-01-31", "2024-02-01")] == [1, 2]
    beside.publish("privacy.md", mended(NEW), at=datetime(2024, 3, 1, tzinfo=UTC))
    version = beside.document("privacy.md").versions[2]
    assert (version.follows, version.line, version.effective_on) == (2, 1, date(2024, 3, 1))


def test_git_mv_over_the_current_text_is_no_rename(beside: PolicyRepository) -> None:
    beside.git("mv", "-f", "privacy.upcoming.md", "privacy.md")
    beside.commit(at=datetime(2024, 2, 10, tzinfo=UTC))
    assert beside.names() == ["privacy.md"]
    assert len(beside.document("privacy.md").versions) == 2
    assert remarks(beside.history()) == []


def test_moving_over_in_two_steps_is_the_same_document(beside: PolicyRepository) -> None:
    beside.remove("privacy.md")
    beside.commit(at=datetime(2024, 2, 10, tzinfo=UTC))
    beside.move("privacy.upcoming.md", "privacy.md")
    beside.commit(at=datetime(2024, 2, 11, tzinfo=UTC))
    assert beside.names() == ["privacy.md"]
    assert len(beside.document("privacy.md").versions) == 2


def test_moving_over_with_an_edit_is_a_change_of_the_text_that_applies(beside: PolicyRepository) -> None:
    beside.remove("privacy.upcoming.md")
    beside.publish("privacy.md", mended(NEW), at=datetime(2024, 2, 10, tzinfo=UTC))
    version = beside.document("privacy.md").versions[2]
    assert (version.follows, version.line, version.effective_on) == (2, 1, date(2024, 2, 10))
    assert remarks(beside.history()) == []


def test_removing_the_upcoming_text_before_its_day_withdraws_it(beside: PolicyRepository) -> None:
    beside.remove("privacy.upcoming.md")
    commit = beside.commit()
    version = beside.document("privacy.md").versions[2]
    assert (version.commit, version.withdraws, version.follows) == (commit, (2,), 2)
    assert (version.returns_to, version.effective_on, version.line) == (1, date(2024, 1, 3), 0)
    assert version.front.summary is None
    assert [applying(beside.document("privacy.md"), day) for day in ("2024-01-04", "2024-03-01")] == [3, 3]
    (remark,) = remarks(beside.history())
    assert "`withdraws: 2024-01-02`" in remark


def test_the_current_text_can_say_that_the_upcoming_one_is_withdrawn(beside: PolicyRepository) -> None:
    beside.remove("privacy.upcoming.md")
    beside.publish("privacy.md", text(OLD, withdraws="2024-01-02", summary="We will not."))
    document = beside.document("privacy.md")
    assert [(v.withdraws, v.front.summary) for v in document.versions[2:]] == [((2,), "We will not.")]
    assert remarks(beside.history()) == []
    beside.publish("privacy.upcoming.md", text("Other.\n", effective="2024-05-01"))
    assert coming(beside.document("privacy.md"), "2024-02-10") == [4]


def test_removing_the_upcoming_text_after_its_day_brings_no_old_text_back(beside: PolicyRepository) -> None:
    beside.remove("privacy.upcoming.md")
    beside.commit(at=datetime(2024, 2, 10, tzinfo=UTC))
    document = beside.document("privacy.md")
    assert len(document.versions) == 2
    assert applying(document, "2024-02-11") == 2
    (remark,) = remarks(beside.history())
    assert "file was removed" in remark


def test_an_edit_of_the_old_text_after_the_day_never_takes_effect(beside: PolicyRepository) -> None:
    beside.publish("privacy.md", mended(OLD), at=datetime(2024, 2, 10, tzinfo=UTC))
    document = beside.document("privacy.md")
    assert len(document.versions) == 3
    assert applying(document, "2024-02-11") == 2
    (remark,) = remarks(beside.history())
    assert "move the upcoming file over this one" in remark


def test_a_correction_that_comes_after_the_upcoming_text_never_takes_effect(beside: PolicyRepository) -> None:
    beside.publish("privacy.md", text(mended(OLD), effective=FEBRUARY))
    assert applying(beside.document("privacy.md"), "2024-02-11") == 2
    (remark,) = remarks(beside.history())
    assert "never does" in remark


def test_an_upcoming_text_that_never_stated_a_day_is_not_published(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", OLD)
    policy.publish("privacy.upcoming.md", NEW)
    assert len(policy.document("privacy.md").versions) == 1
    (remark,) = remarks(policy.history())
    assert "`effective` is missing" in remark


def test_a_copy_of_the_current_text_is_no_change_yet(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", OLD)
    policy.publish("privacy.upcoming.md", text(OLD, effective=FEBRUARY))
    assert len(policy.document("privacy.md").versions) == 1
    policy.publish("privacy.upcoming.md", text(NEW, effective=FEBRUARY))
    assert len(policy.document("privacy.md").versions) == 2


def test_a_file_named_upcoming_with_nothing_beside_it_is_a_document(policy: PolicyRepository) -> None:
    policy.publish("events.upcoming.md", "# Events\n")
    policy.publish("events.md", "# Past events\n")
    policy.publish("events.upcoming.md", "# Other events\n")
    assert policy.names() == ["events.md", "events.upcoming.md"]
    assert len(policy.document("events.upcoming.md").versions) == 2


def test_both_texts_are_renamed_together(beside: PolicyRepository) -> None:
    beside.move("privacy.md", "data/protection.md")
    beside.move("privacy.upcoming.md", "data/protection.upcoming.md")
    beside.commit()
    beside.publish("data/protection.upcoming.md", text(mended(NEW), effective=FEBRUARY))
    document = beside.document("data/protection.md")
    assert [version.line for version in document.versions] == [0, 1, 1]
    assert document.versions[2].path == "data/protection.upcoming.md"
    assert beside.names() == ["data/protection.md"]


def test_texts_that_are_renamed_and_edited_together_are_not_taken_for_each_other(
    policy: PolicyRepository,
) -> None:
    words = "\n".join(f"{number}. We keep it for {number} years." for number in range(1, 30))
    policy.publish("a.md", f"# A\n\n{words}\n")
    policy.publish("a.upcoming.md", text(f"# A\n\n{words}\n\nMuch more.\n", effective=FEBRUARY))
    policy.remove("a.md")
    policy.remove("a.upcoming.md")
    policy.write("b.md", f"# A\n\n{words}\n\nMuch more, and corrected.\n")
    policy.write("b.upcoming.md", text(f"# A\n\n{words}\n\nAnd.\n", effective=FEBRUARY))
    policy.commit()
    assert policy.names() == ["b.md"]
    assert [v.line for v in policy.document("b.md").versions] == [0, 1, 0, 1]


def test_the_current_text_renamed_alone_keeps_its_upcoming_one(beside: PolicyRepository) -> None:
    beside.move("privacy.md", "protection.md")
    beside.commit()
    document = beside.document("protection.md")
    assert applying(document, "2024-02-01") == 2
    assert beside.names() == ["protection.md"]


def test_an_upcoming_text_renamed_to_another_name_is_withdrawn(beside: PolicyRepository) -> None:
    beside.move("privacy.upcoming.md", "terms.md")
    beside.commit()
    assert beside.names() == ["privacy.md", "terms.md"]
    assert beside.document("privacy.md").versions[2].withdraws == (2,)


def test_two_upcoming_changes_come_one_after_the_other(beside: PolicyRepository) -> None:
    more = NEW + "\nMore.\n"
    beside.publish("privacy.upcoming.md", text(more, effective="2024-03-01"))
    document = beside.document("privacy.md")
    assert coming(document, "2024-01-05") == [2, 3]
    beside.publish("privacy.md", text(NEW, effective=FEBRUARY), at=datetime(2024, 2, 5, tzinfo=UTC))
    assert len(beside.document("privacy.md").versions) == 3
    beside.publish("privacy.md", mended(NEW), at=datetime(2024, 2, 6, tzinfo=UTC))
    document = beside.document("privacy.md")
    assert (document.versions[3].follows, document.versions[3].effective_on) == (2, date(2024, 2, 6))
    assert [applying(document, day) for day in ("2024-02-05", "2024-02-29", "2024-03-01")] == [2, 4, 3]
    assert remarks(beside.history()) == []


def test_the_upcoming_text_moves_its_day_by_withdrawing(beside: PolicyRepository) -> None:
    beside.publish("privacy.upcoming.md", text(NEW, effective="2024-03-01", withdraws="2024-01-02"))
    document = beside.document("privacy.md")
    assert coming(document, "2024-01-05") == [3]
    assert applying(document, "2024-02-10") == 1
    assert document.versions[2].line == 1


def test_an_emergency_change_of_the_current_text_withdraws_the_upcoming_one(beside: PolicyRepository) -> None:
    beside.publish("privacy.md", text("Stop.\n", effective="2024-01-03", withdraws="2024-01-02"))
    beside.publish("privacy.upcoming.md", text(mended(NEW), effective="2024-06-01"))
    document = beside.document("privacy.md")
    assert [applying(document, day) for day in ("2024-01-03", "2024-03-01", "2024-06-01")] == [3, 3, 4]
    assert document.versions[3].follows == 3


def test_labels_never_change_as_history_grows(beside: PolicyRepository) -> None:
    known: list[Version] = []
    for change in (
        {"privacy.md": mended(OLD), "privacy.upcoming.md": text(mended(NEW), effective=FEBRUARY)},
        {"privacy.upcoming.md": text(NEW, effective="2024-03-01", withdraws="2024-01-02")},
        {"privacy.upcoming.md": None},
        {"privacy.upcoming.md": text("Else.\n", effective="2024-04-01")},
        {"privacy.md": "Else.\n"},
        {"privacy.md": "Else, too.\n", "privacy.upcoming.md": None},
    ):
        for path, content in change.items():
            beside.remove(path) if content is None else beside.write(path, content)
        beside.commit()
        versions = list(beside.document("privacy.md").versions)
        assert versions[: len(known)] == known
        known = versions
    assert len(known) >= 7


def test_a_translation_has_an_upcoming_text_of_its_own(beside: PolicyRepository) -> None:
    beside.publish("privacy.ru.md", "Год.\n")
    beside.publish("privacy.ru.upcoming.md", text("Десять лет.\n", effective=FEBRUARY))
    assert beside.names() == ["privacy.md", "privacy.ru.md"]
    assert coming(beside.document("privacy.ru.md"), "2024-01-05") == [2]


def test_a_draft_of_the_upcoming_text_is_a_version(beside: PolicyRepository) -> None:
    beside.write("privacy.upcoming.md", text(mended(NEW), effective=FEBRUARY))
    now = datetime(2024, 1, 10, tzinfo=UTC)
    assert [v.line for v in beside.document("privacy.md", draft_at=now).versions] == [0, 1, 1]


@pytest.mark.parametrize("label", ["2024-01-02", None])
def test_a_document_that_ends_takes_its_upcoming_text_along(
    beside: PolicyRepository, label: str | None
) -> None:
    stated = {"withdraws": label} if label else {}
    beside.publish("privacy.md", text(OLD, withdrawn="2024-01-20", summary="No more.", **stated))
    document = beside.document("privacy.md")
    assert document.versions[2].withdraws == (2,)
    assert [version.number for version in in_order(document.versions)] == [1, 3]
    assert document.versions[2].withdrawn_on == date(2024, 1, 20)
    assert ["document ends before 2024-02-01" in remark for remark in remarks(beside.history())] == (
        [] if label else [True]
    )
