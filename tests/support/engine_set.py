"""The run's one engine set: started by the process of the run that first asks for it, ended by the one that leads.

Its home and ports are its own, so that a developer's running engines are never touched.
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

HOME = ROOT / ".pulso-test"
_RUN = "TEST_RUN"
"""Of the environment: the id of this run, which its other processes inherit."""
_LOCK = HOME / "run" / "tests.lock"
_QUIET = Console(quiet=True)


def begin() -> None:
    """A run begins, in the process that leads it."""
    os.environ[_RUN] = uuid.uuid4().hex


def join() -> None:
    """Starts the engines, or finds those that another process of this run has started; the environment names them."""
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
        engines.down()  # what a run that was killed left in this home
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
    """The run is over: the engines end, where there are any."""
    if _record().exists():
        _record().unlink()
        _engines().down()


def _record() -> Path:
    """Where the run's engines answer: as much of the settings' environment."""
    return HOME / "run" / f"tests-{os.environ[_RUN]}.json"


def _engines() -> Engines:
    return Engines(load_settings(home=HOME), heap="1G", console=_QUIET)
