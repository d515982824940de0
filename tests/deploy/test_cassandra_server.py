"""What is done before the embedded Cassandra starts."""

from pathlib import Path

from deploy.cassandra_server import CassandraServer
from deploy.node import make_node
from tests.support.ports import LOCAL


def test_empty_files_of_the_commit_log_are_deleted_before_a_start(tmp_path: Path) -> None:
    node = make_node(tmp_path, LOCAL, 9042)
    for folder, name in ((node.lib, "jamm-0.jar"), (node.folder / "commitlog", "CommitLog-8-1.log")):
        folder.mkdir(parents=True)
        (folder / name).touch()
    kept = node.folder / "commitlog" / "CommitLog-8-2.log"
    kept.write_bytes(b"a segment")
    CassandraServer(node).render()
    assert list(kept.parent.iterdir()) == [kept]
