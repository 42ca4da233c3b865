# SPDX-License-Identifier: ISC
"""test_docs.py: what the pages at the top and in docs/ say agrees with the program."""
import json
import os
import re
import subprocess

import pytest
from jsonschema import Draft202012Validator

import cases
from proc import NMSP2MQTT, NMSP_SIM, ROOT, nmsp2mqtt

DATA = {"NMSP2MQTT_DATA": str(ROOT / "conf")}
README = ROOT / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}
BASELINE = (ROOT / "conf/dictionary/baseline.conf").read_text(encoding="utf-8")
ENVELOPE = {"schema", "gateway", "controller", "session", "seq", "received_at", "ts", "solicited",
            "tags"}

needs_program = pytest.mark.skipif(not os.path.exists(NMSP2MQTT), reason="it is not built")


def page_id(page):
    return page.name


def page(name):
    return TEXT[ROOT / "docs" / name]


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def section(text, heading):
    """What stands under a heading of the second level."""
    return re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text,
                     re.MULTILINE | re.DOTALL)[1]


def rows(text):
    """The cells of all table rows, headers left out."""
    lines = re.findall(r"^\|(.*)\|$", text, re.MULTILINE)
    table = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]
    heads = {i - 1 for i, row in enumerate(table) if set(row[0]) <= set("-")}
    return [row for i, row in enumerate(table)
            if i not in heads and not set("".join(row)) <= set("-")]


def schema(kind):
    return json.loads(nmsp2mqtt("schema", kind, env=DATA).stdout)


# Links and names.

def anchors(text):
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text,
                                               flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("source", PAGES, ids=page_id)
def test_links(source):
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXT[source]):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (source.parent / path).resolve() if path else source
        assert linked.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("source", PAGES, ids=page_id)
def test_files(source):
    """A path in code that begins with a folder of ours is a file, a folder or a pattern of some."""
    for name in re.findall(r"`((?:codecs|conf|docs|gateway|outputs|tests)/[^`\s]*)`", TEXT[source]):
        assert list(ROOT.glob(name.rstrip("/"))), f"there is no {name}"


def test_man_pages():
    for text in TEXT.values():
        for name, number in re.findall(r"\b(nmsp[\w.-]*)\((\d)\)", text):
            assert (ROOT / f"docs/man/{name}.{number}").exists(), f"{name}({number})"
        for name in re.findall(r"`man (nmsp[\w.-]*)`", text):
            assert list((ROOT / "docs/man").glob(f"{name}.[0-9]")), f"man {name}"


def test_make_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for text in TEXT.values():
        for target in re.findall(r"(?:^|`|sudo )make ([a-z][a-z0-9-]*)", text, re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


@needs_program
def test_commands_and_their_options():
    for text in TEXT.values():
        for command, rest in re.findall(r"nmsp2mqtt ([a-z]+)\b([^`\n]*)", text):
            usage = nmsp2mqtt(command, "--help").stdout.decode("utf-8")
            if not usage:
                assert not rest.startswith(" -"), f"nmsp2mqtt {command}"
                continue
            for option in re.findall(r"\s(--?[a-z][\w-]*)", rest):
                assert re.search(rf"(?<![\w-]){option}\b", usage), f"nmsp2mqtt {command} {option}"


def usage_of(*command):
    return subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout


@needs_program
@pytest.mark.parametrize("program", [NMSP2MQTT, NMSP_SIM], ids=os.path.basename)
def test_manual_has_every_option(program):
    manual = (ROOT / f"docs/man/{os.path.basename(program)}.1").read_text(encoding="utf-8")
    usage = usage_of(program)
    listed = re.search(r"^Commands:\n(.*?)^$", usage, re.MULTILINE | re.DOTALL)
    for command in re.findall(r"^  (\w+) ", listed[1], re.MULTILINE) if listed else []:
        assert re.search(rf"^\.It Cm {command}$", manual, re.MULTILINE), command
        usage += usage_of(program, command)
    options = set(re.findall(r"(?<![\w-])-(-?\w[\w-]*)", usage))
    told = set(re.findall(r"(?:(?<=\bFl )|(?<=[,|] ))(-?\w[\w-]*)", manual))
    assert options and not options - told


# Configuration.

def whole(block):
    """A configuration with what the fragment lacks."""
    has = set(re.findall(r"^(gateway|controller|mqtt|file)\b", block, re.MULTILINE))
    if "gateway" not in has:
        block += 'gateway { name = "gw1" state_dir = "state" }\n'
    if "controller" not in has:
        block += 'controller "c" { host = "127.0.0.1" }\n'
    if not has & {"mqtt", "file"}:
        block += 'file "f" { path = "-" }\n'
    block = re.sub(r'"/var/(?:lib|log)/nmsp2mqtt/', '"', block)
    return re.sub(r'state_dir(\s*)= "[^"]*"', r'state_dir\1= "state"', block)


CONFIGURATIONS = [(source, block) for source in PAGES for block in blocks(TEXT[source], "conf")]


@needs_program
@pytest.mark.parametrize("source, block", CONFIGURATIONS)
def test_configurations(source, block, tmp_path):
    del source
    path = tmp_path / "example.conf"
    path.write_text(whole(block), encoding="utf-8")
    for name in re.findall(r'password_file\s*= "([^"]+)"', block):
        (tmp_path / name).write_text("secret\n", encoding="utf-8")
        (tmp_path / name).chmod(0o600)
    done = nmsp2mqtt("identity", "-c", path, env=DATA)
    assert done.returncode == 0, done.stderr.decode()
    done = nmsp2mqtt("check", "-c", path, env=DATA)
    assert done.returncode == 0, done.stderr.decode()


def test_there_are_configurations():
    assert README in [source for source, _block in CONFIGURATIONS]


@needs_program
def test_identity_lines(tmp_path):
    """The lines for controllers are those that the program prints, but for the hashes."""
    shown = re.search(r"^\$ nmsp2mqtt identity .*?\n(.*?)^```$", TEXT[README],
                      re.MULTILINE | re.DOTALL)[1]
    mac = re.search(r"^MAC Address: (\S+)$", shown, re.MULTILINE)[1]
    assert blank(shown, mac) == blank(identity_of(tmp_path, mac), mac)


def blank(text, mac):
    text = re.sub(r"\b([0-9a-f]{64}|[0-9a-f]{40})\b", lambda m: "#" * len(m[0]), text)
    return text.replace(mac, "MAC").replace(mac.replace(":", ""), "MAC").strip()


def identity_of(folder, mac):
    path = folder / "identity.conf"
    own = f'gateway {{ name = "g" state_dir = "s" identity {{ mac = "{mac}" }} }}\n'
    path.write_text(whole(own), encoding="utf-8")
    return nmsp2mqtt("identity", "-c", path, env=DATA).stdout.decode("utf-8")


# Records.

RECORDS = [(source, json.loads(block)) for source in PAGES
           for block in blocks(TEXT[source], "json") if '"schema":' in block]


@needs_program
@pytest.mark.parametrize("source, record", RECORDS)
def test_records_fit_their_schema(source, record):
    kind = record["schema"].split(".")[1].split("/")[0]
    faults = list(Draft202012Validator(schema(kind)).iter_errors(record))
    assert not faults, f"{source.name}: {faults[0].message}"


@needs_program
def test_decoded_examples_come_from_vectors():
    made = []
    for case in cases.load():
        lines = nmsp2mqtt("decode", "--received-at", case.received_at, "--controller", "hq", "-",
                          stdin=case.stream, env=DATA).stdout
        made += [json.loads(line) for line in lines.splitlines()]
    for source, record in RECORDS:
        assert record["gateway"] != "decode" or record in made, f"{source.name}: {record}"


@needs_program
def test_the_readme_decodes(tmp_path):
    text = TEXT[README]
    hexadecimal = re.search(r"^\$ cat one\.hex\n(.*?)^\$ (nmsp2mqtt decode .*?)$(.*?)^```$", text,
                            re.MULTILINE | re.DOTALL)
    path = tmp_path / "one.hex"
    path.write_text(hexadecimal[1], encoding="utf-8")
    done = nmsp2mqtt(*hexadecimal[2].split()[1:-1], path, env=DATA)
    assert done.returncode == 0 and json.loads(done.stdout) == json.loads(hexadecimal[3])


def properties(node, prefix=""):
    """Every key of a schema: a, a.b for objects, a[].b for arrays of objects."""
    for key, one in node.get("properties", {}).items():
        name = prefix + key
        while one.get("type") == "array":
            one, name = one["items"], name + "[]"
        yield name
        yield from properties(one, name + ".")


@needs_program
@pytest.mark.parametrize("kind", ["rssi", "info", "statistics", "attachment", "location", "ap",
                                  "interferer", "air_quality", "wips", "unknown"])
def test_field_tables(kind):
    """Every field of the schema has its row, and there is no other."""
    table = rows(section(page("json.md"), kind))
    documented = [row[0].strip("`") for row in table]
    single = schema(kind)["else"]
    existing = {name for name in properties(single) if name.split("[")[0] not in ENVELOPE
                and not name.startswith("unrecognized")}
    assert len(documented) == len(set(documented)) and set(documented) == existing


@needs_program
@pytest.mark.parametrize("kind", ["rssi", "info", "attachment", "location", "ap", "interferer"])
def test_names_of_numbers(kind):
    """A row names every value that the dictionary has a name for."""
    table = {row[0].strip("`"): row[1] for row in rows(section(page("json.md"), kind))}
    for name, one in enumerations(schema(kind)["else"]):
        if name in table and name != "entity":
            assert set(re.findall(r"`([^`]+)`", table[name])) == one, f"{kind}: {name}"


def enumerations(node, prefix=""):
    for key, one in node.get("properties", {}).items():
        name = prefix + key
        while one.get("type") == "array":
            one, name = one["items"], name + "[]"
        for choice in one.get("anyOf", []):
            if "enum" in choice:
                yield name, set(choice["enum"])
        yield from enumerations(one, name + ".")


# The protocol.

def messages():
    """The messages of the baseline dictionary as rows of a table."""
    for name, body in re.findall(r'^message "(\w+)" \{(.*?)^\}', BASELINE,
                                 re.MULTILINE | re.DOTALL):
        body = re.sub(r"#.*", "", body)
        option = dict(re.findall(r'(id|from|mark)\s*=\s*"?(\w+)"?', body))
        parts = re.search(r"body\s*=\s*\{(.*?)\}", body, re.DOTALL)
        parts = re.findall(r'"([^"]+)"', parts[1]) if parts else []
        yield [option["id"], f"`{name}`", option["from"], option.get("mark", "assumed"),
               ", ".join(f"`{part}`" for part in parts)]


def test_message_table():
    assert rows(section(page("protocol.md"), "Messages")) == list(messages())


def test_service_table():
    services = [[f"`{service}`", f"`{service}:{name}`", bit]
                for service, body in re.findall(r'^service "(\w+)" \{(.*?)^\}', BASELINE,
                                                re.MULTILINE | re.DOTALL)
                for name, bit in re.findall(r'subservice "(\w+)"\s*\{[^}]*?bit = (\d+)', body)]
    assert rows(section(page("protocol.md"), "Services")) == services


def test_readme_tells_the_same_marks():
    """The ids that the README calls documented, recalled and assumed."""
    table = {row[0]: row[1] for row in rows(TEXT[README])}
    told = {}
    for ids, mark in table.items():
        if ids.startswith("message ids"):
            for first, last in re.findall(r"(\d+)(?: to (\d+))?", ids):
                for number in range(int(first), int(last or first) + 1):
                    told[number] = mark.split()[0]
    assert told == {int(row[0]): row[3] for row in messages() if row[3] != "assumed"}
    assert table["all other message ids"] == "assumed"


def test_sizes():
    """The sizes that the vectors prove are those that are told."""
    told = {int(row[1]) for row in rows(section(page("protocol.md"), "Frame and elements"))
            if row[1].isdigit()}
    proven = {len(case.frames[0]) for case in cases.load("session") if "bytes" in case.name}
    assert told == proven


# The log.

def test_subsystems_of_the_log():
    """The first word of every subject may stand in `levels`, and is in the manual."""
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*/*.c")))
    used = re.findall(r'\blog_(?:error|warning|info|debug)\(\s*"([\w-]+)"', code)
    used += re.findall(r'snprintf\((?:\w+->)?(?:log_name|subject), [^,]+,\s*"(\w+) ', code)
    known = re.search(r'option_subsystems\[\] =\s*"(.*?)"', code)[1].split()
    assert sorted(set(used)) == known
    manual = (ROOT / "docs/man/nmsp2mqtt.conf.5").read_text(encoding="utf-8")
    told = re.search(r"^\.Ss log$(.*?)^\.Bl", manual, re.MULTILINE | re.DOTALL)[1]
    assert not [word for word in known if not re.search(rf"^\.Ql {word}\b", told, re.MULTILINE)]


# What the program says.

# What stands in a quoted line in place of %s: the words of libraries, and examples.
FILLED_IN = ("No route to host", "Permission denied", "Connection refused",
             "Connection reset by peer", "certificate unknown", "protocol version",
             "self-signed certificate", "unknown node or service", "impossible length",
             "during the handshake", "certificate verify failed", "before SSL initialization",
             "string or '}' expected near end of file", "got an array",
             "id controller mac entity", "one of client", "received")
NAMES = (r"\b(?:hq|store|feed|main|baseline|N)\b", r"\b[a-z]+_[a-z_]+\b", r"\b[a-z_]+:[a-z_]+\b",
         r"wlc\.example\.invalid", r"nmsp/\S+", r"\S*\.pin\b", r"(?<!\S)/\S+", r"= \w+",
         r"(?:SSLv3/TLS|TLSv1\.\d) [\w ]+", r"\d[\d.:]*", r'"[^"]*"')
EXAMPLES = re.compile("|".join(("…", "[:;,] ", *NAMES, *FILLED_IN)))


PROGRAM = [path for folder in ("codecs", "conf", "outputs", "gateway")
           for path in sorted((ROOT / folder).rglob("*.c"))]


def told_by_the_source():
    """All string literals of the program, joined where C joins them, without what printf fills."""
    text = ""
    for path in PROGRAM:
        code = path.read_text(encoding="utf-8")
        code = re.sub(r'(?<!\\)"\s*\n\s*"', "", code)
        for literal in re.findall(r'"((?:\\.|[^"\\\n])*)"', code):
            text += re.sub(r"%[-+.*\d]*(?:ll|z|l|h)?[a-z]", "\0", literal) + "\n"
    return text.replace('\\"', '"')


def not_told(quotes):
    """Pieces of what is quoted that are not in the source; examples of names and numbers may be."""
    source = told_by_the_source()
    pieces = [piece.strip(" :;,()") for quote in quotes for piece in EXAMPLES.split(quote)]
    return [piece for piece in pieces if len(piece) >= 12 and piece not in source]


@pytest.mark.parametrize("table", [page("troubleshooting.md"),
                                   section(page("commands.md"), "What is refused")],
                         ids=["troubleshooting.md", "commands.md"])
def test_reasons_exist(table):
    quotes = [quote for row in rows(table) for quote in re.findall(r"`([^`]+)`", row[0])]
    assert quotes and not not_told(quotes)


@pytest.mark.parametrize("source", PAGES, ids=page_id)
def test_lines_of_the_log_exist(source):
    told = "\n".join(re.findall(r"^```\w*\n(.*?)^```$", TEXT[source], re.MULTILINE | re.DOTALL))
    assert not not_told(re.findall(r"^(?:\S+Z )?(?:error|warning|info|debug) [^:]+: (.*)$", told,
                                   re.MULTILINE))


@needs_program
def test_what_check_says(tmp_path):
    """The complaints in the README are those of the program, for a file that has these faults."""
    shown = re.search(r"^\$ nmsp2mqtt check -c nmsp2mqtt\.conf\n(.*?)^```$", TEXT[README],
                      re.MULTILINE | re.DOTALL)[1].splitlines()
    path = tmp_path / "nmsp2mqtt.conf"
    path.write_text('gateway {\n\tname = "gw1"\n\thealth_intervall = 30\n}\n'
                    'controller "hq" {\n\thost = "10.0.0.5"\n}\n'
                    'mqtt "main" {\n\thost = "127.0.0.1"\n\tqos = 3\n}\n', encoding="utf-8")
    done = subprocess.run([os.path.abspath(NMSP2MQTT), "check", "-c", path.name],
                          cwd=tmp_path, capture_output=True, text=True, check=False,
                          env={**os.environ, **DATA})
    assert done.returncode == 1 and done.stderr.splitlines() == shown
