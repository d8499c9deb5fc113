"""What the tests assert, by test: `python -m tools.ledger OLD [NEW]` compares two commits.

Prints how many tests and assertions there are, which tests are gone, and which assert less than they did. An assertion
is an `assert` (each part of an `and` counts), a `pytest.raises`, an `expect`, or one of NumPy's.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
from collections import Counter

CALLS = ("pytest.raises", "expect")


def assertions(test: ast.FunctionDef) -> int:
    """How many assertions a test makes."""
    found = 0
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            parts = node.test.values if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And) else [1]
            found += len(parts)
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            found += name in CALLS or name.startswith("np.testing.")
    return found


def ledger(commit: str) -> Counter[str]:
    """Assertions by name of the test, at that commit."""
    listed = _git("ls-tree", "-r", "--name-only", commit, "tests").split()
    found = Counter[str]()
    for file in (file for file in listed if file.endswith(".py")):
        for node in ast.walk(ast.parse(_git("show", f"{commit}:{file}"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[node.name] += assertions(node)
    return found


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Prints the comparison."""
    parser = argparse.ArgumentParser(prog="python -m tools.ledger")
    parser.add_argument("old")
    parser.add_argument("new", nargs="?", default="HEAD")
    options = parser.parse_args()
    old, new = ledger(options.old), ledger(options.new)
    print(f"tests {len(old)} -> {len(new)}, assertions {old.total()} -> {new.total()}")
    for name in sorted(set(old) - set(new)):
        print(f"gone: {name} ({old[name]})")
    for name in sorted(name for name in old if name in new and new[name] < old[name]):
        print(f"less: {name} ({old[name]} -> {new[name]})")


if __name__ == "__main__":
    main()
