"""Runs the `terraform` binary on one root module, its working data outside the source tree."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from wms.adapters.aws.terraform_messages import failure
from wms.adapters.aws.terraform_plan import Change, changes_of
from wms.core.errors import TerraformError

log = logging.getLogger(__name__)

LOCK_SECONDS = 300
"""How long to wait for a state that another run holds: a start or a stop takes two or three minutes."""

INTERRUPT_SECONDS = 90
"""Terraform, interrupted once, ends what it is at, writes its state and lets go of the lock."""

INHERITED = ("TF_WORKSPACE", "TF_DATA_DIR", "TF_CLI_ARGS")
"""What a user may have set for other roots, and what would change the commands here."""


class Terraform:
    """One root module with its backend.

    Args:
        root: the folder of the root module.
        data: where Terraform keeps providers and the backend's settings (`TF_DATA_DIR`).
        backend_file: the environment's `backend.hcl`.
        backend: further settings of the backend, such as bucket and key.
        var_file: the environment's `terraform.tfvars`, for a root that takes its variables from it.
        tell: is given Terraform's output line by line.
    """

    def __init__(
        self,
        root: Path,
        *,
        data: Path,
        backend_file: Path,
        backend: Mapping[str, str],
        var_file: Path | None = None,
        tell: Callable[[str], None] = log.debug,
    ) -> None:
        self.root = root
        self.data = data.resolve()
        self._backend = (f"-backend-config={backend_file.resolve()}",
                         *(f"-backend-config={key}={value}" for key, value in backend.items()))  # fmt: skip
        self._inputs = () if var_file is None else (f"-var-file={var_file.resolve()}",)
        self._tell = tell
        self._ready = False

    def apply(
        self,
        variables: Mapping[str, str | bool] | None = None,
        *,
        lock_seconds: int = LOCK_SECONDS,
        limit_seconds: float | None = None,
    ) -> None:
        """Bring everything to what the root says, without asking.

        Raises:
            TerraformError: another run held the state for longer than `lock_seconds`; or anything else went
                wrong, or it was not done within `limit_seconds`.
        """
        until = None if limit_seconds is None else time.monotonic() + limit_seconds
        given = [f"-var={name}={_hcl(value)}" for name, value in (variables or {}).items()]
        self._work("apply", "-auto-approve", *given, lock_seconds=lock_seconds, until=until)

    def plan(self, to: Path, *, replace: Sequence[str] = ()) -> tuple[Change, ...]:
        """Plan into the file `to` and return what would change; the plan is told as well.

        The resources at `replace` are made anew, whatever else changes.
        """
        self._work("plan", f"-out={to}", *(f"-replace={address}" for address in replace))
        shown = json.loads("\n".join(self._run("show", "-json", str(to), quiet=True)))
        return changes_of(shown)

    def apply_plan(self, plan: Path) -> None:
        """Do what a plan says; a state that changed since is an error of Terraform's."""
        self._init()
        self._run("apply", "-input=false", "-no-color", f"-lock-timeout={LOCK_SECONDS}s", str(plan))

    def destroy(self, targets: Sequence[str] = ()) -> None:
        """Destroy everything, or the resources at `targets` with what needs them."""
        self._work("destroy", "-auto-approve", *(f"-target={target}" for target in targets))

    def forget(self, address: str) -> None:
        """Take a resource out of the state; the thing itself stays."""
        self._init()
        self._run("state", "rm", f"-lock-timeout={LOCK_SECONDS}s", address)

    def resources(self) -> dict[str, str]:
        """The ID of every resource in the state, by address; data sources are left out."""
        self._init()
        shown = json.loads("\n".join(self._run("show", "-json", quiet=True)))
        return dict(_managed(shown.get("values", {}).get("root_module", {})))

    def outputs(self) -> dict[str, Any]:
        """What the root tells, by name; empty before it was applied."""
        self._init()
        told = json.loads("\n".join(self._run("output", "-json", quiet=True)))
        return {name: item["value"] for name, item in told.items()}

    def _init(self, until: float | None = None) -> None:
        if self._ready:
            return
        self.data.mkdir(parents=True, exist_ok=True)
        self._plugins.mkdir(parents=True, exist_ok=True)
        self._run(
            "init", "-input=false", "-no-color", "-reconfigure", *self._backend, quiet=True, until=until
        )
        self._ready = True

    def _work(
        self,
        verb: str,
        *options: str,
        lock_seconds: int = LOCK_SECONDS,
        until: float | None = None,
    ) -> None:
        self._init(until)
        common = ("-input=false", "-no-color", f"-lock-timeout={lock_seconds}s", *self._inputs)
        self._run(verb, *common, *options, until=until)

    def _run(self, *arguments: str, quiet: bool = False, until: float | None = None) -> list[str]:
        tell = log.debug if quiet else self._tell
        with tempfile.TemporaryFile() as complaints:
            with self._start(arguments, complaints) as process, _ended_at(until, process):
                lines = self._listen(process, tell)
            if process.returncode != 0:
                complaints.seek(0)
                said = complaints.read().decode(errors="replace")
                log.debug("terraform %s: %s", arguments[0], said)
                raise failure(arguments[0], said, root=self.root, data=self.data)
        return lines

    def _start(self, arguments: Sequence[str], complaints: IO[bytes]) -> subprocess.Popen[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(INHERITED)}
        environment.setdefault("TF_PLUGIN_CACHE_DIR", str(self._plugins))
        environment |= {"TF_DATA_DIR": str(self.data), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        try:
            return subprocess.Popen(
                ["terraform", f"-chdir={self.root}", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                encoding="utf-8",
                errors="replace",
                # Ctrl-C must reach it once, from here: a second one makes it leave its lock behind.
                start_new_session=True,
            )
        except OSError as error:
            raise TerraformError(
                f"terraform could not be run: {error.strerror or error}",
                remedy="Install Terraform 1.11 or newer and see that `terraform version` answers.",
            ) from error

    def _listen(self, process: subprocess.Popen[str], tell: Callable[[str], None]) -> list[str]:
        if process.stdout is None:
            raise AssertionError("it was asked for as a pipe")
        lines = []
        try:
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                tell(lines[-1])
        except BaseException:
            log.warning("waiting for terraform to write its state and let go of the lock")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=INTERRUPT_SECONDS)
            raise
        return lines

    @property
    def _plugins(self) -> Path:
        """Providers are large; the roots of an environment share them."""
        return self.data.parent / "plugins"


@contextlib.contextmanager
def _ended_at(until: float | None, process: subprocess.Popen[str]) -> Iterator[None]:
    """Within, a process that is at work too long is interrupted, and killed if that does not help."""
    if until is None:
        yield
        return

    def end() -> None:
        log.warning("terraform took too long, and is interrupted")
        process.send_signal(signal.SIGINT)
        try:
            process.wait(INTERRUPT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    timer = threading.Timer(max(0.0, until - time.monotonic()), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hcl(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _managed(module: Mapping[str, Any]) -> list[tuple[str, str]]:
    below = [pair for child in module.get("child_modules", []) for pair in _managed(child)]
    here = [item for item in module.get("resources", []) if item["mode"] == "managed"]
    return [(item["address"], str(item["values"].get("id", ""))) for item in here] + below
