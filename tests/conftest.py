"""What all tests share: Ctrl-C is heard, and a skip is one reckoned with, where that is asked for."""

from __future__ import annotations

import re
import signal

import pytest


def pytest_configure() -> None:
    """Hear SIGINT, as commands started here then do, too: a shell's background job begins by ignoring it."""
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
