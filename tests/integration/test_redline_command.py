"""``policy-site redline`` on files and on files of commits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.policy_repository import PolicyRepository
from typer.testing import CliRunner

from generator.cli import app
from generator.commands.redline import NoSuchTextError
from generator.errors import UnknownRefError

OLD = "---\ntitle: Privacy\n---\n# Privacy\n\nWe keep your data for five years.\n"
NEW = OLD.replace("five", "ten")


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("old.md").write_text(OLD, encoding="utf8")
    Path("new.md").write_text(NEW, encoding="utf8")
    return tmp_path


def answer(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["redline", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_two_files_are_compared_in_plain_words(texts: Path) -> None:
    assert answer("old.md", "new.md") == (
        "1. Paragraph 1: “five” became “ten” (Privacy)\n\n"
        "# Privacy\n\nWe keep your data for [removed: five] [added: ten] years.\n"
    )


def test_a_text_can_be_that_of_a_commit(texts: Path) -> None:
    PolicyRepository(texts).git("add", "old.md")
    PolicyRepository(texts).git("commit", "--quiet", "--message=first")
    assert answer("HEAD:old.md", "new.md") == answer("old.md", "new.md")


def test_an_unknown_commit_is_refused_without_naming_an_option(texts: Path) -> None:
    PolicyRepository(texts).commit()
    with pytest.raises(UnknownRefError, match=r"'nowhere'; name a branch \(existing: main\)"):
        answer("nowhere:old.md", "new.md")


def test_html_and_json_contain_the_redline(texts: Path) -> None:
    assert '<ins class="rl">' in answer("old.md", "new.md", "--format", "html")
    answered = json.loads(answer("old.md", "new.md", "--format", "json"))
    assert answered["counts"] == {"edit": 1, "words_inserted": 1, "words_deleted": 1}
    assert answered["changes"][0]["anchor"] in answered["html"]


def test_equal_texts_are_said_to_be_equal(texts: Path) -> None:
    assert answer("old.md", "old.md") == "nothing changed that a reader can see\n"


def test_a_missing_text_is_refused(texts: Path) -> None:
    with pytest.raises(NoSuchTextError, match=r"nothing\.md: no such file"):
        answer("old.md", "nothing.md")
