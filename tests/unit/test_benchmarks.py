"""`make bench` runs the benchmarks that need no arguments; the Makefile names those that do."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def by_hand():
    (names,) = re.findall(r"BY_HAND := \$\(addprefix benchmarks/,([^)]*)\)", (ROOT / "Makefile").read_text())
    return set(names.replace("\\", " ").split())


def needs_arguments(script):
    """Whether it has a positional argument that may not be left out."""
    for call in ast.walk(ast.parse(script.read_text())):
        if not (isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "add_argument"):
            continue
        name = call.args[0]
        nargs = {each.arg: getattr(each.value, "value", None) for each in call.keywords}.get("nargs")
        if isinstance(name, ast.Constant) and not str(name.value).startswith("-") and nargs not in ("?", "*"):
            return True
    return False


def test_the_benchmarks_that_are_run_by_hand_exist():
    assert by_hand() <= {path.name for path in (ROOT / "benchmarks").glob("*.py")}


def test_those_that_need_arguments_are_run_by_hand():
    needing = {path.name for path in (ROOT / "benchmarks").glob("*.py") if needs_arguments(path)}
    assert needing
    assert needing <= by_hand()
