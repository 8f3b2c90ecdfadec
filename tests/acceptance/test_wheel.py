"""The wheel holds everything that both commands need, and nothing of the repository around it.

``make try-package`` also installs the wheel with its dependencies into an empty environment, on every
supported Python. Continuous integration runs it.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from support.package_trial import try_package

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return folder


def test_both_commands_work_from_the_wheel_alone(built: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, symlinks=True)
    packages = environment / sysconfig.get_path("purelib", vars={"base": "."})
    [wheel] = built.glob("*.whl")
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--quiet", "--python", environment / "bin/python"]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", wheel], check=True)
    # Only the dependencies come from the environment of the tests: .pth files inside it, such as that of an
    # editable installation, are not read here.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf8")
    try_package(environment)


def test_the_wheel_holds_the_two_packages_and_the_licence(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
        described = archive.read(metadata).decode()
    info = metadata.split("/")[0]
    assert {name.split("/")[0] for name in names} == {"generator", "subscribers", info}
    assert {f"{info}/licenses/LICENSE", f"{info}/licenses/NOTICE"} <= set(names)
    assert "License-Expression: Apache-2.0\n" in described
    in_the_repository = {
        str(file.relative_to(ROOT))
        for package in ("generator", "subscribers")
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {name for name in names if not name.startswith(info)} == in_the_repository


def test_the_source_distribution_holds_no_policy_and_no_tests(built: Path) -> None:
    [source] = built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        parts = {name.split("/", 1)[1].split("/")[0] for name in archive.getnames()}
    assert {"generator", "subscribers", "LICENSE", "NOTICE", "pyproject.toml"} <= parts
    assert not {"policy", "tests", "docs", "benchmarks", ".github"} & parts
