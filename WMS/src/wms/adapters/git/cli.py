"""Runs the `git` command without prompts, hooks or risky settings of the user."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wms.adapters.messages import last_complaint, without_credentials
from wms.core.errors import RepositoryError
from wms.core.progress import Progress

log = logging.getLogger(__name__)

DEFAULT_NAME = "wms"
DEFAULT_EMAIL = "wms@users.noreply.invalid"

# The user's own settings (remotes, credentials, safe.directory) stay. Only settings that would change bytes,
# run code, ask questions or wait for ever are replaced.
SETTINGS = {
    "core.quotePath": "false",
    "core.hooksPath": os.devnull,
    "core.autocrlf": "false",
    "core.fsmonitor": "false",
    "commit.gpgSign": "false",
    "push.gpgSign": "false",
    "push.followTags": "false",
    "push.recurseSubmodules": "no",
    "fetch.recurseSubmodules": "no",
    "log.showSignature": "false",
    "log.follow": "false",
    "i18n.commitEncoding": "utf-8",
    "i18n.logOutputEncoding": "utf-8",
    "maintenance.auto": "false",
    "gc.auto": "0",
    # A transfer that is slower than 1 byte/s for two minutes is given up.
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "120",
    # Images are compressed already: storing them as they are is three times as fast.
    "core.compression": "0",
}

# Git sets these for its hooks. A hook may call this program for another repository.
INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
             "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_SHALLOW_FILE",
             "GIT_QUARANTINE_PATH", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE")  # fmt: skip

FIXED = {
    "LC_ALL": "C",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "",
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a command."""

    code: int
    out: bytes
    err: bytes

    @property
    def line(self) -> str:
        """The output as text, without its last newline."""
        return os.fsdecode(self.out).rstrip("\n")

    @property
    def complaint(self) -> str:
        """Git's last message, for an error."""
        silence = f"exit code {self.code} without a message"
        refused = [line for line in os.fsdecode(self.out).splitlines() if line.startswith("!\t")]
        said = refused[-1].replace("\t", " ") if refused else os.fsdecode(self.err)
        return last_complaint(said, marks=("fatal:", "error:"), otherwise=silence)


class Git:
    """The `git` command in one folder.

    Args:
        folder: where it runs.
        env: environment variables of all its commands, on top of the inherited ones.
        attended: somebody is at the terminal, so Git may ask for a password.
    """

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None, *, attended: bool = False) -> None:
        self.folder = folder
        self._env = {**({} if attended else {"GIT_TERMINAL_PROMPT": "0"}), **(env or {})}

    def run(
        self,
        *arguments: str,
        ok: tuple[int, ...] = (0,),
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run one command to its end.

        Args:
            arguments: the subcommand and what follows it.
            ok: the exit codes that are no failures.
            stdin: bytes for its standard input, if any.
            env: environment variables on top of the inherited ones.

        Raises:
            RepositoryError: any other exit code, or there is no Git on this machine.
        """
        with self._start(arguments, subprocess.DEVNULL if stdin is None else subprocess.PIPE, env) as process:
            out, err = process.communicate(stdin)
        result = Result(code=process.returncode, out=out, err=err)
        if err:
            log.debug("git %s: %s", arguments[0], without_credentials(os.fsdecode(err).rstrip()))
        if result.code not in ok:
            raise self.failure(arguments[0], result)
        return result

    @contextlib.contextmanager
    def reading(self, *arguments: str, stdin: IO[bytes]) -> Iterator[IO[bytes]]:
        """Run one command with the file `stdin` as its input, and yield its output as a stream.

        Raises:
            RepositoryError: it failed.
        """
        with self._start(arguments, stdin, None) as process:
            if process.stdout is None or process.stderr is None:
                raise AssertionError("both are pipes")
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                raise
            process.stdout.close()
            err = process.stderr.read()
        if process.returncode != 0:
            raise self.failure(arguments[0], Result(code=process.returncode, out=b"", err=err))

    def watch(self, *arguments: str, progress: Progress, label: str, ok: tuple[int, ...] = (0,)) -> Result:
        """Run one command that sends objects (with `--progress`), and show its progress.

        It must write no more to its standard output than a pipe holds: that is read at the end.

        Raises:
            RepositoryError: as for `run`.
        """
        err: list[bytes] = []
        with self._start(arguments, subprocess.DEVNULL, None) as process:
            if process.stdout is None or process.stderr is None:
                raise AssertionError("both are pipes")
            for _ in progress.track(_percents(process.stderr, err), label=label, total=100):
                pass
            out = process.stdout.read()
        result = Result(code=process.returncode, out=out, err=b"\n".join(err))
        if result.code not in ok:
            raise self.failure(arguments[0], result)
        return result

    def has_commit(self, sha: str) -> bool:
        """Whether a commit is in this repository."""
        return self.run("cat-file", "-e", f"{sha}^{{commit}}", ok=(0, 1, 128)).code == 0

    def failure(self, verb: str, result: Result) -> RepositoryError:
        """The error for a command that failed."""
        return RepositoryError(f"git {verb} failed in {self.folder}: {result.complaint}")

    def _start(
        self, arguments: tuple[str, ...], stdin: IO[bytes] | int, env: Mapping[str, str] | None
    ) -> subprocess.Popen[bytes]:
        settings = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
        inherited = {key: value for key, value in os.environ.items() if key not in INHERITED}
        try:
            return subprocess.Popen(
                ["git", *settings, *arguments],
                cwd=self.folder,
                env={**inherited, **FIXED, **self._env, **(env or {})},
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except OSError as error:
            raise RepositoryError(
                f"git could not be run in {self.folder}: {error.strerror or error}"
            ) from error


def token_access(server: str, token: str) -> dict[str, str]:
    """Environment variables that give Git a token for a server without writing it anywhere.

    Git 2.31 and newer read settings from the environment. A command line would show them to every user of
    the machine.

    Args:
        server: such as `https://github.com`.
        token: a token of GitHub.
    """
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{server.rstrip('/')}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
    }


def _percents(stream: IO[bytes], rest: list[bytes]) -> Iterator[int]:
    """Every percent that `git push --progress` reports; its other lines go to `rest`."""
    done = 0
    pending = b""
    while chunk := os.read(stream.fileno(), 4096):
        *lines, pending = re.split(rb"[\r\n]+", pending + chunk)
        for line in lines:
            told = re.match(rb"[A-Z][a-z]+ objects:\s+(\d+)%", line)
            if told is None:
                rest.append(line)
            elif line.startswith(b"Writing"):
                yield from range(done, int(told[1]))
                done = int(told[1])
    rest.append(pending)


def identity(git: Git) -> dict[str, str]:
    """Environment variables that name an author where the user has set none."""
    lines = git.run("config", "--get-regexp", r"^user\.(name|email)$", ok=(0, 1)).line.splitlines()
    known = {key for key, _, value in (line.partition(" ") for line in lines) if value}
    return {
        f"GIT_{role}_{part}": default
        for part, default in (("NAME", DEFAULT_NAME), ("EMAIL", DEFAULT_EMAIL))
        for role in ("AUTHOR", "COMMITTER")
        if f"GIT_{role}_{part}" not in os.environ and f"user.{part.lower()}" not in known
    }
