"""The engines of a test run: the first process that needs them starts them, and the leading process stops them.

Their home and ports are used by nothing else, so the tests never touch a developer's running engines.
"""

import json
import os
import shutil
import uuid
from pathlib import Path

from rich.console import Console

from conf import ROOT
from conf.settings import load_settings
from deploy.engines import Engines
from deploy.lock import locked
from deploy.node import JMX_OFFSET, STORAGE_OFFSET
from tests.support.ports import LOCAL, free_port
from tests.support.quick import QUICK, instead

HOME = ROOT / ".pulso-test"
_RUN = "TEST_RUN"
"""An environment variable with the id of this run; the run's other processes inherit it."""
_LOCK = HOME / "run" / "tests.lock"
_QUIET = Console(quiet=True)
_OPTIONS = (*QUICK, "-Dcassandra.test.flush_local_schema_changes=false", *instead(auto_snapshot="false"))
"""Of Cassandra, which here makes and drops thousands of tables, and holds few rows. With these, a keyspace with all
tables takes a third of the time and a fifth of the CPU, and leaves no snapshot. A change of the schema is on disk at a
stop only: nothing kills this node."""


def begin() -> None:
    """Begins a run, in its leading process."""
    os.environ[_RUN] = uuid.uuid4().hex


def join() -> None:
    """Starts the engines, or finds those that another process of this run started; sets the environment for them."""
    with locked(_LOCK, _QUIET):
        if _record().exists():
            os.environ.update(json.loads(_record().read_text()))
            return
        names = {
            "PULSO_HOME": str(HOME),
            "PULSO_CASSANDRA_PORT": str(free_port(STORAGE_OFFSET, JMX_OFFSET)),
            "PULSO_REDIS_URL": f"redis://{LOCAL}:{free_port()}/0",
        }
        os.environ.update(names)
        engines = _engines()
        engines.down()  # a killed run may have left some in this home
        for part in ("cassandra", "redis"):
            shutil.rmtree(HOME / part, ignore_errors=True)
        for record in _LOCK.parent.glob("tests-*.json"):
            record.unlink()
        try:
            engines.up()
        except BaseException:
            engines.down()
            raise
        _record().write_text(json.dumps(names))


def end() -> None:
    """Ends the run: stops the engines, if they were started."""
    if _record().exists():
        _record().unlink()
        _engines().down()


def _record() -> Path:
    """Returns the file that holds the environment variables for the run's engines."""
    return HOME / "run" / f"tests-{os.environ[_RUN]}.json"


def _engines() -> Engines:
    return Engines(load_settings(home=HOME), heap="1G", console=_QUIET, options=_OPTIONS)
