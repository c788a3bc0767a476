"""A real PostgreSQL on this machine, made by the node's own init script; benchmarks and tests share it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

INIT = Path(__file__).parents[2] / "devops/k3s/base/postgres/init.sh"
SYSTEM_USER = "postgres"
"""PostgreSQL refuses to run as root; this user comes with Debian's package."""


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """A running server: its superuser by the socket in `folder`, the role mlflow by TCP and password."""

    folder: Path
    port: int
    password: str

    @property
    def environment(self) -> dict[str, str]:
        """What makes PostgreSQL's own tools find it."""
        return {"PGHOST": str(self.folder), "PGPORT": str(self.port)}

    def sql(self, statement: str, *, database: str = "mlflow") -> str:
        """A statement's answer, as the superuser."""
        done = subprocess.run(
            ["psql", "-U", "postgres", "-d", database, "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()


def missing() -> str | None:
    """Why there can be no PostgreSQL here, or `None`."""
    if _program("initdb") is None or shutil.which("psql") is None:
        return "PostgreSQL's server (initdb, postgres) is not installed on this machine"
    if os.geteuid() == 0:
        import pwd

        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            return f"PostgreSQL does not run as root, and there is no user {SYSTEM_USER}"
    return None


@contextlib.contextmanager
def postgres_serving(port: int, *, settings: Sequence[str] = ()) -> Iterator[Postgres]:
    """Run a fresh server, with `name=value` settings, that has the database mlflow and its role."""
    folder = Path(tempfile.mkdtemp(prefix="wms-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SYSTEM_USER)
        _run(
            "initdb",
            "-D",
            str(folder / "data"),
            "-U",
            "postgres",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        )
        options = [f"-p {port}", f"-k {folder}", "-h 127.0.0.1", *(f"-c {each}" for each in settings)]
        control = ["-D", str(folder / "data"), "-w", "-l", str(folder / "log")]
        _run("pg_ctl", *control, "-o", " ".join(options), "start")
        try:
            found = Postgres(folder=folder, port=port, password=secrets.token_hex(16))
            subprocess.run(
                ["bash", INIT],
                env={**os.environ, **found.environment, "MLFLOW_DATABASE_PASSWORD": found.password},
                check=True,
                capture_output=True,
            )
            yield found
        finally:
            if (folder / "data/postmaster.pid").exists():
                _run("pg_ctl", *control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> Path | None:
    """Debian keeps the server's programs out of the path."""
    candidates = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = shutil.which(name) or (candidates[-1] if candidates else None)
    return None if found is None else Path(found)


def _run(name: str, *arguments: str) -> None:
    program = _program(name)
    assert program is not None
    user = SYSTEM_USER if os.geteuid() == 0 else None
    subprocess.run(
        [program, *arguments],
        user=user,
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
