# SPDX-License-Identifier: ISC
"""test_page_files.py: the files of the status page keep to its policy, and fit together.

A browser would find most of this as well (tests/page), but only on the ways that a test goes.
"""
import re

import pytest

from proc import ROOT

FOLDER = ROOT / "gateway/page"
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.iterdir())}
SCRIPTS = {name: text for name, text in FILES.items() if name.endswith(".js")}
HTML = FILES["index.html"]

# Ways to make markup or code of a text, or to ask another host.
FORBIDDEN = {
    ".js": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|\beval\b|new Function|"
           r"cssText|\.style\b|\"style\"|setTimeout\(\"|"
           r"https?://(?!www\.w3\.org/2000/svg\b)",
    ".html": r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=|javascript:|https?://|"
             r"(?:src|href)=\"//",
    ".css": r"@import|url\(|https?://",
    ".svg": r"<style|<script|\sstyle=|\son[a-z]+=|https?://(?!www\.w3\.org/2000/svg\b)",
}


def forbidden(name, text):
    return re.findall(FORBIDDEN["." + name.rsplit(".", maxsplit=1)[1]], text)


@pytest.mark.parametrize("name", FILES)
def test_nothing_that_the_policy_forbids(name):
    assert not forbidden(name, FILES[name])


@pytest.mark.parametrize("name, text", [
    ("a.js", "row.innerHTML = record.ssid;"), ("a.js", 'fetch("https://example.org")'),
    ("a.js", 'setAttribute("style", x)'), ("a.html", "<script>run()</script>"),
    ("a.html", '<p onclick="run()">'), ("a.html", '<p style="color: red">'),
    ("a.html", '<img src="//example.org/a.png">'), ("a.css", "a { background: url(a.png) }"),
    ("a.svg", '<svg onload="run()">')])
def test_what_is_forbidden_is_found(name, text):
    assert forbidden(name, text)


def test_files_are_built_in():
    """Makefile, table of the program and folder have the same files."""
    listed = re.search(r"^page\s*:= \$\(addprefix gateway/page/,(.*?)\)$",
                       (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert sorted(listed[1].replace("\\", " ").split()) == sorted(FILES)
    table = (ROOT / "gateway/assets.c").read_text(encoding="utf-8")
    assert sorted(re.findall(r'FILE\(\w+, "([^"]+)"', table)) == sorted(FILES)


@pytest.mark.parametrize("name", SCRIPTS)
def test_imports_are_there_and_used(name):
    text = SCRIPTS[name]
    for names, source in re.findall(r'^import \{([^}]+)\} from "\./([^"]+)";', text, re.MULTILINE):
        for one in filter(None, re.split(r"[\s,]+", names)):
            assert re.search(rf"^export (?:async )?\w+ {one}\b", SCRIPTS[source], re.MULTILINE), one
            assert len(re.findall(rf"\b{one}\b", text)) > 1, f"{one} is not used"


def test_exports_are_used():
    imported = re.findall(r"^import \{([^}]+)\}", "\n".join(SCRIPTS.values()), re.MULTILINE)
    wanted = set(re.split(r"[\s,]+", " ".join(imported)))
    for name, text in SCRIPTS.items():
        for one in re.findall(r"^export (?:async )?\w+ (\w+)", text, re.MULTILINE):
            assert one in wanted, f"{name}: {one} is exported for nobody"


def test_ids_and_templates():
    ids = re.findall(r'\sid="([^"]+)"', HTML)
    assert len(ids) == len(set(ids))
    for reference in re.findall(r'(?:aria-labelledby|aria-describedby)="([^"]+)"', HTML):
        assert reference in ids, reference
    templates = set(re.findall(r'<template id="([^"]+)"', HTML))
    used = re.findall(r'(?:copyOf\(|KeyedList\([^,]+, )"([^"]+)"', "\n".join(SCRIPTS.values()))
    assert set(used) == templates


def test_classes_have_a_style():
    """A class of the page is one of the style sheet, and the other way round."""
    scripts = "\n".join(SCRIPTS.values())
    worn = {one for names in re.findall(r'\sclass="([^"]+)"', HTML) for one in names.split()}
    worn |= set(re.findall(r'(?:"class", |classList\.toggle\()"([\w-]+)"', scripts))
    worn |= set(re.search(r"for \(const role of \[(.*)\]", scripts)[1].replace('"', "").split(", "))
    rules = re.sub(r"/\*.*?\*/", "", FILES["style.css"], flags=re.DOTALL)
    assert worn == set(re.findall(r"\.([a-z][\w-]*)(?=[^{}]*\{)", rules))
