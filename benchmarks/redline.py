"""Measures the redlines on every pair of the example histories; exits 1 if a limit is missed.

    .venv/bin/python benchmarks/redline.py

This takes some minutes. The table shows lxml's redline beside ours. The benchmark and the histories are read
from ``../shared``; the pairs are written to ``build/redline``.
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
    """Extract the pairs from the histories, then measure; returns the benchmark's exit code."""
    bench = SHARED / "redline-bench" / "bench.py"
    bundles = sorted((SHARED / "corpora").glob("*.bundle"))
    if not bench.is_file() or not bundles:
        print(f"{SHARED}: the benchmark or the histories are missing", file=sys.stderr)
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
