"""``policy-site versions``: what it prints for people and for programs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from support.command_line import policy_site
from support.policy_repository import PolicyRepository

COMMAND = Path(sys.executable).with_name("policy-site")


def printed(*arguments: str | Path) -> str:
    finished = policy_site("versions", *arguments, folder=Path())
    assert finished.returncode == 0
    return finished.stdout


def test_json_names_documents_gaps_versions_and_warnings(policy: PolicyRepository) -> None:
    first = policy.publish("policy/privacy.md", "---\nchange: huge\n---\n# Privacy\n")
    policy.remove("policy/privacy.md")
    removed = policy.commit()
    restored = policy.publish("policy/privacy.md", "---\nsummary: All new\n---\n# Privacy\n\nMore.\n")
    found = json.loads(printed("--repo", policy.folder, "--folder", "policy", "--json"))
    (document,) = found["documents"]
    assert document["path"] == "policy/privacy.md"
    assert document["slug"] == "privacy"
    assert document["gaps"] == [[removed, restored]]
    assert document["ended_at"] is None
    newest = document["versions"][1]
    assert newest | {"content_sha256": "", "source_blob": ""} == {
        "number": 2,
        "label": "2024-01-03",
        "commit": restored,
        "published_at": "2024-01-03T12:00:00Z",
        "effective_on": "2024-01-03",
        "stated_effective_on": None,
        "line": 0,
        "withdraws": [],
        "path": "policy/privacy.md",
        "source_blob": "",
        "returns_to": None,
        "content_sha256": "",
        "title": "Privacy",
        "declared_version": None,
        "change": None,
        "summary": "All new",
        "impact": None,
        "approved_by": None,
    }
    (warning,) = found["warnings"]
    assert warning["path"] == "policy/privacy.md"
    assert (warning["line"], warning["commit"]) == (2, first)


def test_the_document_option_lists_only_that_document(policy: PolicyRepository) -> None:
    policy.write("cookies.md")
    policy.publish("privacy.md", "One.\n")
    found = json.loads(printed("--repo", policy.folder, "--document", "privacy", "--json"))
    assert [document["slug"] for document in found["documents"]] == ["privacy"]


def test_without_json_each_version_is_one_line(policy: PolicyRepository) -> None:
    commits = [
        policy.publish("privacy.md", text)[:12] for text in ("A.\n", "---\nsummary: B\n---\nB.\n", "A.\n")
    ]
    head = commits[-1]
    assert printed("--repo", policy.folder).splitlines() == [
        "privacy.md  (3 versions)",
        f"     1  2024-01-01     {commits[0]}",
        f"     2  2024-01-02     {commits[1]}  B",
        f"     3  2024-01-03     {commits[2]}  as version 1",
        "",
        f"1 document, 3 versions, as of {head}",
    ]


def test_a_later_effective_date_is_printed_beside_the_version(policy: PolicyRepository) -> None:
    policy.publish("privacy.md", "---\neffective: 2024-03-01\nsummary: New\n---\nA.\n")
    policy.publish("privacy.md", "---\neffective: 2024-01-02\nwithdraws: 2024-01-01\n---\nB.\n")
    _, first, second, *_ = printed("--repo", policy.folder).splitlines()
    assert first.endswith("  effective 2024-03-01; New")
    assert second.endswith("  withdraws version 1")


def test_two_runs_print_the_same_bytes(policy: PolicyRepository) -> None:
    for number in range(5):
        policy.write(f"{number}.md", f"# {number}\n")
    policy.commit()
    assert printed("--repo", policy.folder, "--json") == printed("--repo", policy.folder, "--json")


def test_the_versions_of_a_site_follow_its_mkdocs_yml(policy: PolicyRepository) -> None:
    policy.write(
        "mkdocs.yml",
        "site_name: Policies\nsite_url: https://policies.example/\ndocs_dir: policy\n"
        "exclude_docs: drafts/\nplugins:\n  - policysite:\n      time_zone: Pacific/Kiritimati\n"
        "markdown_extensions:\n  - pymdownx.tilde\n",
    )
    policy.write("policy/drafts/next.md")
    policy.publish("policy/privacy.md", "~~One.~~\n")
    policy.publish("policy/privacy.md", "<del>One.</del>\n")
    found = json.loads(printed("--config", policy.folder / "mkdocs.yml", "--json"))
    (document,) = found["documents"]
    assert document["path"] == "policy/privacy.md"
    assert [version["label"] for version in document["versions"]] == ["2024-01-02"]
