"""What the executors of a cluster get from the driver, whose files and environment they do not see.

That is Cassandra's address and login, and the certificate of its authority; no other secret leaves the driver.
"""

from pathlib import Path

from pydantic import SecretStr
from pyspark import SparkFiles

from conf.credentials import cassandra_login
from conf.settings import DEFAULTS, Settings

AUTHORITY, TRUST_STORE = "pulso-authority.pem", "pulso-trust.p12"
"""The authority's certificate for Python and for Java: files that Spark sends to each executor, under these names."""


def is_local(master: str) -> bool:
    """Returns whether a master is the driver's own process, so that its executors see what the driver sees."""
    return master == "local" or master.startswith("local[")


def settings_for_executors(settings: Settings, master: str) -> Settings:
    """Returns the settings for code on executors. The login is looked up here, where its file is."""
    login = cassandra_login(settings)
    needed: dict[str, object] = {
        "cassandra_user": login.user if login else None,
        "cassandra_password": SecretStr(login.password) if login else None,
        "redis_url": DEFAULTS.redis_url,
        "x_bearer_token": None,
        "mastodon_token": None,
    }
    if settings.cassandra_tls_ca and not is_local(master):
        needed["cassandra_tls_ca"] = Path(AUTHORITY)
    return settings.model_copy(update=needed)


def found_here(settings: Settings) -> Settings:
    """On an executor: returns the settings with the path that the certificate has on this machine."""
    if settings.cassandra_tls_ca != Path(AUTHORITY):
        return settings
    return settings.model_copy(update={"cassandra_tls_ca": Path(SparkFiles.get(AUTHORITY))})
