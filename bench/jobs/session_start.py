"""Given to spark-submit: makes the session that a job has, counts one row of a Cassandra table, and ends."""

import sys

from conf.errors import PulsoError, exit_code_of
from conf.settings import load_settings
from conf.tables import TOPIC_LAYOUT
from jobs.framework.spark import spark_session


def main() -> None:
    """Counts the row. Raises PulsoError if there is none. The arguments of a job are allowed, and not used."""
    settings = load_settings()
    spark = spark_session("start", settings)
    table = spark.read.format("org.apache.spark.sql.cassandra").options(
        keyspace=settings.keyspace, table=TOPIC_LAYOUT.name
    )
    if table.load().limit(1).count() != 1:
        raise PulsoError(f"{TOPIC_LAYOUT.name} is empty")


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
