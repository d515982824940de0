"""The files in `assets/` as a bundle that Superset imports: for each topic a database, datasets, charts, a dashboard.

Columns and their descriptions follow from the declarations of the tables. The ids follow from topic and file, so a
bundle that is imported again replaces what the one before has made.
"""

import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from readers.bi.views import VIEWS
from readers.published.tables import columns_of

ASSETS = Path(__file__).with_name("assets")
SPACE = uuid.UUID("6f0c4f0e-0a53-5c1e-9d5f-5d5f0c7d2f61")
ROOT = "pulso"
"""The folder in the bundle; Superset takes it off."""
HEIGHT = 50
_TYPES = {"boolean": "BOOLEAN", "bigint": "BIGINT", "int": "INTEGER", "double": "DOUBLE", "timestamp": "TIMESTAMP"}
LOCKED = {
    "read_only": True,
    "config": {
        **{"enable_external_access": False, "autoinstall_known_extensions": False},
        **{"autoload_known_extensions": False, "lock_configuration": True, "threads": 2, "memory_limit": "1GB"},
    },
}
"""How DuckDB opens the file: nothing can be changed, and no other file can be read."""
Content = dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """A database of published tables: its name, what its ids follow from, its address, and its schema."""

    name: str
    key: str
    address: str
    schema: str
    engine: Content

    def id_of(self, *what: str) -> str:
        """Returns an id that is always the same."""
        return str(uuid.uuid5(SPACE, "/".join((self.key, *what))))


def of_file(topic: str, file: Path) -> Origin:
    """Returns the DuckDB file of a topic as a database."""
    return Origin(f"Pulso {topic}", topic, f"duckdb:///{file}", "main", {"connect_args": LOCKED})


def of_views(port: int, password: str) -> Origin:
    """Returns the views of `make bi` as a database. Superset keeps the password encrypted."""
    login = f"pulso:{quote(password, safe='')}@" if password else "pulso@"
    auth = "?auth=CUSTOM" if password else ""
    return Origin("Pulso live", "/live", f"hive://{login}127.0.0.1:{port}/default{auth}", "default", {})


def bundle(origins: list[Origin]) -> bytes:
    """Returns the bundle, a zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"{ROOT}/metadata.yaml", _text({"version": "1.0.0", "type": "assets"}))
        for origin in origins:
            for path, content in _files(origin):
                file.writestr(f"{ROOT}/{path}", _text({**content, "version": "1.0.0"}))
    return made.getvalue()


def _files(origin: Origin) -> Iterator[tuple[str, Content]]:
    folder = origin.id_of("database")
    yield f"databases/{folder}.yaml", _database(origin)
    for name, given in _read("datasets"):
        yield f"datasets/{folder}/{origin.id_of('dataset', name)}.yaml", _dataset(origin, name, given)
    charts = dict(_read("charts"))
    for name, given in charts.items():
        yield f"charts/{origin.id_of('chart', name)}.yaml", _chart(origin, name, given)
    yield f"dashboards/{origin.id_of('dashboard')}.yaml", _dashboard(origin, charts)


def _read(folder: str) -> Iterator[tuple[str, Content]]:
    for file in sorted((ASSETS / folder).glob("*.yaml")):
        yield file.stem, yaml.safe_load(file.read_text(encoding="utf-8"))


def _database(origin: Origin) -> Content:
    extra = {"engine_params": origin.engine, "allows_virtual_table_explore": True, "metadata_params": {}}
    return {
        "database_name": origin.name,
        "sqlalchemy_uri": origin.address,
        "uuid": origin.id_of("database"),
        **{"expose_in_sqllab": True, "allow_run_async": False, "allow_ctas": False, "allow_cvas": False},
        **{"allow_dml": False, "allow_file_upload": False, "extra": extra, "cache_timeout": 0},
    }


def _dataset(origin: Origin, name: str, given: Content) -> Content:
    columns = [
        {
            "column_name": column,
            "verbose_name": given.get("labels", {}).get(column),
            "description": declared.doc,
            "type": _TYPES.get(declared.cql, "VARCHAR"),
            "is_dttm": declared.cql == "timestamp",
            "filterable": True,
            "groupby": True,
            "is_active": True,
        }
        for column, declared in columns_of(VIEWS[given["table"]]).items()
    ]
    return {
        "table_name": f"{origin.name}: {given['table_name']}",  # in SQLite, Superset wants a name only once
        "description": given["description"],
        "main_dttm_col": given["main_dttm_col"],
        "schema": origin.schema,
        "sql": given["sql"],
        "metrics": [{**metric, "metric_type": None} for metric in given.get("metrics", [])],
        "columns": columns,
        "uuid": origin.id_of("dataset", name),
        "database_uuid": origin.id_of("database"),
    }


def _chart(origin: Origin, name: str, given: Content) -> Content:
    return {
        "slice_name": given["slice_name"],
        "description": given["description"],
        "viz_type": given["viz_type"],
        "params": {**given["params"], "viz_type": given["viz_type"]},
        "uuid": origin.id_of("chart", name),
        "dataset_uuid": origin.id_of("dataset", given["dataset"]),
    }


def _dashboard(origin: Origin, charts: dict[str, Content]) -> Content:
    given = yaml.safe_load((ASSETS / "dashboard.yaml").read_text(encoding="utf-8"))
    return {
        "dashboard_title": origin.name,
        "description": given["note"],
        "uuid": origin.id_of("dashboard"),
        "slug": origin.key.strip("/"),
        "published": True,
        "position": _position(origin, charts, given),
        "metadata": {"color_scheme": "supersetColors", "refresh_frequency": 60, "cross_filters_enabled": True},
    }


def _position(origin: Origin, charts: dict[str, Content], given: Content) -> Content:
    """Returns the dashboard's tree of parts. Superset needs a `chartId` of each chart, and finds it by its uuid."""
    rows = [f"ROW-{number}" for number in range(len(given["rows"]))]
    parents = ["ROOT_ID", "GRID_ID"]
    tree: Content = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": origin.name}},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": ["MARKDOWN-note", *rows], "parents": ["ROOT_ID"]},
        "MARKDOWN-note": {
            **{"type": "MARKDOWN", "id": "MARKDOWN-note", "children": [], "parents": parents},
            "meta": {"code": given["note"], "width": 12, "height": 12},
        },
    }
    number = 0
    for row, parts in zip(rows, given["rows"], strict=True):
        named = [f"CHART-{name}" for name, _ in parts]
        meta = {"background": "BACKGROUND_TRANSPARENT"}
        tree[row] = {"type": "ROW", "id": row, "children": named, "parents": parents, "meta": meta}
        for name, width in parts:
            number += 1
            place = {"width": width, "height": HEIGHT, "sliceName": charts[name]["slice_name"]}
            tree[f"CHART-{name}"] = {
                **{"type": "CHART", "id": f"CHART-{name}", "children": [], "parents": [*parents, row]},
                "meta": {"chartId": number, "uuid": origin.id_of("chart", name), **place},
            }
    return tree


def _text(content: Content) -> str:
    return yaml.safe_dump(json.loads(json.dumps(content)), allow_unicode=True, sort_keys=False)
