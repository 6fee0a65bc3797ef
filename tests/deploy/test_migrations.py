"""Old code runs on while a migration is applied and after it: see docs/operations/upgrading.md for the rules."""

from collections.abc import Sequence

import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from django_migration_linter import MigrationLinter
from django_migration_linter.sql_analyser.analyser import analyse_sql_statements, get_sql_analyser_class

OURS = ["portals", "widget", "operators"]
# No older code ran on these databases; later migrations are additive.
BEFORE_THE_FIRST_RELEASE = {"0001_initial"}

# Outside of a transaction, as `migrate` is: indexes are built beside running code.
pytestmark = pytest.mark.django_db(transaction=True)


def linter(*, only: Sequence[str] = (), without: Sequence[str] = ()) -> MigrationLinter:
    linter = MigrationLinter(
        include_apps=OURS,
        include_name=only,
        ignore_name=without,
        no_cache=True,
        no_output=True,
        all_warnings_as_errors=True,
    )
    linter.lint_all_migrations()
    return linter


def test_migrations_are_safe_while_the_old_code_runs(capsys: pytest.CaptureFixture[str]) -> None:
    linted = linter(without=sorted(BEFORE_THE_FIRST_RELEASE))
    if linted.has_errors:
        linted.no_output = False
        linted.lint_all_migrations()
    assert not linted.has_errors, capsys.readouterr().out


def test_a_column_that_old_code_cannot_fill_would_be_noticed() -> None:
    analyser = get_sql_analyser_class("postgresql")
    errors, _, _ = analyse_sql_statements(analyser, ['ALTER TABLE "note" ADD COLUMN "tone" integer NOT NULL'])
    assert [error.code for error in errors] == ["NOT_NULL"]


def test_every_migration_can_be_taken_back() -> None:
    loader = MigrationLoader(None)
    for (app, name), migration in loader.disk_migrations.items():
        if app in OURS:
            assert all(operation.reversible for operation in migration.operations), f"{app}.{name}"


def test_no_application_of_ours_is_forgotten() -> None:
    own = {config.label for config in apps.get_app_configs() if "site-packages" not in config.path}
    assert own - {"sidebar_project"} == set(OURS)
