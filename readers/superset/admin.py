"""Run by the Python of .venv-superset: makes the user `admin`, or sets its password to that of the file."""

import os
from pathlib import Path

from superset.app import create_app


def main() -> None:
    """The password goes from file to database: it is on no command line, and is not printed."""
    password = (Path(os.environ["SUPERSET_HOME"]) / "admin_password").read_text(encoding="utf-8")
    with create_app().app_context() as context:
        manager = context.app.appbuilder.sm
        user = manager.find_user("admin")
        if user is None:
            role = manager.find_role("Admin")
            manager.add_user("admin", "Pulso", "Admin", "admin@localhost", role, password=password)
        else:
            manager.reset_password(user.id, password)


if __name__ == "__main__":
    main()
