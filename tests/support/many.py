"""Many rows in little time: copies of one row, made by the database."""

from django.db import connection
from django.db.models import Model


def copies(template: Model, source: str, where: str = "true", **columns: str) -> None:
    """Insert a copy of a stored row for every row of ``source`` (the FROM clause, such as
    ``generate_series(1, 1000) n``) that fits ``where``; ``columns`` are SQL expressions for what differs."""
    model = type(template)
    names = [field.attname for field in model._meta.concrete_fields if not field.primary_key]
    unknown = set(columns) - set(names)
    assert not unknown, f"no such columns: {unknown}"
    values = [columns.get(name, f"template.{name}") for name in names]
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)}"  # noqa: S608 - tests' own
            f" FROM {table} template, {source} WHERE ({where}) AND template.id = %s",
            [template.pk],
        )


def portals(template: Model, count: int, *, first: int = 1) -> None:
    """``count`` more portals like ``template``, at ``pN.example`` from N = ``first``."""
    copies(
        template,
        f"generate_series({first}, {first + count - 1}) n",
        member_id="lpad(to_hex(n), 32, '0')",
        domain="'p' || n || '.example'",
        client_endpoint="'https://p' || n || '.example/rest/'",
    )
