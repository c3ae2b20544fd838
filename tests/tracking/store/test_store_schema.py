"""A new store has the tables that MLflow's own migrations leave, without running them."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import mlflow
import mlflow.store.db.utils
import pytest
from golden import OPTION, Golden

from harness.tracking.store import database
from harness.tracking.store.database import SCHEMA, SCHEMA_VERSION, ready, schema_of_migrations


def lines(schema: str) -> list[str]:
    """Return the lines of a schema, sorted: migrations write indexes and constraints in no fixed order."""
    return sorted(line.strip().rstrip(",") for line in schema.splitlines())


def schema_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master") if sql)


def migrations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record every migration of an empty database from now on."""
    databases: list[str] = []
    initialize = mlflow.store.db.utils._initialize_tables

    def recording(engine: object) -> None:
        databases.append(str(engine))
        initialize(engine)

    monkeypatch.setattr(mlflow.store.db.utils, "_initialize_tables", recording)
    return databases


# The fixture makes it one of the tests that ``make golden`` runs.
def test_the_shipped_tables_are_those_of_the_migrations(
    tmp_path: Path, request: pytest.FixtureRequest, golden: Golden
) -> None:
    migrated = schema_of_migrations(tmp_path)
    if request.config.getoption(OPTION, default=False) and lines(SCHEMA.read_text()) != lines(migrated):
        SCHEMA.write_text(migrated, encoding="utf-8")
    assert mlflow.__version__ == SCHEMA_VERSION, "set SCHEMA_VERSION, then make golden"
    assert lines(SCHEMA.read_text(encoding="utf-8")) == lines(migrated)
    # No folder, name or time of the machine that wrote it.
    golden("tracking/rows-of-a-new-store", "\n".join(re.findall("^INSERT.*", migrated, re.MULTILINE)))


def test_a_new_store_runs_no_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    databases = migrations(monkeypatch)
    ready(tmp_path / "mlflow.db", tmp_path / "artifacts")
    assert databases == []
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    (experiment,) = client.search_experiments()
    assert (experiment.experiment_id, experiment.name) == ("0", "Default")
    assert experiment.artifact_location == (tmp_path / "artifacts" / "0").as_uri()


def test_another_mlflow_migrates_itself_to_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(tmp_path / "shipped.db", tmp_path / "artifacts")
    databases = migrations(monkeypatch)
    monkeypatch.setattr(database, "SCHEMA_VERSION", "0.0.1")
    ready(tmp_path / "migrated.db", tmp_path / "artifacts")
    assert len(databases) == 1
    shipped, migrated = (lines(schema_of(tmp_path / f"{name}.db")) for name in ("shipped", "migrated"))
    assert migrated == shipped
