"""Rows of summaries in a pack with pseudonyms: accounts are hidden, sites and hashtags are not, media are left out."""

import pytest

from conf.tables import GRAPH_EDGES, GRAPH_NODES, TOP_ITEMS
from readers.packs.disguise import disguised_record
from readers.packs.pseudonyms import Pseudonyms

MADE = Pseudonyms(bytes(32))
HIDDEN = MADE.node("x:12")


@pytest.mark.parametrize(
    ("graph", "src", "dst", "packed"),
    [
        ("mention", "x:12", "x:@ana", (HIDDEN, MADE.node("x:@ana"))),
        ("author_host", "x:12", "a.example", (HIDDEN, "a.example")),
        ("author_host", "x:12", "[2001:db8::1]", (HIDDEN, "[2001:db8::1]")),
        ("author_hashtag", "x:12", "#選挙", (HIDDEN, "#選挙")),
        ("hashtag_host", "#seçim", "a.example", ("#seçim", "a.example")),
        ("hashtag", "seçim", "ana", ("seçim", "ana")),
    ],
)
def test_the_nodes_of_graphs(graph: str, src: str, dst: str, packed: tuple[str, str]) -> None:
    found = disguised_record(MADE, GRAPH_EDGES, {"graph": graph, "src": src, "dst": dst})
    assert (found["src"], found["dst"]) == packed
    assert HIDDEN not in ("x:12", None)


@pytest.mark.parametrize(
    ("graph", "node", "label"),
    [("author_host", "a.example", "a.example"), ("hashtag_host", "#seçim", "#Seçim"), ("hashtag", "seçim", "seçim")],
)
def test_the_label_of_a_site_or_hashtag_stays(graph: str, node: str, label: str) -> None:
    assert disguised_record(MADE, GRAPH_NODES, {"graph": graph, "node": node, "label": label})["label"] == label


def test_the_label_of_an_account_is_hidden() -> None:
    row = {"graph": "author_host", "node": "x:12", "label": "ana"}
    assert disguised_record(MADE, GRAPH_NODES, row)["label"] == MADE.handle("x", "ana")


def test_media_are_left_out() -> None:
    row = {"kind": "media", "item": "3_72680000000000001", "label": "3_72680000000000001"}
    found = disguised_record(MADE, TOP_ITEMS, row)
    assert (found["item"], found["label"]) == (None, None)
