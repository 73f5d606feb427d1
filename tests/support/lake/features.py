"""docs/formats/delta-features.md, read: which engine knows which table feature, and what a table needs.

The document's tables have a row a feature or statement and a column an engine. A cell begins with `yes` or `no`;
what follows is for people.
"""
import functools
import json
import re
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[3] / "docs/formats/delta-features.md"
COLUMNS = {"Millpond": "millpond", "delta-spark": "spark", "delta-rs": "delta_rs", "DuckDB": "duckdb", "delta-kernel-rs": "kernel_rs"}
ELSEWHERE = re.compile(r"/|[a-z0-9]+:")  # absolute, as a path or as a URI


@functools.cache
def cells():
    """{heading: {row: {engine: its cell}}}."""
    found, heading, engines = {}, None, []
    for line in DOCUMENT.read_text().splitlines():
        if line.startswith("## "):
            heading = found.setdefault(line[3:].strip(), {})
            engines = []
        elif line.startswith("|") and heading is not None:
            words = [word.strip() for word in line.strip("|\n").split("|")]
            if not engines:
                engines = [COLUMNS[word] for word in words[1:]]
            elif not set(words[0]) <= set("-: "):
                heading[words[0]] = dict(zip(engines, words[1:]))
    return found


def says_yes(cell):
    assert re.match(r"(yes|no)\b", cell), f"a cell begins with yes or no: {cell}"
    return cell.startswith("yes")


def features_of(path, version=None):
    """What a reader must know of a table at a version: the reader features of its protocol (legacy versions by what
    they stand for), and the kinds of column that have a row of their own in the document."""
    protocol, schema, partitions, elsewhere = {}, "", [], set()
    for file in sorted((Path(path) / "_delta_log").glob("[0-9]*.json")):
        if not file.stem.isdigit() or version is not None and int(file.stem) > version:
            continue
        actions = [json.loads(line) for line in file.read_text().splitlines()]
        elsewhere -= {action["remove"]["path"] for action in actions if "remove" in action}
        elsewhere |= {action["add"]["path"] for action in actions if "add" in action and ELSEWHERE.match(action["add"]["path"])}
        for action in actions:
            protocol = action.get("protocol", protocol)
            schema = action.get("metaData", {}).get("schemaString", schema)
            partitions = action.get("metaData", {}).get("partitionColumns", partitions)
    legacy = {"columnMapping"} if protocol.get("minReaderVersion") == 2 else set()
    void = {"columns of type void"} if '"type":"void"' in schema else set()
    needed = set(protocol.get("readerFeatures", ())) | legacy | void
    if elsewhere:
        needed.add("files of another folder (shallow clones)")
    fields = {field["name"]: field["metadata"] for field in json.loads(schema or '{"fields": []}')["fields"]}
    if "columnMapping" in needed and partitions and any(field.get("delta.columnMapping.physicalName", name) != name for name, field in fields.items()):
        needed.add("partitions beside renamed columns")
    return needed


def reads(engine, needed):
    """Whether the document says that the engine reads a table that needs this."""
    return not refusals(engine, needed)


def refusals(engine, needed):
    """The cells by which it does not: "no", or "no: what comes instead" (NULLs, other values)."""
    rows = cells()["Reading tables with a feature"] | cells()["Reading what tables may hold"]
    return [rows[feature][engine] for feature in needed if not says_yes(rows[feature][engine])]
