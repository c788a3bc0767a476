"""The command line as a whole: it starts fast, explains itself, and the documents speak of it truly."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from factories import make_request
from wms.cli import pipeline
from wms.cli.app import root
from wms.cli.options import run_options
from wms.core.records.run import RunOptions
from wms.run.graph import COMMANDS, Command

ROOT = Path(__file__).parents[3]
HEAVY = ("torch", "mlflow", "dvc", "onnxruntime", "matplotlib", "boto3")


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


LEAVES = [(path, command) for path, command in commands(root) if not isinstance(command, click.Group)]


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[" ".join(path) for path, _ in LEAVES])
def test_every_command_shows_an_example(path: tuple[str, ...], command: click.Command) -> None:
    assert re.search(rf"Examples?:\n(\s+.*\n)*?\s+.*wms {' '.join(path)}", command.help or "")


def test_help_needs_no_heavy_library() -> None:
    calls = [["--help"], ["gate", "--help"], ["infra", "--help"], ["infra", "up", "--help"], ["--version"]]
    script = (
        "import sys\n"
        "from wms.cli.app import root\n"
        f"for call in {calls!r}:\n"
        "    try:\n        root(call, prog_name='wms')\n"
        "    except SystemExit as end:\n        assert not end.code\n"
        f"print('HEAVY', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "HEAVY []"


@pytest.mark.parametrize("step", COMMANDS.values(), ids=COMMANDS)
def test_a_command_of_the_job_graph_is_a_function_and_a_command(step: Command) -> None:
    module, _, name = step.function.partition(":")
    assert callable(getattr(importlib.import_module(module), name))
    words = [word for word in step.name.split()[1:] if not word.startswith("-")]
    assert tuple(words) in [path for path, _ in LEAVES]


def documented() -> list[tuple[str, str]]:
    """Every line of a shell block in the documents that calls wms."""
    found = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if page.name == "cli.md":
            continue
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), flags=re.DOTALL):
            for line in block.splitlines():
                code = line.split("#")[0]
                found += [(page.name, part.strip()) for part in re.split("&&|;", code) if "wms " in part]
    return found


def test_the_documents_show_commands() -> None:
    assert len(documented()) > 20


@pytest.mark.parametrize(("page", "line"), documented())
def test_every_documented_command_parses(page: str, line: str) -> None:
    words = shlex.split(line.replace("show | history | list", "show"))
    words = words[words.index("wms") + 1 :]
    command: click.Command = root
    context = click.Context(root, info_name="wms")
    while isinstance(command, click.Group) and words:
        below = command.get_command(context, words[0])
        assert below is not None, f"{page}: there is no command {words[0]}"
        command, words = below, words[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    for parameter in command.params:
        # Paths of the documents' examples need not exist here.
        if isinstance(parameter.type, click.Path):
            parameter.type.exists = False
    command.make_context(command.name, list(words), parent=context)


def test_a_command_outside_a_workspace_says_so_with_its_own_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(root, ["data", "status"])
    assert result.exit_code == 3
    assert "is in no workspace" in result.output
    assert "what to do: Run it inside a workspace" in result.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pipeline", "run", "--no-such"], "No such option"),
        *(
            ([*command, "--ci-passed", sha], "is not a full commit SHA")
            for command in (["merge"], ["model", "rollback"])
            for sha in ("", "abc", "A" * 40)
        ),
        (["model", "rollback", "--propose", "--ci-passed", "a" * 40], "--propose comes before the CI"),
        *((["infra", "up", f"--ttl={ttl}"], "is not a duration") for ttl in ("0m", "90", "two hours", "-5m")),
        (["gate", "--replay", __file__, "--replay-version", "3"], "name one of them"),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(words: list[str], told: str) -> None:
    result = CliRunner().invoke(root, words)
    assert result.exit_code == 2
    assert told in result.output


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(),
        RunOptions(train_overrides={"seed": 7, "max_minutes": 2.5, "minutes_per_100_images": 0}),
        RunOptions(on_conflict="rename", quarantine=True, reason="it's worth a try"),
    ],
)
def test_the_command_that_takes_a_run_up_asks_for_the_same_run(options: RunOptions) -> None:
    request = make_request(options=options)
    program, group, name, *words = shlex.split(request.command_line())
    assert (program, group, name) == ("wms", "pipeline", "run")
    parsed = pipeline.run.make_context(name, words).params
    names = (*parsed["branches"], *parsed["more_branches"])
    assert request.asks_for(names, run_options(parsed))
