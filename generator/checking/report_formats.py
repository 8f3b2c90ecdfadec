"""A report as lines for a terminal, as annotations for GitHub, and as Markdown for the pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from generator.checking.markdown_escaping import as_code, as_words, with_code
from generator.checking.report import OtherFile, Proposal, Report
from generator.printable import one_line


def as_text(report: Report) -> Iterator[str]:
    """Lines for a terminal."""
    yield from (one_line(str(finding)) for finding in report.findings)
    for proposal in report.proposals:
        moved = f", renamed from {proposal.former_path}" if proposal.former_path else ""
        yield one_line(f"{proposal.path}: {_what(proposal)}{moved}")
    for removal in report.removals:
        yield one_line(f"{removal.path}: the document will be removed")
    for file in report.files:
        yield one_line(f"{file.path}: {_described(file)}")
    if not (report.findings or report.proposals or report.removals or report.files):
        yield "readers will see no difference"


def as_annotations(report: Report) -> Iterator[str]:
    """Lines that GitHub shows beside the files (https://docs.github.com/actions, workflow commands)."""
    for finding in report.findings:
        kind = "error" if finding.error else "warning"
        line = f",line={finding.line}" if finding.line else ""
        yield f"::{kind} file={_escaped(finding.path, of_property=True)}{line}::{_escaped(finding.text)}"
    for file in report.files:
        yield f"::notice file={_escaped(file.path, of_property=True)}::{_escaped(_described(file))}"


def as_markdown(report: Report) -> Iterator[str]:
    """A summary for the pull request, with the redline of each document."""
    yield "# What readers will see\n"
    for finding in report.findings:
        where = finding.path if finding.line is None else f"{finding.path}:{finding.line}"
        kind = "error" if finding.error else "warning"
        yield f"- **{kind}** in {as_code(where)}: {with_code(finding.text)}"
    yield ""
    for proposal in report.proposals:
        yield from _section(proposal)
    for removal in report.removals:
        yield f"## {as_words(removal.title)}\n"
        yield f"{as_code(removal.path)} will be removed.\n"
    if report.files:
        yield "## Other files\n"
        yield from (f"- {as_code(file.path)}: {with_code(_described(file))}" for file in report.files)
        yield ""
    if not (report.proposals or report.removals or report.files):
        yield "Readers will see no difference.\n"


def _section(proposal: Proposal) -> Iterator[str]:
    front = proposal.document.front
    yield f"## {as_words(proposal.document.title or proposal.path)}\n"
    moved = f", renamed from {as_code(proposal.former_path)}" if proposal.former_path else ""
    change = front.change or "material (not stated)"
    yield f"{as_code(proposal.path)}{moved} · {change} · takes effect on {proposal.effective_on}\n"
    for label, words in (("In short", front.summary), ("What it means for you", front.impact)):
        if words:
            yield f"**{label}:** {as_words(words)}\n"
    if proposal.redline is None:
        yield f"This is {_what(proposal)}.\n"
        return
    for listed in proposal.redline.changes:
        where = f" ({listed.where})" if listed.where else ""
        yield f"- {as_words(listed.text + where)}"
    yield "\n<details open><summary>Redline</summary>\n"
    yield f"{_one_block(proposal.redline.mail_html)}\n\n</details>\n"


def _what(proposal: Proposal) -> str:
    if proposal.redline is None:
        return "a new translation" if proposal.is_translation else "a new document"
    count = len(proposal.redline.changes)
    return f"{count} change{'s' if count > 1 else ''} to publish"


def _described(file: OtherFile) -> str:
    return f"a {'new' if file.is_new else 'changed'} file, which {file.left_out or 'is published unchanged'}"


def _one_block(markup: str) -> str:
    """The markup without empty lines, because Markdown would end the block at the first one."""
    return re.sub(r"\n\s*\n", "\n", markup)


def _escaped(text: str, *, of_property: bool = False) -> str:
    text = one_line(text).replace("%", "%25")
    return text.replace(":", "%3A").replace(",", "%2C") if of_property else text
