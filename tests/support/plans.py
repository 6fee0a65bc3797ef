"""What queries cost, in rows that PostgreSQL reads: it says so itself, so no clock is needed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext


@dataclass
class Cost:
    """Of the SELECTs of a block: their SQL, rows read of each table, tables that were read from end to end."""

    queries: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    scanned: set[str] = field(default_factory=set)

    def rows_of(self, prefix: str = "portals_") -> int:
        """Rows read of the tables with this prefix."""
        return sum(count for table, count in self.rows.items() if table.startswith(prefix))


@contextmanager
def costs() -> Iterator[Cost]:
    """Collect what the block asks; afterwards ask PostgreSQL how it answered."""
    cost = Cost()
    with CaptureQueriesContext(connection) as captured:
        yield cost
    cost.queries = [query["sql"] for query in captured.captured_queries]
    with connection.cursor() as cursor:
        for sql in cost.queries:
            if not sql.lstrip("( ").startswith("SELECT"):
                continue
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql.replace("%", "%%"), [])
            [(plan,)] = cursor.fetchall()
            _read(plan if isinstance(plan, list) else json.loads(plan), cost)


def _read(plans: list[dict[str, Any]], cost: Cost) -> None:
    nodes = [plan["Plan"] for plan in plans]
    while nodes:
        node = nodes.pop()
        nodes += node.get("Plans", [])
        if table := node.get("Relation Name"):
            read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            cost.rows[table] = cost.rows.get(table, 0) + int(read * node["Actual Loops"])
            if node["Node Type"] == "Seq Scan":
                cost.scanned.add(table)
