"""An embedded Cassandra with settings that only a test needs."""

import re
from collections.abc import Mapping

from deploy.cassandra_server import CassandraServer
from deploy.node import Node


class ServerWith(CassandraServer):
    """A node as `make up` starts it, with some settings of cassandra.yaml in place of its own."""

    def __init__(self, node: Node, settings: Mapping[str, object]) -> None:
        super().__init__(node)
        self._settings = settings

    def render(self) -> None:
        """Writes the node's configuration, and changes it."""
        super().render()
        text = self.config.read_text()
        for name, value in self._settings.items():
            text = re.sub(rf"^{name}:.*\n", "", text, flags=re.MULTILINE) + f"{name}: {value}\n"
        self.config.write_text(text)
