"""Each class that a page of Nova uses is one of the theme's or of Nova's own styles: another one does nothing."""

import re
from pathlib import Path

import unfold

ROOT = Path(__file__).parents[3]
SHEETS = (Path(unfold.__file__).parent / "static/unfold/css/styles.css", ROOT / "nova/static/nova/console.css")
CLASS = re.compile(r"\.((?:\\.|[\w-])+)")
USED = re.compile(r'class="([^"]*)"')
TEMPLATE_CODE = re.compile(r"{%.*?%}|{{.*?}}|{}")


def defined(sheet: str) -> set[str]:
    return {re.sub(r"\\(.)", r"\1", name) for name in CLASS.findall(sheet)}


def used(page: str) -> set[str]:
    return {name for names in USED.findall(page) for name in TEMPLATE_CODE.sub(" ", names).split()}


def test_each_class_has_a_style() -> None:
    styles = set.union(*(defined(sheet.read_text()) for sheet in SHEETS))
    pages = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "kit/admin").glob("*.py")]
    without = {page.name: missing for page in pages if (missing := used(page.read_text()) - styles)}
    assert without == {}


def test_a_class_without_a_style_is_seen() -> None:
    assert used('<p class="w-20 {% if a %}lg:flex{% endif %} {{ b }}">') - defined(".lg\\:flex { }") == {"w-20"}
