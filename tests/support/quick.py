"""How Cassandra's JVM runs in a test: it lives for seconds or minutes, so it must be quick at once."""

QUICK = ("-XX:TieredStopAtLevel=1",)
"""Without the second compiler, which would take one of two cores from the processes under test."""


def instead(**settings: object) -> tuple[str, ...]:
    """Returns the options of a node that has some settings of cassandra.yaml instead of its own."""
    allowed = "-Dcassandra.config.allow_system_properties=true"
    return (allowed, *(f"-Dcassandra.settings.{name}={value}" for name, value in settings.items()))
