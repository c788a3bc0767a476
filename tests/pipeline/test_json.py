"""`--json`: standard output is one JSON document, whatever happens, and the exit code is the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from pipeline.conftest import make_small_workspace, open_small_workspace
from pipeline.small import WrittenTraining, write_small_pairs
from wms import wiring
from wms.cli.app import root
from wms.core.errors import RegistryError
from wms.core.files import write_bytes
from wms.core.records.run import RunOptions
from wms.data.push import push_folder
from wms.run.start import branch_heads, start_run


def scripted(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Every command that has --json, with all its options."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from scripted(command, (*path, name))
        elif command is not None:
            options = {option for parameter in command.params for option in parameter.opts}
            if "--json" in options:
                yield (*path, name), options


COMMANDS = [pytest.param(path, options, id=" ".join(path)) for path, options in scripted(root)]
IN_THE_CLOUD = {("infra", name) for name in ("apply", "bootstrap", "destroy", "doctor")}
ELSEWHERE = {("github", "setup"), ("github", "fresh"), *IN_THE_CLOUD}
"""They change nothing here: a repository on GitHub (tests/repository_setup), or an account (tests/infra)."""
CHANGING = [each for each in COMMANDS if "--dry-run" in each.values[1] and each.values[0] not in ELSEWHERE]
WITHOUT_WORKSPACE = {("pipeline", "graph"): 0, ("data", "import"): 15}
"""What needs no workspace, and how it ends in an empty folder."""
NEEDED = {
    ("predict",): [".", "--out", "masks"],
    ("data", "import"): [".", "--dry-run"],
    ("data", "export"): [".", "--format", "coco", "--out", "out"],
    ("pretrain",): ["--out", "pretrained", "--pairs", "40", "--epochs", "2"],
}
"""What a command cannot be called without."""


def answer(*words: str) -> tuple[Any, Result]:
    """The one document on standard output, and everything else about the call."""
    result = CliRunner().invoke(root, [*words])
    return json.loads(result.stdout), result


@pytest.fixture
def workspace(tmp_path: Path, written_training: WrittenTraining, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh workspace, in which commands find fakes for the registry and the data store."""
    folder = tmp_path / "work"
    make_small_workspace(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(wiring, "open_workspace", lambda start, progress: open_small_workspace(folder))
    return folder


@pytest.fixture
def published(workspace: Path, one_promotion: Path) -> Path:
    """The same after a promotion."""
    return shutil.copytree(one_promotion, workspace, symlinks=True, dirs_exist_ok=True)


def require_error(document: Any, result: Result) -> None:
    assert result.exit_code != 0
    assert document["error"]["exit_code"] == result.exit_code
    assert document["error"]["message"]
    assert document["error"]["remedy"]
    assert document["error"]["message"].splitlines()[0] in result.stderr


@pytest.mark.parametrize(("path", "options"), COMMANDS)
def test_an_error_is_a_document(
    path: tuple[str, ...], options: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document, result = answer(*path, *NEEDED.get(path, []), "--json")
    expected = WITHOUT_WORKSPACE.get(path, 3)
    assert path in IN_THE_CLOUD or result.exit_code == expected
    if expected:
        require_error(document, result)


@pytest.mark.parametrize(("path", "options"), COMMANDS)
def test_a_wrong_command_line_is_a_document(path: tuple[str, ...], options: set[str]) -> None:
    document, result = answer(*path, "--no-such", "--json")
    require_error(document, result)
    assert document["error"]["exit_code"] == 2


@pytest.mark.parametrize(("path", "options"), COMMANDS)
def test_every_command_answers_with_a_document(
    path: tuple[str, ...], options: set[str], published: Path
) -> None:
    document, result = answer(*path, *NEEDED.get(path, []), "--json")
    if result.exit_code != 0:
        require_error(document, result)


@pytest.mark.parametrize(("path", "options"), CHANGING)
def test_what_would_be_done_is_a_document(path: tuple[str, ...], options: set[str], published: Path) -> None:
    arguments = {
        ("model", "rollback"): ["--to", "1"],
        ("data", "push"): [str(write_small_pairs(published / "two", count=3, seed=2))],
        ("data", "import"): [str(write_small_pairs(published / "two", count=3, seed=2))],
    }.get(path, [])
    document, result = answer(*path, "--dry-run", "--json", *arguments)
    assert result.exit_code == 0, result.stderr
    assert document


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(lambda folder: ("pipeline", "run", "--incoming", folder), id="pipeline run"),
        pytest.param(lambda folder: ("data", "validate", folder), id="data validate FOLDER"),
    ],
)
def test_data_that_are_blocked_are_a_document_with_every_finding(
    command: Callable[[str], tuple[str, ...]], workspace: Path, tmp_path: Path
) -> None:
    folder = write_small_pairs(tmp_path / "broken", count=3, seed=2)
    (folder / "masks/meter-2-000.png").unlink()
    write_bytes(folder / "masks/meter-2-001.png", b"no image")
    document, result = answer(*command(str(folder)), "--json")
    require_error(document, result)
    assert result.exit_code == 10
    errors = {found["rule"] for found in document["findings"] if found["severity"] == "error"}
    assert errors == {"missing-mask", "not-an-image"}


def test_a_preflight_that_fails_is_a_document_with_every_line(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise RegistryError("connection refused")

    monkeypatch.setattr("fakes.registry.FakeRegistry.production", away)
    document, result = answer("infra", "preflight", "--json")
    require_error(document, result)
    assert [line["what"] for line in document["lines"] if not line["ok"]] == ["model registry"]


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, ZeroDivisionError, PermissionError])
def test_whatever_ends_a_command_is_a_document(
    trouble: type[BaseException], workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object, **__: object) -> None:
        raise trouble

    monkeypatch.setattr("wms.cli.data.data_status", end)
    document, result = answer("data", "status", "--json")
    require_error(document, result)


def test_a_run_by_steps_answers_with_a_document_each(workspace: Path, tmp_path: Path) -> None:
    pairs = write_small_pairs(tmp_path / "one", count=24, seed=1)
    branch = push_folder(pairs, repository=open_small_workspace(workspace).ports.repository)
    for words in (
        *(["data", "merge", branch, "--seed", "100"], ["data", "validate"], ["data", "split"], ["train"]),
        *(["evaluate"], ["gate"], ["gate", "--replay", "run/decision.json"]),
        *(["publish", "--dry-run"], ["publish"], ["merge"], ["gate", "--replay-version", "1"]),
    ):
        document, result = answer(*words, "--json")
        assert result.exit_code == 0, result.stderr
        assert document


def test_having_nothing_to_do_is_a_document_too(published: Path, tmp_path: Path) -> None:
    ctx = open_small_workspace(published)
    pairs = write_small_pairs(tmp_path / "one", count=24, seed=1)
    branch = push_folder(pairs, repository=ctx.ports.repository)
    start_run(ctx, branch_heads(ctx, [branch]), RunOptions())
    document, result = answer("data", "merge", "--started", "--json")
    assert result.exit_code == 0, result.stderr
    assert document == {"next": "nothing"}
