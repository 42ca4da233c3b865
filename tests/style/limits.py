#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""limits.py: sizes of functions, files and lines; licences; commented prototypes; plain words."""
import re
import statistics

import tree

FUNCTION_LINES = 80
FUNCTION_MEDIAN = 16
FILE_LINES = 800
COLUMNS = 100
TAB = 8

SCRIPTS = (".py", ".sh", ".ci/deps", ".ci/run", ".ci/stages", ".ci/units", "docker/make-secrets",
           "debian/rules", ".prerm", ".postrm")
C = (".c", ".h")
PAGE = (".js", ".css")
TEXTS = C + SCRIPTS + PAGE + (
    ".html", ".conf", ".in", ".md", ".1", ".5", "Makefile", "Dockerfile", ".yml", ".yaml",
    "debian/control")

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# Paths that exist on one machine only, and notes to oneself about it, help no reader.
ONE_MACHINE = re.compile(r"(?<![\w.}$])/(home|root|work|mnt|Users)/|\.\./shared\b|\bpyenv\b")
SPDX = "SPDX-License-Identifier: ISC"


def functions(text):
    """(name, first line, lines) of each function of a formatted C file.

    A body opens and closes with a brace in the first column; its length is counted from the line
    with the name to the closing brace.
    """
    lines = tree.only_code(text).split("\n")
    start = None
    for i, line in enumerate(lines):
        if line.startswith("{"):
            start = i - 1
            while start > 0 and (not lines[start].strip() or lines[start][0] in " \t"):
                start -= 1
        elif line.startswith("}") and start is not None:
            name = re.search(r"(\w+)\s*\(", lines[start])
            yield name[1] if name else "?", start + 1, i - start + 1
            start = None


def uncommented(text):
    """(name, line) of each function in a header that no comment stands above.

    A comment covers the declarations under it up to the next empty line.
    """
    code = re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: tree.blank(m[0]), tree.only_code(text),
                  flags=re.MULTILINE)
    code = re.sub(r'extern "[^"]*"\s*\{', lambda m: tree.blank(m[0]), code)
    lines = text.split("\n")
    depth = parens = 0
    start = covered = None
    for i, c in enumerate(code):
        if start is None and not c.isspace() and c not in ";}" and depth == 0:
            start = i
        parens += (c == "(") - (c == ")")
        if depth == 0 and parens == 0 and start is not None and c in ";{":
            name = declared(code[start:i])
            number = code.count("\n", 0, start)
            above = lines[number - 1].rstrip() if number else ""
            if name and above.endswith("*/") or name and number == covered:
                covered = code.count("\n", 0, i) + 1
            elif name:
                yield name, number + 1
            if c == ";" or name:
                start = None
        depth += (c == "{") - (c == "}")
        if c == ";" and depth == 0:
            start = None


def declared(statement):
    """The name of the function that a statement declares, or None."""
    statement = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", statement, flags=re.DOTALL)
    if "=" in statement or re.match(r"typedef\b|_Static_assert\b|static_assert\b", statement):
        return None
    name = re.match(r"[\w\s*]*?(\w+)\s*\((?!\s*\*)", statement)
    return name[1] if name else None


def width(line):
    return len(line.expandtabs(TAB))


def check_text(path, text):
    lines = text.split("\n")
    if path.endswith(C + SCRIPTS + PAGE):
        if len(lines) - 1 > FILE_LINES:
            yield f"{path}: {len(lines) - 1} lines, at most {FILE_LINES}"
        if not any(SPDX in line for line in lines[:2]):
            yield f"{path}:1: no {SPDX}"
        for number, line in enumerate(lines, 1):
            if width(line) > COLUMNS:
                yield f"{path}:{number}: {width(line)} columns, at most {COLUMNS}"
    if path == "tests/style/limits.py":
        return
    for number, line in enumerate(lines, 1):
        for word in UNFINISHED.finditer(line):
            yield f"{path}:{number}: {word[0]} left in"
        for word in ONE_MACHINE.finditer(line):
            yield f"{path}:{number}: {word[0]} means nothing to a reader"


def check(root):
    lengths = []
    for path in tree.files(root, *TEXTS):
        text = tree.read(root, path)
        yield from check_text(path, text)
        if path.endswith(".h"):
            for name, number in uncommented(text):
                yield f"{path}:{number}: no comment above {name}()"
        if path.endswith(C):
            for name, number, length in functions(text):
                if length > FUNCTION_LINES:
                    yield f"{path}:{number}: {name}() has {length} lines, at most {FUNCTION_LINES}"
                if path.startswith(tree.PRODUCT):
                    lengths.append(length)
    if lengths and statistics.median(lengths) > FUNCTION_MEDIAN:
        yield (f"functions have {statistics.median(lengths):g} lines in the median, "
               f"at most {FUNCTION_MEDIAN}")


if __name__ == "__main__":
    tree.main(check)
