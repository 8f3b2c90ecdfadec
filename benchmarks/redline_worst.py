"""How long redlines of large and hostile texts take: 1 MB a side, made here, each in a process of its own.

    .venv/bin/python benchmarks/redline_worst.py [CASE ...]

Prints processor seconds for the whole redline, for Python-Markdown alone to render both sides, and the ratio.
"""

from __future__ import annotations

import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import markdown

from generator.redline import redline_markdown

SIZE = 1_000_000
KILLED_AFTER = 60  # processor seconds
chance = random.Random(5)  # noqa: S311 - the same texts each time
WORDS = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 9))) for _ in range(2000)]
JAPANESE = "個人情報保護方針第三者提供利用目的収集開示訂正削除請求安全管理措置委託先監督"

Pair = tuple[str, str]


def words(count: int) -> str:
    return " ".join(chance.choices(WORDS, k=count))


def filled(make: Callable[[], str], between: str = "\n\n") -> str:
    pieces: list[str] = []
    size = 0
    while size < SIZE:
        pieces.append(make())
        size += len(pieces[-1].encode()) + len(between)
    return between.join(pieces)


def edited(text: str) -> str:
    return " ".join(chance.choice(WORDS) if chance.random() < 0.05 else word for word in text.split(" "))


def shuffled(text: str, between: str = "\n\n") -> str:
    pieces = text.split(between)
    chance.shuffle(pieces)
    return between.join(pieces)


def row() -> str:
    return f"| {words(3)} | {words(3)} | {words(3)} |"


def marked_up() -> str:
    return " ".join(
        chance.choice(("**{}**", "*{}*", "`{}`", "[{}](x.md)", "{}")).format(word)
        for word in words(50).split()
    )


def table(rows: str) -> str:
    return f"| a | b | c |\n|---|---|---|\n{rows}"


def same_but(change: Callable[[str], str], make: Callable[[], str], between: str = "\n\n") -> Pair:
    text = filled(make, between)
    return text, change(text)


def both(make: Callable[[], str], between: str = "\n\n") -> Pair:
    return filled(make, between), filled(make, between)


def hostile(unit: str) -> Callable[[], Pair]:
    return lambda: (unit * (SIZE // len(unit)), unit * (SIZE // len(unit)) + "x")


CASES: dict[str, Callable[[], Pair]] = {
    "paragraphs, edited": lambda: same_but(edited, lambda: words(60)),
    "paragraphs, rewritten": lambda: both(lambda: words(60)),
    "paragraphs, moved and edited": lambda: same_but(lambda text: edited(shuffled(text)), lambda: words(60)),
    "paragraphs, merged": lambda: same_but(lambda text: text.replace("\n\n", " "), lambda: words(60)),
    "paragraphs, become items": lambda: same_but(
        lambda text: "* " + text.replace("\n\n", "\n* "), lambda: words(20)
    ),
    "one paragraph, edited": lambda: same_but(edited, lambda: words(60), " "),
    "one paragraph, rewritten": lambda: both(lambda: words(60), " "),
    "lines of 3 words, rewritten": lambda: both(lambda: words(3)),
    "lines of 3 words, moved": lambda: same_but(shuffled, lambda: words(3)),
    "one line again and again": lambda: (
        filled(lambda: "We may change it."),
        filled(lambda: "We can change it."),
    ),
    "headings, rewritten": lambda: both(lambda: f"## {words(4)}"),
    "list, edited": lambda: same_but(edited, lambda: f"* {words(8)}", "\n"),
    "nested list, rewritten": lambda: both(lambda: "    " * chance.randint(0, 6) + f"* {words(6)}", "\n"),
    "table, edited": lambda: same_but(edited, lambda: table(filled(row, "\n"))),
    "table, rewritten": lambda: (table(filled(row, "\n")), table(filled(row, "\n"))),
    "table, rows moved": lambda: same_but(
        lambda text: table(shuffled(text.split("\n", 2)[2], "\n")), lambda: table(filled(row, "\n"))
    ),
    "table of 5,000 columns": lambda: both(
        lambda: "\n".join(
            [f"| {words(5000).replace(' ', ' | ')} |", "|---" * 5000 + "|"]
            + [f"| {words(5000).replace(' ', ' | ')} |" for _ in range(28)]
        )
    ),
    "emphasis and links, rewritten": lambda: both(marked_up),
    "code, edited": lambda: same_but(edited, lambda: f"```\n{filled(lambda: words(8), chr(10))}\n```"),
    "Japanese, rewritten": lambda: both(lambda: "".join(chance.choices(JAPANESE, k=60))),
    "one Japanese paragraph": lambda: both(lambda: "".join(chance.choices(JAPANESE, k=60)), ""),
    "unclosed brackets": hostile("[a "),
    "unclosed links": hostile("[a](b "),
    "unclosed tags": hostile("<div "),
    "unclosed code": hostile("`a "),
    "opened elements": hostile("<div>"),
    "quotes in quotes": hostile("> "),
    "fences": hostile("```\n"),
    "underlines": hostile("a\n=\n"),
}


def measure(function: Callable[[], object], answer: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (KILLED_AFTER, KILLED_AFTER))
    start = time.process_time()
    try:
        function()
    except RecursionError:
        answer.send("too deep")
        return
    answer.send(f"{time.process_time() - start:.2f}")


def seconds_of(function: Callable[[], object]) -> str:
    """Processor seconds in a process of its own, or why there is no number."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=measure, args=(function, there))
    process.start()
    there.close()
    try:
        answer: str = here.recv()
    except EOFError:
        answer = f"> {KILLED_AFTER}"
    process.join()
    return answer


def main() -> None:
    redline_markdown("a", "b")
    print(f"{'1 MB a side':32}{'redline s':>12}{'rendering s':>13}{'ratio':>8}")
    for name in sys.argv[1:] or CASES:
        old, new = CASES[name]()
        took = seconds_of(lambda: redline_markdown(old, new))  # noqa: B023 - called before the next round
        rendering = seconds_of(lambda: [render(old), render(new)])  # noqa: B023
        ratio = ""
        if took[0].isdigit() and rendering[0].isdigit():
            ratio = f"{float(took) / float(rendering):.2f}"
        print(f"{name:32}{took:>12}{rendering:>13}{ratio:>8}", flush=True)


def render(text: str) -> str:
    return markdown.markdown(text, extensions=["toc", "tables", "fenced_code"])


if __name__ == "__main__":
    main()
