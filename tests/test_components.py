"""The page of components shows what pages are made of: everything on it is in the stylesheet, and fit for everybody."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.core.assets import asset
from tests.browsing import Place, axe
from tests.components import component_page

ROOT = Path(__file__).parents[1]


def test_every_class_on_the_page_of_components_is_one_of_the_stylesheet() -> None:
    sheet = "".join(asset(f"app/{name}").plain.decode() for name in ("ap.css", "print.css"))
    main = component_page().split("<main")[1]
    used = {name for classes in re.findall(r'class="([^"]*)"', main) for name in classes.split()}
    assert {name for name in used if not re.search(rf"\.{re.escape(name)}\b", sheet)} == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_of_components_has_no_fault_that_axe_finds_and_no_sideways_scroll(browsers: Callable[..., Any], place: Place, scheme: str, width: int) -> None:
    context = browsers(kind=None, viewport={"width": width, "height": 900}, color_scheme=scheme, service_workers="block")
    page = context.new_page()
    page.route("**/components", lambda route: route.fulfill(body=component_page(), content_type="text/html"))
    page.goto(f"{place.direct}/components")
    axe(page, f"components, {width}, {scheme}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
