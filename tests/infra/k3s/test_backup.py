"""Dumps to S3 and back, by the node's own scripts, on a real PostgreSQL with real data of MLflow."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from infra.k3s.conftest import NODE, client, run
from inputs.postgres import Postgres, postgres_serving
from servers import free_port
from wms.adapters.mlflow.client import connect

KEY = "backup/mlflow.dump"
K3S = """#!/bin/bash
echo "$4 $5 $6" >>'{calls}'
case "$*" in
  *"scale statefulset/postgres --replicas=0")
    server=$(head --lines=1 '{data}/postmaster.pid')
    kill -INT "$server"
    while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
    ;;
esac
"""


@dataclass(frozen=True, kw_only=True)
class Node:
    """The scripts, as they run on the node.

    k3s is a stand-in: what it is told is noted, and a database that it scales down gets SIGINT, which is the
    image's stop signal.
    """

    environment: dict[str, str]
    control: Path
    dumps: Path

    def run(self, script: str, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        return run(NODE / script, *arguments, code=code, environment=self.environment)


@pytest.fixture
def node(postgres: Postgres, aws: dict[str, str], node_root: Path, tmp_path: Path) -> Node:
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    k3s = node_root / "usr/local/bin/k3s"
    k3s.parent.mkdir(parents=True)
    k3s.write_text(K3S.format(calls=tmp_path / "calls", data=postgres.folder / "data"))
    k3s.chmod(0o755)
    return Node(
        environment={
            **os.environ,
            **aws,
            **postgres.environment,
            "WMS_BOOT_ROOT": str(node_root),
            "WMS_PG_COMMAND": "",
            "WMS_DUMP_FOLDER": str(dumps),
            "WMS_DUMP_FOLDER_THERE": str(dumps),
        },
        control=tmp_path / "calls",
        dumps=dumps,
    )


def uri(postgres: Postgres) -> str:
    return f"postgresql+psycopg2://mlflow:{postgres.password}@127.0.0.1:{postgres.port}/mlflow"


@pytest.fixture(scope="module")
def template(postgres: Postgres) -> str:
    """A database with MLflow's tables: making them takes seconds, and a client does it once an address."""
    connect(uri(postgres)).search_experiments()
    disconnect = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'mlflow'"
    postgres.sql(f"{disconnect}; ALTER DATABASE mlflow RENAME TO tables_of_it", database="postgres")
    return "tables_of_it"


def make_database(postgres: Postgres, *, template: str = "template1") -> None:
    for name in databases(postgres):
        postgres.sql(f"DROP DATABASE {name} WITH (FORCE)", database="postgres")
    postgres.sql(f"CREATE DATABASE mlflow TEMPLATE {template} OWNER mlflow", database="postgres")


@pytest.fixture
def empty_database(postgres: Postgres, template: str) -> Postgres:
    make_database(postgres)
    return postgres


@pytest.fixture
def filled(empty_database: Postgres, template: str) -> str:
    """The ID of a run with 300 metrics, whose model is registered and has an alias."""
    make_database(empty_database, template=template)
    mlflow = connect(uri(empty_database))
    run_id = mlflow.create_run(mlflow.create_experiment("meters"), run_name="the run").info.run_id
    for step in range(300):
        mlflow.log_metric(run_id, "val_dice", step / 300, step=step)
    mlflow.set_terminated(run_id)
    mlflow.create_registered_model("register window")
    version = mlflow.create_model_version("register window", "s3://artifacts/model", run_id)
    mlflow.set_registered_model_alias("register window", "production", version.version)
    return str(run_id)


def assert_everything_is_there(postgres: Postgres, run_id: str) -> None:
    mlflow = connect(uri(postgres))
    assert mlflow.get_run(run_id).info.run_name == "the run"
    history = mlflow.get_metric_history(run_id, "val_dice")
    assert [(metric.step, metric.value) for metric in history] == [(step, step / 300) for step in range(300)]
    aliased = mlflow.get_model_version_by_alias("register window", "production")
    assert (aliased.run_id, int(aliased.version)) == (run_id, 1)


def databases(postgres: Postgres) -> list[str]:
    return postgres.sql(
        "SELECT datname FROM pg_database WHERE datname LIKE 'mlflow%'", database="postgres"
    ).split()


def test_what_was_logged_and_registered_survives_the_loss_of_the_database(
    node: Node, empty_database: Postgres, filled: str
) -> None:
    node.run("backup.sh")
    empty_database.sql("DROP DATABASE mlflow WITH (FORCE)", database="postgres")
    node.run("restore.sh")
    assert_everything_is_there(empty_database, filled)
    assert databases(empty_database) == ["mlflow"]
    calls = node.control.read_text()
    assert calls.index("deployment/mlflow --replicas=0") < calls.index("deployment/mlflow --replicas=1")
    assert list(node.dumps.iterdir()) == []


def test_a_fresh_node_whose_mlflow_has_made_its_tables_is_restored_without_force(
    node: Node, empty_database: Postgres, filled: str, template: str
) -> None:
    node.run("backup.sh")
    make_database(empty_database, template=template)
    node.run("restore.sh")
    assert_everything_is_there(empty_database, filled)
    assert databases(empty_database) == ["mlflow"]


def test_a_database_that_holds_runs_is_left_alone_unless_forced_and_is_then_kept_beside(
    node: Node, empty_database: Postgres, filled: str
) -> None:
    node.run("backup.sh")
    connect(uri(empty_database)).delete_registered_model_alias("register window", "production")

    refused = node.run("restore.sh", code=1)
    assert "holds 3 runs, models and experiments; nothing was changed" in refused.stderr
    assert "--force" in refused.stderr
    assert not node.control.exists()

    node.run("restore.sh", "--force")
    assert_everything_is_there(empty_database, filled)
    (kept,) = [name for name in databases(empty_database) if name != "mlflow"]
    assert kept.startswith("mlflow_before_")
    assert empty_database.sql("SELECT count(*) FROM registered_model_aliases", database=kept) == "0"


def test_an_older_dump_is_restored_by_its_version(
    node: Node, empty_database: Postgres, filled: str, aws: dict[str, str], data_bucket: str
) -> None:
    node.run("backup.sh")
    older = client("s3", aws).head_object(Bucket=data_bucket, Key=KEY)["VersionId"]
    connect(uri(empty_database)).delete_registered_model("register window")
    node.run("backup.sh")

    listed = node.run("restore.sh", "--list")
    assert older in listed.stdout
    node.run("restore.sh", "--force", "--version", older)
    assert_everything_is_there(empty_database, filled)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (b"another", "does not have the SHA-256"),
        (b"no dump at all", "could not be read in; nothing was changed"),
    ],
    ids=["damaged", "no dump"],
)
def test_a_dump_that_cannot_be_restored_changes_nothing(
    node: Node,
    empty_database: Postgres,
    filled: str,
    aws: dict[str, str],
    data_bucket: str,
    written: bytes,
    says: str,
) -> None:
    body = b"no dump at all"
    metadata = {"sha256": hashlib.sha256(written).hexdigest()}
    client("s3", aws).put_object(Bucket=data_bucket, Key=KEY, Body=body, Metadata=metadata)

    assert says in node.run("restore.sh", "--force", code=1).stderr
    assert_everything_is_there(empty_database, filled)
    assert databases(empty_database) == ["mlflow"]


def test_an_empty_database_never_becomes_the_newest_dump(node: Node, empty_database: Postgres) -> None:
    assert "the database is empty; nothing was stored" in node.run("backup.sh", code=1).stderr


def test_a_bucket_that_keeps_no_versions_is_an_error(
    node: Node, filled: str, aws: dict[str, str], data_bucket: str, node_root: Path
) -> None:
    client("s3", aws).create_bucket(Bucket="no-versions")
    settings = node_root / "etc/wms/node.env"
    settings.write_text(settings.read_text().replace(data_bucket, "no-versions"))
    assert "keeps no versions" in node.run("backup.sh", code=1).stderr


def test_without_any_dump_the_restore_says_so(node: Node, empty_database: Postgres) -> None:
    assert "there is no such dump" in node.run("restore.sh", code=1).stderr
    assert databases(empty_database) == ["mlflow"]


def test_a_stop_stores_a_dump_then_the_database_ends_fast_and_clean_although_clients_are_connected(
    node: Node, filled: str, aws: dict[str, str], data_bucket: str
) -> None:
    """On a server of its own, which it ends."""
    with postgres_serving(free_port()) as server:
        mlflow = connect(uri(server))
        mlflow.search_experiments()
        environment = {**node.environment, **server.environment}
        k3s = Path(environment["WMS_BOOT_ROOT"], "usr/local/bin/k3s")
        k3s.write_text(K3S.format(calls=node.control, data=server.folder / "data"))
        # A client in the middle of a transaction, as one that hangs.
        hanging = psycopg2.connect(
            host="127.0.0.1", port=server.port, user="mlflow", password=server.password, dbname="mlflow"
        )
        hanging.cursor().execute("BEGIN; SELECT 1")
        begun = time.monotonic()
        run(NODE / "stop.sh", environment=environment)
        assert time.monotonic() - begun < 30
        hanging.close()
        stored = client("s3", aws).head_object(Bucket=data_bucket, Key=KEY)
        assert stored["ContentLength"] > 1000
        calls = node.control.read_text()
        ended = [
            calls.index(f"{what} --replicas=0") for what in ("deployment/mlflow", "statefulset/postgres")
        ]
        assert ended == sorted(ended)
        control = next(Path("/usr/lib/postgresql").glob("*/bin/pg_controldata"))
        assert re.search(
            r"^Database cluster state: +shut down$", run(control, server.folder / "data").stdout, re.M
        )


@pytest.mark.parametrize("hangs", ["the dump", "nothing answers"])
def test_nothing_that_hangs_or_fails_keeps_the_machine(node: Node, hangs: str) -> None:
    environment = {**node.environment, "DUMP_SECONDS": "1"}
    if hangs == "the dump":
        environment["WMS_PG_COMMAND"] = "sleep 600"
    else:
        environment["PGPORT"] = "1"
    Path(environment["WMS_BOOT_ROOT"], "usr/local/bin/k3s").write_text("#!/bin/sh\nexit 1\n")
    begun = time.monotonic()
    said = run(NODE / "stop.sh", environment=environment).stderr
    assert time.monotonic() - begun < 30
    assert "no dump before this stop" in said
