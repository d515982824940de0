"""Makes a job's Spark session: connected to the Cassandra of the settings, and with UTC as its time zone."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from py4j.protocol import Py4JError
from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from conf.credentials import cassandra_login
from conf.errors import PulsoError, WrongUse
from conf.settings import Settings
from jobs.framework.spark_errors import check_local_dirs, told

_STORE_PASSWORD = "changeit"  # of a file that holds only what everybody may know
_CHECK_HOST_NAMES = "datastax-java-driver.advanced.ssl-engine-factory.hostname-validation"
"""The connector tells its driver not to check the host's name in a certificate. A Java property of this name wins."""
_ECDHE = (
    f"TLS_ECDHE_{key}_WITH_AES_{cipher}" for key in ("ECDSA", "RSA") for cipher in ("256_GCM_SHA384", "128_GCM_SHA256")
)
_CIPHER_SUITES = ("TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", *_ECDHE)
"""The connector would allow only two old suites, which no server accepts that has an ECDSA key or only TLS 1.3."""


def spark_session(name: str, settings: Settings) -> SparkSession:
    """Returns the session. Only the connection and the time zone are set here, all else in conf/spark-defaults.conf.

    Raises PulsoError if Spark does not start, or has not read that file, which means that SPARK_CONF_DIR is not set;
    WrongUse if it can't write where SPARK_LOCAL_DIRS says.
    """
    check_local_dirs()
    # Executors run the driver's Python, unless PYSPARK_PYTHON names another; Spark would take the one on the PATH.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    # Outside spark-submit, pyspark would start Java with all settings on its command line, where anyone can read them.
    SparkContext._ensure_initialized()
    builder = SparkSession.builder.appName(f"pulso {name}")
    for key, value in _connection(settings).items():
        builder = builder.config(key, value)
    builder = builder.config("spark.sql.session.timeZone", "UTC")
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise told("Spark's start", error) from error
    session.sparkContext._jvm.java.lang.System.setProperty(_CHECK_HOST_NAMES, "true")  # type: ignore[union-attr]
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
    if login := cassandra_login(settings):
        options[f"{prefix}.auth.username"] = login.user
        options[f"{prefix}.auth.password"] = login.password
    if settings.cassandra_tls_ca:
        options[f"{prefix}.connection.ssl.enabled"] = "true"
        options[f"{prefix}.connection.ssl.trustStore.path"] = _trust_store(settings.cassandra_tls_ca)
        options[f"{prefix}.connection.ssl.trustStore.password"] = _STORE_PASSWORD
        options[f"{prefix}.connection.ssl.trustStore.type"] = "PKCS12"
        options[f"{prefix}.connection.ssl.enabledAlgorithms"] = ",".join(_CIPHER_SUITES)
        options["spark.executor.defaultJavaOptions"] = f"-D{_CHECK_HOST_NAMES}=true"
    return options


def _trust_store(authority: Path) -> str:
    """Writes the certificates of a PEM file into a trust store, which Java can read; returns its path.

    Raises WrongUse if the file can't be read.
    """
    try:
        found = x509.load_pem_x509_certificates(authority.read_bytes())
    except (OSError, ValueError) as error:
        what = f"PULSO_CASSANDRA_TLS_CA: {authority} can't be used ({error})"
        raise WrongUse(what, "Give the file with the authority's certificate, in PEM form") from None
    folder = Path(tempfile.mkdtemp(prefix="pulso-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store, password = folder / "trust.p12", BestAvailableEncryption(_STORE_PASSWORD.encode())
    named = [pkcs12.PKCS12Certificate(one, str(number).encode()) for number, one in enumerate(found)]
    store.write_bytes(pkcs12.serialize_java_truststore(named, password))
    return str(store)
