"""Superset's configuration: for this machine alone, with everything that it keeps in one folder of its own."""

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])
SECRET_KEY = (HOME / "secret_key").read_text(encoding="utf-8")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME}/superset.db"
APP_NAME = "Pulso"
FEATURE_FLAGS = {"ALERT_REPORTS": False}
TALISMAN_ENABLED = True
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
RATELIMIT_STORAGE_URI = "memory://"
ROW_LIMIT = 10_000
SQLLAB_CTAS_NO_LIMIT = False
PREVENT_UNSAFE_DB_CONNECTIONS = True
ENABLE_TEMPLATE_PROCESSING = False
LOG_LEVEL = "WARNING"
