"""Makes a job's Spark session: connected to the Cassandra of the settings, and with UTC as its time zone."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

from conf.errors import PulsoError
from conf.settings import Settings

_STORE_PASSWORD = "changeit"


def spark_session(name: str, settings: Settings) -> SparkSession:
    """Returns the session. Only the connection and the time zone are set here, all else in conf/spark-defaults.conf.

    Raises PulsoError if Spark has not read that file, which means that SPARK_CONF_DIR is not set.
    """
    # Executors run the driver's Python, unless PYSPARK_PYTHON names another; Spark would take the one on the PATH.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName(f"pulso {name}")
    for key, value in _connection(settings).items():
        builder = builder.config(key, value)
    builder = builder.config("spark.sql.session.timeZone", "UTC")
    session = builder.getOrCreate()
    if "CassandraSparkExtensions" not in str(session.conf.get("spark.sql.extensions", "")):
        session.stop()
        raise PulsoError("spark-submit did not find the project's settings", "Set SPARK_CONF_DIR=conf and run it again")
    return session


def _connection(settings: Settings) -> dict[str, str]:
    prefix = "spark.cassandra"
    options = {
        f"{prefix}.connection.host": ",".join(settings.cassandra_hosts),
        f"{prefix}.connection.port": str(settings.cassandra_port),
        f"{prefix}.input.consistency.level": settings.consistency,
        f"{prefix}.output.consistency.level": settings.consistency,
    }
    if settings.cassandra_dc:
        options[f"{prefix}.connection.localDC"] = settings.cassandra_dc
    if settings.cassandra_user and settings.cassandra_password:
        options[f"{prefix}.auth.username"] = settings.cassandra_user
        options[f"{prefix}.auth.password"] = settings.cassandra_password.get_secret_value()
    if settings.cassandra_tls_ca:
        options[f"{prefix}.connection.ssl.enabled"] = "true"
        options[f"{prefix}.connection.ssl.trustStore.path"] = _trust_store(settings.cassandra_tls_ca)
        options[f"{prefix}.connection.ssl.trustStore.password"] = _STORE_PASSWORD
        options[f"{prefix}.connection.ssl.trustStore.type"] = "PKCS12"
    return options


def _trust_store(authority: Path) -> str:
    """Writes a PEM certificate into a PKCS12 trust store, which Java can read; returns its path.

    Raises PulsoError if keytool is missing or can't read the certificate.
    """
    keytool = shutil.which("keytool")
    if keytool is None:
        raise PulsoError("keytool is not on the PATH, and TLS needs it", "It comes with Java; add its bin folder")
    folder = Path(tempfile.mkdtemp(prefix="pulso-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = folder / "trust.p12"
    names = ["-alias", "pulso", "-keystore", str(store), "-storetype", "PKCS12", "-storepass", _STORE_PASSWORD]
    made = subprocess.run(
        [keytool, "-importcert", "-noprompt", "-file", str(authority), *names],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise PulsoError(f"{authority} is not a certificate that Java can read ({made.stdout.strip()[:160]})")
    return str(store)
