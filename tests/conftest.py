"""What all tests share: no variables of whoever runs them, Ctrl-C, and skips that must be reckoned with."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from quick import AWS, AWS_IMPORTED, WITHOUT_TORCH, interpreter, quick_server, write_client

FOREIGN = ("ACTIONS_", "AWS_", "DVC_", "GH_", "GITHUB_", "GIT_", "MLFLOW_", "PG", "RUNNER_", "TF_", "WMS_")
"""Prefixes of variables that a CI runner or a person sets, and that the product or its tools read."""
OPTIONS = {"WMS_TERRAFORM_PROVIDER_SETUP", "WMS_UPDATE_GOLDEN"}
"""Options of the tests themselves."""


def pytest_configure() -> None:
    """Give all tests, session fixtures, and processes started here the same environment on every machine.

    The variables are cleared before any fixture runs, and Git reads no settings of a person. SIGINT is heard,
    as commands started here then do, too: a shell's background job begins by ignoring it.
    """
    for name in list(os.environ):
        if name.startswith(FOREIGN) and name not in OPTIONS:
            del os.environ[name]
    os.environ["GIT_CONFIG_GLOBAL"] = os.devnull
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--allowed-skips",
        metavar="REGEX",
        help="Let a test fail that skips for another reason: a tool that should be here is not.",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> object:
    report: pytest.TestReport = yield
    allowed = item.config.getoption("--allowed-skips")
    if allowed is not None and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if not re.search(allowed, reason):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped, and may not be: {reason}"
    return report


@pytest.fixture(scope="session")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a process that starts programs quickly; `quick.write_client` writes them."""
    with quick_server(tmp_path_factory.mktemp("quick")) as address:
        yield address


@pytest.fixture(scope="session")
def quick_without_torch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The same for programs that do not train: quicker still."""
    with quick_server(tmp_path_factory.mktemp("quick"), imported=WITHOUT_TORCH) as address:
        yield address


@pytest.fixture(scope="session")
def aws_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the AWS CLI of this machine, which starts quickly; empty where it is not Python's."""
    folder, python = tmp_path_factory.mktemp("bin"), interpreter("aws")
    if python is None:
        yield folder
        return
    with quick_server(tmp_path_factory.mktemp("quick"), python=python, imported=AWS_IMPORTED) as address:
        write_client(folder / "aws", address, AWS)
        yield folder


@pytest.fixture
def quick_aws(aws_program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that call the AWS CLI call that one."""
    monkeypatch.setenv("PATH", str(aws_program), prepend=os.pathsep)
