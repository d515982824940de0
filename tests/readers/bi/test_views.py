"""The SQL of the views: every published column with its comment, no bucket, and texts that can't end early."""

from pathlib import Path

import pytest

from conf.schema import Column, Table
from readers.bi.views import VIEWS, create_part, create_view
from readers.published.tables import columns_of


@pytest.mark.parametrize("table", VIEWS.values(), ids=list(VIEWS))
def test_a_view_has_the_published_columns_with_their_comments(table: Table) -> None:
    sql = create_view(table, 7)
    assert sql.startswith(f"CREATE OR REPLACE VIEW default.{table.name} (")
    assert sql.endswith(f"FROM pulso_parts.{table.name}_7")
    assert "no forecast" in sql
    assert "bucket`" not in sql
    for name in columns_of(table):
        assert f"`{name}` COMMENT '" in sql
    assert "bucket`" not in create_part(table, 7, Path("/x"))


def test_comments_with_quotes_and_backslashes_stay_comments() -> None:
    odd = Column("text", "it's a \\' -- ; DROP", nullable=False)
    table = Table("t", "doc's \\", ("topic",), (), {"topic": odd}, job="j")
    assert "COMMENT 'it\\'s a \\\\\\' -- ; DROP'" in create_view(table, 1)
    assert "COMMENT 'doc\\'s \\\\ " in create_view(table, 1)


def test_a_folder_with_odd_characters_is_named_as_an_address() -> None:
    assert "LOCATION 'file:///a%20b/it%27s'" in create_part(VIEWS["cascades"], 1, Path("/a b/it's"))
