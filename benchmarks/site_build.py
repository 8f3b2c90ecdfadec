"""How long a site takes: cold, warm, and beside an empty MkDocs build of the same documents.

.venv/bin/python benchmarks/site_build.py ../shared/corpora/github-site-policy.bundle
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """
site_name: Benchmark
site_url: https://policies.example/
docs_dir: docs
theme: {{name: material, font: false}}
plugins: [{plugins}]
markdown_extensions: [attr_list, def_list, footnotes]
"""
EMPTY = (
    "import sys; from mkdocs.config import load_config; from mkdocs.commands.build import build; "
    "build(load_config(sys.argv[1]))"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        subprocess.run(["git", "clone", "--quiet", sys.argv[1], root / "docs"], check=True)
        (root / "mkdocs.yml").write_text(CONFIG.format(plugins="search, policysite"))
        (root / "plain.yml").write_text(CONFIG.format(plugins="search") + "site_dir: plain\n")
        command = Path(sys.executable).with_name("policy-site")
        empty = measured("empty MkDocs build", sys.executable, "-c", EMPTY, root / "plain.yml")
        for run in ("cold", "warm"):
            took = measured(run, command, "build", "--config", root / "mkdocs.yml")
            print(f"  {took - empty:.1f} s more than the empty build")
        files = [file for file in (root / "site").rglob("*") if file.is_file()]
        print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 2**20:.0f} MiB")
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"at most {children.ru_maxrss / 1024:.0f} MiB of memory")


def measured(name: str, *command: str | Path) -> float:
    before = time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    took = time.perf_counter() - before
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
    print(f"{name}: {took:.1f} s ({used:.1f} s of one processor)  {answer.stdout.strip()}")
    return took


if __name__ == "__main__":
    main()
