# SPDX-License-Identifier: ISC
# tree.py: what the style checks share: the files of the tree, C text without comments, complaints
import os
import re
import sys

SKIPPED = {".git", "__pycache__", ".pytest_cache"}
PRODUCT = ("codecs", "conf", "outputs", "gateway")


def files(root, *suffixes):
    """Paths relative to root, sorted, of the files that end so; build folders are left out."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in SKIPPED and not f.startswith("build")]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            if path.endswith(suffixes):
                found.append(path)
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as f:
        return f.read()


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def blank(text):
    """The same text with everything but its newlines made spaces, so that lines keep numbers."""
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """C text with comments blanked; strings stay."""
    return TOKEN.sub(lambda m: blank(m[0]) if m[0][0] == "/" else m[0], text)


def only_code(text):
    """C text with comments blanked and strings emptied."""
    def emptied(token):
        quoted = token[0] in "\"'"
        return token[0] + blank(token[1:-1]) + token[-1] if quoted else blank(token)

    return TOKEN.sub(lambda m: emptied(m[0]), text)


def main(check):
    """Run check(root), which yields complaints, on the tree named on the command line."""
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    complaints = list(check(root))
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
