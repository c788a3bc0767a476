import contextlib
import os
import sqlite3

from wms.adapters.mlflow.client import ENVIRONMENT, connect, set_environment

POOL = "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"


def test_the_embedded_store_lets_readers_and_a_writer_work_at_once(tmp_path):
    database = tmp_path / "deep/mlflow.db"
    connect(f"sqlite:///{database}")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_the_pool_is_as_large_as_a_server_has_threads_unless_the_user_says_otherwise(monkeypatch):
    monkeypatch.delenv(POOL, raising=False)
    set_environment()
    assert int(os.environ[POOL]) >= 40
    monkeypatch.setenv(POOL, "7")
    set_environment()
    assert os.environ[POOL] == "7"
    assert POOL in ENVIRONMENT
