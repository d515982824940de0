"""Published files name no private person, unless somebody asks for it."""

import json
from pathlib import Path

import pandas as pd
from cassandra.cluster import Session

from conf.settings import Settings
from readers.cli import main
from tests.conftest import make_topic
from tests.support.summaries import LABELS, PRIVATE, store_people


def test_private_persons_are_named_only_if_somebody_asks_for_it(
    settings: Settings, session: Session, tmp_path: Path
) -> None:
    topic = make_topic(settings)
    store_people(session, settings, topic)

    def publish(*more: str) -> int:
        return main(["publish", "--topic", topic.topic, "--to", str(tmp_path), *more])

    def read(name: str) -> pd.DataFrame:
        return pd.read_parquet(tmp_path / topic.topic / f"{name}.parquet")

    assert publish() == 0
    told = json.loads((tmp_path / topic.topic / "publication.json").read_bytes())
    assert {table["min_followers"] for table in told["tables"]} == {10_000}
    shown = {name: read(name) for name in ("conversations", "coordination_accounts", "coordination_pairs")}
    for frame in shown.values():
        text = frame.drop(columns=["run_id", "computed_at"]).to_csv()
        assert not [secret for secret in PRIVATE if secret in text]
    people, pairs = shown["coordination_accounts"], shown["coordination_pairs"]
    assert dict(zip(people["author"], people["label"], strict=True)) == {
        **{"x:1": "BigNews", "x:3": "SenGracePOE"},
        **{"account 1.1": "an account", "account 1.2": "an account"},
    }
    assert list(shown["conversations"]["label"]) == ["BigNews", "an account", "SenGracePOE", "an account"]
    of_groups = pairs["group"].notna()
    assert {*pairs["src"][of_groups], *pairs["dst"][of_groups]} == {*people["author"]}
    assert {*pairs["src"][~of_groups], *pairs["dst"][~of_groups]} == {"account 0.1", "account 0.2"}
    assert publish("--min-followers", "0") == 0
    assert {*read("coordination_accounts")["label"]} == {*read("conversations")["label"]} == {*LABELS.values()}
    assert {"x:8", "x:2"} <= {*read("coordination_pairs")["src"]}
