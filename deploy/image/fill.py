"""Run while the image is built: puts Java, Spark's commands, Cassandra's jars and Spark's packages into it."""

from conf import ROOT
from deploy.console import make_console
from deploy.environment import import_pyspark_compiled, provide_java, write_spark_commands
from deploy.jars import fetch_engine_jars, fetch_spark_packages


def main() -> None:
    """Does what `python -m deploy setup` does, but for the class-data archive, which is large and of one machine."""
    console = make_console()
    provide_java(console)
    write_spark_commands()
    import_pyspark_compiled()
    home = ROOT / ".pulso"
    home.mkdir(exist_ok=True)
    fetch_engine_jars(home, console)
    fetch_spark_packages(home, console)


if __name__ == "__main__":
    main()
