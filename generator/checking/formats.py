"""A report as lines for a terminal, as GitHub's annotations, and as Markdown for the pull request."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from generator.checking.findings import Report
from generator.printable import one_line


def as_text(report: Report) -> Iterator[str]:
    """Lines for a terminal."""
    yield from (one_line(str(finding)) for finding in report.findings)
    for proposal in report.proposals:
        count = len(proposal.redline.changes) if proposal.redline else 0
        what = f"{count} change{'s' if count > 1 else ''} to publish" if count else "a new document"
        yield one_line(f"{proposal.path}: {what}")
    if not report.findings and not report.proposals:
        yield "nothing changed that a reader would see"


def as_annotations(report: Report) -> Iterator[str]:
    """Lines that GitHub shows beside the files (https://docs.github.com/actions, workflow commands)."""
    for finding in report.findings:
        kind = "error" if finding.error else "warning"
        line = f",line={finding.line}" if finding.line else ""
        yield f"::{kind} file={_escaped(finding.path, of_property=True)}{line}::{_escaped(finding.text)}"


def as_markdown(report: Report) -> Iterator[str]:
    """A summary for the pull request, with the redline of each document."""
    yield "# What readers will see\n"
    for finding in report.findings:
        yield f"- {html.escape(one_line(str(finding)), quote=False)}"
    yield ""
    for proposal in report.proposals:
        front = proposal.document.front
        yield f"## {html.escape(proposal.document.title or proposal.path, quote=False)}\n"
        effective = front.effective.isoformat() if front.effective else "on publication"
        yield f"`{proposal.path}` · {front.change or 'material (not stated)'} · takes effect {effective}\n"
        for label, words in (("In short", front.summary), ("What it means for you", front.impact)):
            if words:
                yield f"**{label}:** {html.escape(words, quote=False)}\n"
        if proposal.redline is None:
            yield "This document is new.\n"
            continue
        for listed in proposal.redline.changes:
            where = f" ({listed.where})" if listed.where else ""
            yield f"- {html.escape(listed.text + where, quote=False)}"
        yield "\n<details open><summary>Redline</summary>\n"
        yield f"{_one_block(proposal.redline.mail_html)}\n\n</details>\n"
    if not report.proposals:
        yield "Nothing changed that a reader would see.\n"


def _one_block(markup: str) -> str:
    """The markup without empty lines, at which Markdown would end it."""
    return re.sub(r"\n\s*\n", "\n", markup)


def _escaped(text: str, *, of_property: bool = False) -> str:
    text = one_line(text).replace("%", "%25")
    return text.replace(":", "%3A").replace(",", "%2C") if of_property else text
