"""Proves cells of docs/formats/delta-features.md: `check(section, row, engine, tmp_path)` runs the row's probe and holds
its outcome against the cell. A row without a probe, and a probe without a row, are errors."""
import json

import other_probes
from feature_probes import APPEND, READ, WRITE, insert_of
from lake import engine, features, kept, read_rows
from lake.millpond import table_path

READING, HOLDING = "Reading tables with a feature", "Reading what tables may hold"
APPENDING, WRITING = "INSERT into a table with a feature", "Statements and what they leave"


def reading(row, name, tmp_path):
    for table in READ[row]:
        path = table_path(tmp_path / table, table)
        expected = kept.unpack(table, path)
        if row == "files of another folder (shallow clones)":
            move_files(path)
        newest = expected[max(expected)]
        found = read_rows(name, path)
        if row == "variantType" and name == "delta_rs":  # gives the binary form; the rows are counted
            assert len(found) == len(newest)
        else:
            assert found == newest


def move_files(path):
    """Into a folder beside the table, whose log then names them as a shallow clone's does."""
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    for file in path.glob("*.*"):
        file.rename(elsewhere / file.name)
    for commit in (path / "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in commit.read_text().splitlines()]
        for action in actions:
            for kind in {"add", "remove"} & action.keys():
                action[kind]["path"] = f"file://{elsewhere}/{action[kind]['path']}"
        commit.write_text("".join(json.dumps(action) + "\n" for action in actions))
    for checksum in (path / "_delta_log").glob("*.crc"):
        checksum.unlink()


def appending(row, name, tmp_path):
    """One row more, there for whoever wrote it and for another engine as well."""
    table, values = APPEND[row]
    path = table_path(tmp_path, table)
    kept.unpack(table, path)
    before = read_rows(name, path)
    if name == "delta_rs":
        other_probes.appended_by_delta_rs(path, values)
    elif name == "duckdb":
        engine(name).append(path, values)
    else:
        engine(name).execute(path, [f"INSERT INTO {{t}} {insert_of(values)}"])
    after = read_rows(name, path)
    assert len(after) == len(before) + 1 and set(map(repr, before.rows)) < set(map(repr, after.rows))
    other = "delta_rs" if name == "duckdb" else "duckdb"
    if features.reads(other, features.features_of(path)) and row not in ("variantType", "columns of type void"):
        assert read_rows(other, path) == after


def writing(row, name, tmp_path):
    write = WRITE[row]
    path = table_path(tmp_path, "probe")
    if name in ("millpond", "spark"):
        engine(name).execute(path, [located(text) if name == "spark" else text for text in write.sql])
        found = engine(name).query(path, write.query).column(0).to_pylist()
        assert found == write.ids
    else:
        ids = {"delta_rs": other_probes.DELTA_RS}[name][row](path)
        columns = [column for column, _ in read_rows(name, path).types]
        at = columns.index("id")
        assert sorted(each[at] for each in read_rows(name, path).rows) == sorted(ids)
    assert write.shows(path)


def located(text):
    """Spark is told where the table lies."""
    return text.replace("USING delta", "USING delta LOCATION '{location}'") if text.startswith("CREATE") and "{t}_clone" not in text else text


PROBES = {READING: (reading, READ), HOLDING: (reading, READ), APPENDING: (appending, APPEND), WRITING: (writing, WRITE)}


def rows(name):
    """(section, row) of every cell of an engine that can be run."""
    for section, (_, probes) in PROBES.items():
        for row in features.cells()[section]:
            assert row in probes, f"no probe for '{row}'"
            if section != WRITING or name in ("millpond", "spark") or name == "delta_rs" and row in other_probes.DELTA_RS:
                yield section, row
            else:
                assert not features.says_yes(features.cells()[section][row][name]), f"{name} has no probe for '{row}'"


def check(section, row, name, tmp_path):
    cell = features.cells()[section][row][name]
    try:
        PROBES[section][0](row, name, tmp_path)
    except Exception as failure:
        assert not features.says_yes(cell), f"the document says '{cell}', but: {failure}"
        return
    assert features.says_yes(cell), f"the document says '{cell}', but it works"


def main():
    """python feature_cells.py ENGINE …: every cell of the engine that the document has wrong, and why it thinks so."""
    import sys
    import tempfile
    from pathlib import Path

    for name in sys.argv[1:]:
        for section, row in rows(name):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    check(section, row, name, Path(folder))
                except AssertionError as wrong:
                    print(f"{section} / {row} / {name}: {str(wrong)[:300]}", flush=True)


if __name__ == "__main__":
    main()
