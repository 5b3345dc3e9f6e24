"""The house: which folder may import which, and what the repository may not contain."""

import ast
import re
import subprocess
import tomllib

import pytest
from support import ROOT

PACKAGES = ("mixture", "em", "bayesian", "experiments", "benchmarks")
PROBABILISTIC = {"pymc", "pytensor", "arviz", "nutpie"}
FORBIDDEN = {
    "mixture": {"em", "bayesian", "experiments", "benchmarks", "matplotlib", "pandas", *PROBABILISTIC},
    "em": {"bayesian", "experiments", "benchmarks", "matplotlib", *PROBABILISTIC},
    "bayesian": {"em", "experiments", "benchmarks", "matplotlib"},
    "experiments": set(),
    "benchmarks": {"matplotlib"},
}


def imported(path):
    """Top-level names a module imports, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package):
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / package).rglob("*.py")
        for name in imported(path)
        if name in FORBIDDEN[package]
    }
    assert not wrong


def test_no_file_is_unpickled_or_evaluated():
    """Worker processes are handed pickled tasks by joblib, in one place; nothing is ever read from a file that way."""
    wrong = {
        f"{path.relative_to(ROOT)}: {name}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for name in imported(path)
        if name in {"pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal"}
        and path != ROOT / "em" / "parallel.py"
    }
    assert not wrong


def test_every_package_is_listed_for_installation():
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for package in PACKAGES
        for path in (ROOT / package).rglob("__init__.py")
    }
    assert found == listed


def test_no_module_of_experiments_shadows_a_package():
    """A script run by its path has experiments/ first on its search path."""
    import sys

    taken = set(sys.stdlib_module_names) | {"coverage", "numba", "numpy", "pymc", "arviz", "em", "mixture", "bayesian"}
    assert not taken & {path.stem for path in (ROOT / "experiments").iterdir()}


def test_tracked_text_names_no_machine_and_no_registry():
    """Needs git; a source tree without it has nothing tracked to look at."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"(^|[\s\"'(=])/(home|root|Users|tmp)/\w|python" r"hosted\.org|pypi" r"\.org", re.MULTILINE)
    suffixes = {".py", ".md", ".toml", ".txt", ".json", ".csv", ".cff", ".j2", ".html", ".tex"}
    wrong = [
        name
        for name in listing.stdout.decode().split("\0")
        if name
        and (ROOT / name).suffix in suffixes
        and (ROOT / name).exists()
        and pattern.search((ROOT / name).read_text(encoding="utf-8"))
    ]
    assert not wrong
