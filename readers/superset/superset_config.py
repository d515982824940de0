"""Superset's configuration: for this machine alone, with everything that it keeps in one folder of its own."""

import os
from pathlib import Path

HOME = Path(os.environ["SUPERSET_HOME"])
SECRET_KEY = (HOME / "secret_key").read_text(encoding="utf-8")
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME}/superset.db"
APP_NAME = "Pulso"
FEATURE_FLAGS = {"ALERT_REPORTS": False}
TALISMAN_ENABLED = True
OWN = "'self'"
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": [OWN],
        "default-src": [OWN],
        "img-src": [OWN, "blob:", "data:"],
        "worker-src": [OWN, "blob:"],
        "connect-src": [OWN],
        "object-src": "'none'",
        "style-src": [OWN, "'unsafe-inline'"],
        "font-src": [OWN],
        "script-src": [OWN, "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
"""Superset's own, without other hosts: its pages would tell a counter of its makers that somebody looks at them."""
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
RATELIMIT_STORAGE_URI = "memory://"
ROW_LIMIT = 10_000
SQLLAB_CTAS_NO_LIMIT = False
PREVENT_UNSAFE_DB_CONNECTIONS = True
ENABLE_TEMPLATE_PROCESSING = False
LOG_LEVEL = "WARNING"
