from pathlib import Path

from airflow_dags.wiring.topics import read_topics


def test_a_topic_file_that_cannot_be_read_takes_no_other_topics_dags(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("topic: good\n", encoding="utf-8")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "western.yaml").write_bytes(b"topic: western\ntitle: Jos\xe9\n")
    found = read_topics(tmp_path)
    assert [file.name for file in found.files] == ["good"]
    assert found.problems == [
        f"{tmp_path}/folder.yaml can't be read: Is a directory",
        f"{tmp_path}/western.yaml:2: a letter there is not UTF-8. Save the file as UTF-8",
    ]
