"""The self-test of the repository whose workflow runs it."""

from __future__ import annotations

import os
from pathlib import Path

from wms.adapters.git.cli import Git
from wms.adapters.git.refs import RemoteRefs
from wms.adapters.git.repository import GitRepository
from wms.core.errors import Code, InputError
from wms.core.progress import Progress
from wms.core.settings.infra import ENVIRONMENT_VARIABLE
from wms.github.selftest import SelfTest
from wms.wiring.hosting import Hosted


def open_selftest(root: Path, progress: Progress) -> SelfTest:
    """The self-test of the repository whose workflow runs this.

    Raises:
        InputError: no workflow runs this, or an environment is named.
    """
    hosted = Hosted.from_environment(os.environ)
    if hosted is None:
        raise InputError(
            "the self-test runs on GitHub",
            Code.WORKSPACE,
            remedy="Press *Run workflow* of `Self-test` in the Actions tab.",
        )
    if os.environ.get(ENVIRONMENT_VARIABLE):
        raise InputError(
            "the self-test tests GitHub without a cloud, but an environment is named",
            Code.WORKSPACE,
            remedy="Run it in a new repository without the variable WMS_ENVIRONMENT.",
        )
    return SelfTest(
        repository=GitRepository(root, env=hosted.git_access, progress=progress),
        forge=hosted.forge(),
        workflows=hosted.workflows(),
        refs=RemoteRefs(Git(root, hosted.git_access)),
        progress=progress,
    )
