"""Every page in the dark theme: accessible, without a complaint."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from conf.topic import Topic
from readers.page.app import PAGES
from tests.readers.page.test_pages import check_accessible


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_accessible_in_the_dark(
    opened: Callable[..., Page], counted: Topic, artefacts: Path, name: str
) -> None:
    check_accessible(opened(color_scheme="dark"), counted, artefacts, name, "dark")
