"""Makes a job's Spark session: connected to the Cassandra of the settings, and with UTC as its time zone."""

import atexit
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from py4j.protocol import Py4JError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from conf.credentials import cassandra_login
from conf.errors import PulsoError, WrongUse
from conf.settings import Settings, is_loopback
from conf.stopping import tell_stop
from jobs.framework.executors import AUTHORITY, TRUST_STORE, is_local
from jobs.framework.spark_errors import check_local_dirs, start_told

_STORE_PASSWORD = "changeit"  # of a file that holds only what everybody may know
_TLS = "datastax-java-driver.advanced.ssl-engine-factory"
"""Java properties that begin so win over what the connector tells its driver."""
_CHECK_HOST_NAMES = f"{_TLS}.hostname-validation"
"""The connector tells its driver not to check the host's name in a certificate."""
CANCEL_SECONDS = 1.0
"""How long a stop waits until Spark's jobs are cancelled."""
EXECUTORS_PYTHON = "python{}.{}".format(*sys.version_info[:2])
"""The Python of executors on a cluster, on their own PATH, unless the user names one."""
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
    _heed_stops()
    _reach_java()
    master = SparkConf().get("spark.master") or "local"
    local = is_local(master)
    # spark.pyspark.python or PYSPARK_PYTHON name another; without any, Spark would take `python3`.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable if local else EXECUTORS_PYTHON)
    trusted = _trusted(settings.cassandra_tls_ca) if settings.cassandra_tls_ca else None
    builder = SparkSession.builder.appName(f"pulso {name}")
    for key, value in {**_connection(settings), **(_encryption(trusted, local=local) if trusted else {})}.items():
        builder = builder.config(key, value)
    builder = builder.config("spark.sql.session.timeZone", "UTC")
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise start_told(master, error) from error
    _heed_stops(session.sparkContext)
    session.sparkContext._jvm.java.lang.System.setProperty(_CHECK_HOST_NAMES, "true")  # type: ignore[union-attr]
    if "CassandraSparkExtensions" not in str(session.conf.get("spark.sql.extensions", "")):
        session.stop()
        raise PulsoError("spark-submit did not find the project's settings", "Set SPARK_CONF_DIR=conf and run it again")
    if not local:
        _prepare_executors(session, settings, trusted)
    return session


def _reach_java() -> None:
    """Connects to the Java of spark-submit, or starts one that is told the settings by the connection.

    With its settings on its command line, anyone could read them. A Java that is still starting when the user stops
    this would wait for ever.
    """
    before = psutil.Process().children()
    try:
        SparkContext._ensure_initialized()
    except KeyboardInterrupt:
        for child in set(psutil.Process().children()).difference(before):
            child.kill()
        raise


def _heed_stops(context: SparkContext | None = None) -> None:
    """Lets Ctrl-C, and SIGTERM where it is told, end this process quietly, with Spark's jobs, so that no thread waits.

    pyspark would ask Java by the connection on which the main thread may wait, and log each failure with its traceback.
    Java may be gone by then: of a Ctrl-C, it hears first.
    """

    def stop(number: int, _frame: FrameType | None) -> None:
        logging.disable(logging.CRITICAL)
        with suppress(Exception):
            if context:
                cancelling = threading.Thread(target=_cancel, args=(context,), daemon=True)
                cancelling.start()
                cancelling.join(CANCEL_SECONDS)
        tell_stop(number)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN):
                signal.signal(number, stop)


def _cancel(context: SparkContext) -> None:
    with suppress(Exception):
        context.cancelAllJobs()


def _prepare_executors(session: SparkSession, settings: Settings, trusted: Path | None) -> None:
    """Sends the certificates to the executors of a cluster; warns if these can't reach Cassandra."""
    for file in sorted(trusted.iterdir()) if trusted else ():
        session.sparkContext.addFile(str(file))
    if settings.cassandra_is_local and not is_loopback(session.conf.get("spark.driver.host") or ""):
        where = f"executors on other machines can't reach Cassandra at {settings.cassandra_hosts[0]}"
        print(f"warning: {where}. Set PULSO_CASSANDRA_HOSTS to an address that they reach", file=sys.stderr)


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
    return options


def _encryption(trusted: Path, *, local: bool) -> dict[str, str]:
    """Returns the connector's settings for TLS. Executors find the trust store in their own working folder."""
    prefix = "spark.cassandra.connection.ssl"
    java = [f"-D{_CHECK_HOST_NAMES}=true", *([] if local else [f"-D{_TLS}.truststore-path={TRUST_STORE}"])]
    return {
        f"{prefix}.enabled": "true",
        f"{prefix}.trustStore.path": str(trusted / TRUST_STORE),
        f"{prefix}.trustStore.password": _STORE_PASSWORD,
        f"{prefix}.trustStore.type": "PKCS12",
        f"{prefix}.enabledAlgorithms": ",".join(_CIPHER_SUITES),
        "spark.executor.defaultJavaOptions": " ".join(java),
    }


def _trusted(authority: Path) -> Path:
    """Returns a folder with the certificates of a PEM file, as they are for Python, and in a trust store for Java.

    Raises WrongUse if the file can't be read.
    """
    try:
        content = authority.read_bytes()
        found = x509.load_pem_x509_certificates(content)
    except (OSError, ValueError) as error:
        what = f"PULSO_CASSANDRA_TLS_CA: {authority} can't be used ({error})"
        raise WrongUse(what, "Give the file with the authority's certificate, in PEM form") from None
    folder = Path(tempfile.mkdtemp(prefix="pulso-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    password = BestAvailableEncryption(_STORE_PASSWORD.encode())
    named = [pkcs12.PKCS12Certificate(one, str(number).encode()) for number, one in enumerate(found)]
    (folder / TRUST_STORE).write_bytes(pkcs12.serialize_java_truststore(named, password))
    (folder / AUTHORITY).write_bytes(content)
    return folder
