# SPDX-License-Identifier: ISC
"""test_style.py: every check fails on what it is there to find, and on nothing else."""
import layering
import limits
import pytest

LICENCE = "/* SPDX-License-Identifier: ISC */\n"


def plant(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def function(lines):
    """A function that is this long from its name to its brace."""
    return "int\nlong_one(void)\n{\n" + "\tstep();\n" * (lines - 3) + "}\n"


HEADERS = dict.fromkeys(("codecs/dict.h", "conf/config.h", "outputs/json.h", "gateway/log.h",
                         "gateway/tls.h", "gateway/sim/world.h"), "")


@pytest.mark.parametrize("path, line, complaint", [
    ("codecs/a.c", '#include "conf/config.h"', "codecs may not include conf/config.h"),
    ("codecs/a.c", '#include "gateway/log.h"', "codecs may not include gateway/log.h"),
    ("conf/a.c", '#include "outputs/json.h"', "conf may not include outputs/json.h"),
    ("outputs/a.h", '#include "conf/config.h"', "outputs may not include conf/config.h"),
    ("outputs/a.c", '#  include "gateway/tls.h"', "outputs may not include gateway/tls.h"),
    ("gateway/a.c", '#include "gateway/sim/world.h"', "gateway may not include gateway/sim"),
    ("gateway/a.c", '#include "log.h"', "no file"),
    ("gateway/log.h", '#include "codecs/dict.h"', "leaf"),
    ("gateway/session.c", "#include <openssl/ssl.h>", "OpenSSL"),
    ("conf/a.c", "#include <uv.h>", "libuv"),
    ("gateway/a.c", "#include <mosquitto.h>", "libmosquitto"),
    ("outputs/record_json.c", "#include <jansson.h>", "jansson"),
    ("conf/config.h", "#include <confuse.h>", "libconfuse"),
    ("outputs/mqtt.c", "#include <lmdb.h>", "LMDB"),
    ("gateway/gateway.c", "#include <microhttpd.h>", "libmicrohttpd"),
    ("gateway/a.c", "#include <cmocka.h>", "cmocka"),
    ("codecs/a.c", "#include <time.h>", "pure"),
    ("codecs/a.c", "\tp = malloc(8);", "malloc()"),
    ("codecs/a.c", '\tfprintf(stderr, "no");', "fprintf()"),
])
def test_layering_finds(tmp_path, path, line, complaint):
    plant(tmp_path, HEADERS | {path: f"/* first */\n{line}\n"})
    (found,) = layering.check(tmp_path)
    assert found.startswith(f"{path}:2: ") and complaint in found


def test_layering_allows_what_it_should(tmp_path):
    plant(tmp_path, HEADERS | {
        "codecs/arena.c": '#include "codecs/dict.h"\n#include <stdlib.h>\n\tp = malloc(8);\n',
        "codecs/a.c": '/* #include "conf/config.h" and malloc(1) */\n'
        '\tx = "free(p)"; arena->read(p);\n',
        "conf/a.c": '#include "gateway/log.h"\n#include "codecs/dict.h"\n#include <confuse.h>\n',
        "outputs/mqtt.c": '#include "gateway/log.h"\n#include <mosquitto.h>\n#include <uv.h>\n',
        "gateway/tls.c": '#include "outputs/json.h"\n#include "conf/config.h"\n'
        '#include <openssl/ssl.h>\n',
        "gateway/sim/tls.c": '#include "gateway/log.h"\n#include <openssl/ssl.h>\n',
        "outputs/document.c": "#include <jansson.h>\n",
        "tests/unit/a.c": '#include "gateway/sim/world.h"\n#include <cmocka.h>\n',
    })
    assert not list(layering.check(tmp_path))


@pytest.mark.parametrize("path, text, complaint", [
    ("codecs/a.c", LICENCE + function(81) + function(4) * 2, "long_one() has 81 lines"),
    ("tests/unit/a.c", LICENCE + function(81), "long_one() has 81 lines"),
    ("codecs/a.c", LICENCE + function(17), "17 lines in the median"),
    ("codecs/a.c", LICENCE + "\n" * 800, "801 lines"),
    ("codecs/a.c", LICENCE + "\t" * 12 + "12345\n", "101 columns"),
    ("tests/e2e/a.py", "x = 1\n", "no SPDX"),
    ("gateway/a.c", "int x;\n", "no SPDX"),
    ("codecs/a.c", LICENCE + "/* TO" + "DO: more */\n", "left in"),
    ("docs/a.md", "see FIX" + "ME\n", "left in"),
    ("docs/a.md", "cd /ho" + "me/alice/nmsp\n", "means nothing"),
    ("codecs/a.h", LICENCE + "\nint bare(void);\n", "no comment above bare()"),
    ("codecs/a.h", LICENCE + "\n/* Far. */\n\nstatic inline int\nbare(void)\n{\n\treturn 0;\n}\n",
     "no comment above bare()"),
    ("codecs/a.h", LICENCE + "/* Said. */\nint said(int a,\n\t int b);\n\nstruct x *bare(void)\n"
     "\t__attribute__((cold));\n", "no comment above bare()"),
])
def test_limits_finds(tmp_path, path, text, complaint):
    (found,) = limits.check(plant(tmp_path, {path: text}))
    assert found.startswith(path) or "median" in found
    assert complaint in found


def test_limits_allows_what_it_should(tmp_path):
    plant(tmp_path, {
        "codecs/a.c": LICENCE + function(80) + function(16) * 3 + "\t" * 12 + "1234\n",
        "codecs/a.h": LICENCE + '#define CALL(x) \\\n\tcall(x)\n'
        "struct x {\n\tint (*call)(void);\n};\n\nenum y { A, B };\nstruct x;\n"
        "/* A pair. */\nint x_init(struct x *x,\n\t   int a);\nvoid x_fini(struct x *x);\n\n"
        "typedef int (*callback)(void);\n",
        "build/b.c": "",
        "tests/unit/a.c": LICENCE + function(80),
    })
    assert not list(limits.check(tmp_path))


def test_functions_are_measured_from_the_name():
    text = ("static int\ntwo_lines(int a,\n\t  int b)\n{\n\treturn a; /* } */\n}\n\n"
            "int x[] = {\n\t1,\n};\n")
    assert list(limits.functions(text)) == [("two_lines", 2, 5)]
