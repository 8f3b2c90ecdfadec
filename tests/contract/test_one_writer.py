"""One table, one writer: the source says which module inserts, updates and deletes rows of which table."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from subscribers.high_water_mark.mark_store import mark_metadata
from subscribers.model import metadata

SUBSCRIBERS = Path(__file__).parents[2] / "subscribers"
TABLES = metadata.tables.keys() | mark_metadata.tables.keys()  # the second beside the database
STATEMENTS = {"insert", "update", "delete"}

# ``backups.rows`` is outside the rule: it copies whole databases, and names no table.
TEMPORARY = {"staged"}  # lives as long as the connection of an import

# The modules of each table. Several modules of a table are always of one package.
WRITERS = {
    "announced_versions": {"announcing.announcements"},
    "announcements": {"ledger.announcement_rows"},
    "attachments": {"announcing.announcements"},
    "attempts": {"ledger.attempt_rows"},
    "batches": {"ledger.batch_rows"},
    "contents": {"announcing.announcements"},
    "corrections": {"users.import_users", "users.requests"},
    "deliveries": {"ledger.delivery_rows"},
    "erasures": {"users.erasures"},
    "event_posts": {"ledger.signed_events"},
    "events": {"ledger.signed_events"},
    "files": {"announcing.announcements"},
    "histories": {"announcing.announcements"},
    "journal": {"high_water_mark.journal"},
    "installation": {"high_water_mark.installation"},
    "marks": {"high_water_mark.mark_store"},
    "proofs": {"proof.export_bundle"},
    "provider_pauses": {"ledger.provider_pause"},
    "receiving_domains": {"ledger.receiving_domains"},
    "unmatched_events": {"ledger.signed_events"},
    "user_records": {"users.import_users", "users.journalled", "users.requests", "users.user_data"},
    "users": {
        *("users.accounts", "users.import_users", "users.journalled", "users.requests"),
        "users.unreachable_marks",
    },
}


def test_each_table_is_written_by_its_own_modules_alone() -> None:
    found = defaultdict(set)
    for module, table in _writes():
        found[table].add(module)
    assert dict(found) == WRITERS


def test_every_table_has_a_writer() -> None:
    assert WRITERS.keys() == TABLES


def test_a_table_belongs_to_one_package() -> None:
    for table, modules in WRITERS.items():
        assert len({module.partition(".")[0] for module in modules}) == 1, table


@pytest.mark.parametrize(
    "source",
    [
        "from subscribers.model import users\nupdate(users)",
        "from subscribers.model import users\nusers.delete()",
        "from subscribers import model\ninsert(model.users)",
        "from subscribers.model import users as people\nupdate(people)",
    ],
)
def test_a_write_is_found_however_it_is_written(source: str) -> None:
    assert list(_tables_written(ast.parse(source), where="here")) == ["users"]


def test_a_write_to_a_table_that_the_source_does_not_name_is_refused() -> None:
    with pytest.raises(AssertionError, match="here:2 writes a table"):
        list(_tables_written(ast.parse("table = column.table\nupdate(table)"), where="here"))


def _writes() -> Iterator[tuple[str, str]]:
    """Each module below ``subscribers`` with each table it writes."""
    for file in sorted(SUBSCRIBERS.rglob("*.py")):
        if "migrations" not in file.parts:
            module = ".".join(file.relative_to(SUBSCRIBERS).with_suffix("").parts)
            tree = ast.parse(file.read_text(encoding="utf-8"))
            yield from ((module, table) for table in _tables_written(tree, where=module))


def _tables_written(tree: ast.Module, *, where: str) -> Iterator[str]:
    """The tables in ``insert(…)``, ``update(…)`` and ``delete(…)``, or in the methods of those names."""
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "subscribers.model"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in STATEMENTS:
            [table] = node.args
            name = _name(table)
            if name not in TEMPORARY:
                name = names.get(name, name)
                assert name in TABLES, f"{where}:{node.lineno} writes a table that it does not name"
                yield name
        elif isinstance(node.func, ast.Attribute) and node.func.attr in STATEMENTS:
            name = names.get(_name(node.func.value), "")
            if name in TABLES:
                yield name


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
