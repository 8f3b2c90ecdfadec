"""The changes that make a version of a document, and those that do not."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import pytest
from support.policy_repository import PolicyRepository, plain_renderer

from generator.errors import DocumentTextError
from generator.git.repository import open_repository
from generator.git.steps import UNCOMMITTED
from generator.markdown.renderer import DEFAULT_EXTENSIONS, Renderer
from generator.versions.document_history import History
from generator.versions.history import read_version, refuse_problems


def texts(history: History) -> list[str]:
    return [str(warning) for warning in history.warnings]


def test_version_1_is_the_first_step_even_with_nothing_visible(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "<!-- soon -->\n")
    second = policy.publish("privacy.md", "Here.\n")
    assert policy.versions("privacy.md") == [first, second]
    (warning,) = policy.history().warnings
    assert (warning.path, warning.commit) == ("privacy.md", first)
    assert "would see nothing" in warning.text


def test_a_change_that_nobody_sees_is_no_version(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "# Privacy\n\nWe keep *little*.\n")
    policy.publish(
        "privacy.md", b"\xef\xbb\xbf# Privacy #\r\n\r\nWe  keep\r\n_little_.  \r\n<!-- seen by nobody -->\r\n"
    )
    policy.publish(
        "privacy.md", "---\nsummary: Nothing\nauthor: me\n---\n# Privacy {#top .x}\n\nWe keep *little*.\n"
    )
    assert policy.versions("privacy.md") == [first]


def test_a_change_is_measured_against_the_version_before_not_the_step_before(
    policy: PolicyRepository,
) -> None:
    policy.publish("privacy.md", "One.\n")
    policy.publish("privacy.md", "One.\n\n<!-- a -->\n")
    third = policy.publish("privacy.md", "Two.\n\n<!-- a -->\n")
    policy.publish("privacy.md", "Two.\n")
    assert policy.versions("privacy.md")[1:] == [third]


def test_restoring_unchanged_text_is_a_gap_and_no_version(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    policy.remove("privacy.md")
    removed = policy.commit()
    restored = policy.publish("privacy.md", "One.\n")
    document = policy.document("privacy.md")
    assert [version.commit for version in document.versions] == [first]
    assert [(gap.removed, gap.restored) for gap in document.gaps] == [(removed, restored)]


def test_a_version_equal_to_an_earlier_one_returns_to_the_lowest(policy: PolicyRepository) -> None:
    for text in ("A.\n", "B.\n", "A.\n", "B.\n", "A.\n", "C.\n"):
        policy.publish("privacy.md", text)
    returns = [version.returns_to for version in policy.document("privacy.md").versions]
    assert returns == [None, None, 1, 2, 1, None]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("title: Privacy", "title: Data protection"),
        ("title: Privacy", "summary: x"),
        ("effective: 2024-01-01", "effective: 2024-02-01"),
        ("effective: 2024-01-01", "summary: x"),
    ],
)
def test_the_title_and_the_effective_date_are_visible(
    policy: PolicyRepository, before: str, after: str
) -> None:
    first = policy.publish("privacy.md", f"---\n{before}\n---\nText.\n")
    second = policy.publish("privacy.md", f"---\n{after}\n---\nText.\n")
    assert policy.versions("privacy.md") == [first, second]


def test_a_version_has_the_front_matter_of_its_own_commit(policy: PolicyRepository) -> None:
    front = (
        "change: editorial\nsummary: Clearer\nimpact: None\napproved_by: Board\n"
        "version: 2.0\neffective: 2024-06-01"
    )
    policy.publish("privacy.md", f"---\n{front}\nowner: legal\n---\n# Privacy\n")
    policy.publish("privacy.md", "---\nchange: material\n---\n# Privacy\n\nMore.\n")
    policy.publish("privacy.md", "---\nchange: editorial\n---\n# Privacy\n\nMore.\n")
    first, second = policy.document("privacy.md").versions
    assert (first.front.change, second.front.change) == ("editorial", "material")
    assert (first.front.summary, first.front.impact) == ("Clearer", "None")
    assert (first.front.approved_by, first.front.version) == ("Board", "2.0")
    assert first.front.unknown == {"owner": "legal"}
    assert first.effective_on == date(2024, 6, 1)
    assert second.effective_on == first.effective_on  # it was built on the upcoming version


def test_the_title_is_stated_or_the_first_heading_or_the_path(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "Text.\n")
    policy.publish("privacy.md", "## ![x](y.png)\n\n### Privacy *policy* ![x](y.png)\n\n# Nor this\n")
    policy.publish("privacy.md", "---\ntitle: Stated\n---\n# Privacy\n")
    titles = [version.title for version in policy.document("privacy.md").versions]
    assert titles == ["privacy.md", "Privacy policy", "Stated"]


def test_bad_front_matter_is_a_warning_in_the_past(policy: PolicyRepository) -> None:
    bad = policy.publish("policy/privacy.md", "---\ntitle: A\nchange: huge\n---\nOne.\n")
    policy.publish("policy/privacy.md", "---\ntitle: A\nchange: huge\n---\nTwo.\n")
    policy.publish("policy/privacy.md", "---\ntitle: A\nchange: material\n---\nThree.\n")
    history = policy.history(folder="policy")
    assert texts(history) == [
        "policy/privacy.md:3: `change` is 'huge', so it is ignored; write `material` or `editorial` "
        f"(since {bad[:12]})"
    ]
    assert history.documents[0].versions[0].front.change is None
    refuse_problems(history)


def test_bad_front_matter_in_the_newest_text_is_refused(policy: PolicyRepository) -> None:
    policy.write("policy/cookies.md", "---\ntitle: [a]\n---\nOne.\n")
    policy.publish("policy/privacy.md", "One.\n")
    policy.publish("policy/privacy.md", "---\nsummary: Fine\neffective: soon\n---\nOne more.\n")
    policy.publish("policy/privacy.md", "---\nsummary: Fine\nchange: huge\n---\nOne more.\n")
    with pytest.raises(DocumentTextError) as refusal:
        refuse_problems(policy.history(folder="policy"))
    assert str(refusal.value).splitlines() == [
        "policy/cookies.md:2: `title` is a list or a mapping, so it is ignored; write one line of text",
        "policy/privacy.md:3: `change` is 'huge', so it is ignored; write `material` or `editorial`",
    ]


def test_bad_front_matter_of_an_ended_document_refuses_nothing(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "---\nchange: huge\n---\nOne.\n")
    policy.remove("privacy.md")
    policy.commit()
    refuse_problems(policy.history())


def test_undecodable_bytes_are_replaced_and_warned_about(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", b"One.\n\nCaf\xe9.\n")
    history = policy.history()
    assert texts(history) == [
        "privacy.md:3: some bytes are not UTF-8 and were replaced; save the file as UTF-8 (since "
        f"{first[:12]})"
    ]
    with pytest.raises(DocumentTextError, match="UTF-8"):
        refuse_problems(history)
    policy.publish("privacy.md", "One.\n\nCafé.\n")
    refuse_problems(policy.history())


def test_the_text_of_any_version_can_be_read(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "# Privacy\n\nOne.\n")
    policy.publish("privacy.md", "# Privacy\n\nTwo.\n")
    first, _ = policy.document("privacy.md").versions
    with open_repository(policy.folder) as repository:
        document = read_version(first, repository, plain_renderer())
    assert document.html == '<h1 id="privacy">Privacy</h1>\n<p>One.</p>'
    assert document.content_sha256 == first.content_sha256


def test_an_id_is_made_of_the_first_commit_and_the_first_path(policy: PolicyRepository) -> None:
    first = policy.publish("policy/privacy.md", "One.\n")
    digest = hashlib.sha256(f"{first}\0policy/privacy.md".encode()).hexdigest()
    assert policy.document("privacy.md", folder="policy").id == digest[:16]


DRAFTED_AT = datetime(2025, 1, 1, tzinfo=UTC)


def test_uncommitted_edits_are_a_draft_version_on_top(policy: PolicyRepository) -> None:
    policy.write("same.md", "Same.\n")
    first = policy.publish("privacy.md", "One.\n")
    policy.write("privacy.md", "Draft.\n")
    policy.write("new.md", "New.\n")
    policy.write(".venv/readme.md", "Hidden.\n")
    (policy.folder / "link.md").symlink_to("privacy.md")
    assert policy.versions("privacy.md", draft_at=DRAFTED_AT) == [first, UNCOMMITTED]
    assert policy.versions("new.md", draft_at=DRAFTED_AT) == [UNCOMMITTED]
    assert policy.versions("same.md", draft_at=DRAFTED_AT) == [first]
    assert policy.names(draft_at=DRAFTED_AT) == ["new.md", "privacy.md", "same.md"]
    draft = policy.document("privacy.md", draft_at=DRAFTED_AT).versions[-1]
    assert draft.label == "2025-01-01"


def test_a_draft_is_readable_and_leaves_the_repository_as_it_was(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "One.\n")
    policy.write("privacy.md", "Draft.\n")
    with open_repository(policy.folder) as repository:
        draft = policy.document("privacy.md", draft_at=DRAFTED_AT).versions[-1]
        before = policy.git("count-objects")
        repository.work_tree.documents(folder="")
        assert read_version(draft, repository, plain_renderer()).html == "<p>Draft.</p>"
    assert policy.git("count-objects") == before


def test_an_uncommitted_move_keeps_the_document(policy: PolicyRepository) -> None:
    first = policy.publish("privacy.md", "One.\n")
    policy.move("privacy.md", "data.md")
    assert policy.versions("data.md", draft_at=DRAFTED_AT) == [first]


def test_an_uncommitted_removal_ends_the_document(policy: PolicyRepository) -> None:
    policy.write("other.md", "One.\n")
    policy.publish("privacy.md", "One.\n")
    policy.remove("privacy.md")
    assert policy.document("privacy.md", draft_at=DRAFTED_AT).ended_at == DRAFTED_AT


def test_what_was_rendered_is_kept_for_the_next_reader(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "# Privacy\n\nOne.\n")
    policy.publish("privacy.md", "# Privacy\n\nTwo.\n")
    kept: dict[str, str] = {}
    cold = Renderer(DEFAULT_EXTENSIONS, {}, kept)
    history = policy.history(renderer=cold)

    class Unrendered(Renderer):
        def _convert(self, body: str) -> str:
            raise AssertionError(body)

    warm = Unrendered(DEFAULT_EXTENSIONS, {}, kept)
    assert policy.history(renderer=warm) == history
    with open_repository(policy.folder) as repository:
        newest = read_version(history.documents[0].versions[-1], repository, warm)
    assert newest.html == '<h1 id="privacy">Privacy</h1>\n<p>Two.</p>'
