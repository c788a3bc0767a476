"""What all tests share: a skip must be one that was reckoned with, where that is asked for."""

from __future__ import annotations

import re

import pytest


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
