"""The bundle for Superset: whole, with the same ids each time, and with columns as the tables declare them."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from readers.bi.views import VIEWS
from readers.published.tables import columns_of
from readers.superset.bundle import ASSETS, Origin, bundle, of_file, of_views

ORIGINS = [of_file("ph2016", Path("/a b/ph2016.duckdb")), of_file("brexit", Path("/b.duckdb")), of_views(10000, "")]


def files(*origins: Origin) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(bundle(list(origins)))) as file:
        return {name.removeprefix("pulso/"): yaml.safe_load(file.read(name)) for name in file.namelist()}


def of_kind(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [content for name, content in found.items() if name.startswith(f"{kind}/")]


def test_each_database_has_its_own_datasets_charts_and_dashboard() -> None:
    found = files(*ORIGINS)
    assert found["metadata.yaml"]["type"] == "assets"
    ids = [content["uuid"] for content in found.values() if "uuid" in content]
    assert len(ids) == len(set(ids)) == 3 * (2 + 5 + 6)
    datasets = {dataset["uuid"] for dataset in of_kind(found, "datasets")}
    assert {dataset["database_uuid"] for dataset in of_kind(found, "datasets")} == {
        database["uuid"] for database in of_kind(found, "databases")
    }
    assert {chart["dataset_uuid"] for chart in of_kind(found, "charts")} == datasets


def test_no_two_datasets_have_one_name() -> None:
    names = [dataset["table_name"] for dataset in of_kind(files(*ORIGINS), "datasets")]
    assert len(names) == len(set(names))


def test_it_is_the_same_each_time_so_that_it_replaces_the_one_before() -> None:
    assert files(*ORIGINS) == files(*ORIGINS)


def test_each_chart_stands_on_the_dashboard_with_an_id() -> None:
    (board,) = of_kind(files(ORIGINS[0]), "dashboards")
    charts = {chart["uuid"] for chart in of_kind(files(ORIGINS[0]), "charts")}
    placed = [part["meta"] for part in board["position"].values() if isinstance(part, dict) and part["type"] == "CHART"]
    assert {meta["uuid"] for meta in placed} == charts
    assert sorted(meta["chartId"] for meta in placed) == list(range(1, len(charts) + 1))
    text = board["position"]["MARKDOWN-note"]["meta"]["code"]
    assert "no forecast" in text
    assert "sampling error only" in text


@pytest.mark.parametrize("file", sorted((ASSETS / "charts").glob("*.yaml")), ids=lambda file: file.stem)
def test_charts_name_columns_and_metrics_that_are_there(file: Path) -> None:
    chart = yaml.safe_load(file.read_text())
    dataset = yaml.safe_load((ASSETS / "datasets" / f"{chart['dataset']}.yaml").read_text())
    columns = set(columns_of(VIEWS[dataset["table"]]))
    params = chart["params"]
    used = {*params.get("all_columns", []), *params.get("groupby", []), *params.get("column_config", {})}
    used |= {params["x_axis"]} if "x_axis" in params else set()
    used |= {one["subject"] for one in params["adhoc_filters"]}
    assert used <= columns
    assert set(params.get("metrics", [])) <= {metric["metric_name"] for metric in dataset.get("metrics", [])}


def test_the_file_is_opened_for_reading_alone() -> None:
    (database,) = of_kind(files(ORIGINS[0]), "databases")
    given = database["extra"]["engine_params"]["connect_args"]
    assert given["read_only"]
    assert given["config"]["enable_external_access"] is False
    assert given["config"]["lock_configuration"]
    assert not database["allow_dml"]


def test_an_odd_password_stays_one() -> None:
    assert (
        of_views(10000, "a@b:/?#é").address
        == "hive://pulso:a%40b%3A%2F%3F%23%C3%A9@127.0.0.1:10000/default?auth=CUSTOM"
    )
    assert of_views(10000, "").address == "hive://pulso@127.0.0.1:10000/default"
