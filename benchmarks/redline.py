"""Measures the redlines on every pair of the example histories, with the yardstick's bars as a gate.

    .venv/bin/python benchmarks/redline.py

It takes some minutes; the table shows lxml's redline beside ours. The yardstick and the histories are read
from ``../shared``; the pairs go to ``build/redline``. Exits 1 if a bar is missed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
PAIRS = ROOT / "build" / "redline"
CANDIDATE = "generator.redline:redline_markdown"


def main() -> int:
    """Take the pairs out of the histories, then measure; answers the yardstick's exit code."""
    bench = SHARED / "redline-bench" / "bench.py"
    bundles = sorted((SHARED / "corpora").glob("*.bundle"))
    if not bench.is_file() or not bundles:
        print(f"{SHARED}: no yardstick or no histories there", file=sys.stderr)
        return 1
    if not (PAIRS / "adversarial.json").is_file():
        subprocess.run([sys.executable, "-B", bench, "extract", *bundles, "--into", PAIRS], check=True)
        subprocess.run([sys.executable, "-B", bench, "adversarial", "--into", PAIRS], check=True)
    command = [
        sys.executable,
        "-B",
        bench,
        "measure",
        PAIRS,
        "--candidate",
        CANDIDATE,
        "--gate",
        "--worst",
        "5",
    ]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
