"""The fixtures of the page's other tests."""

from tests.readers.page.conftest import artefacts, browser, counted, opened, served

__all__ = ["artefacts", "browser", "counted", "opened", "served"]
