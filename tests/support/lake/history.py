"""Every version of a table beside the rows that a plain database had when it was made.

    turns = History(path)
    turns.by("millpond", "INSERT INTO {t} VALUES (1)")
    turns.by("spark", "VACUUM {t}", None)               the database has nothing to do then
    turns.check("millpond", "spark", "delta_rs")

Of a statement with several commits (OPTIMIZE, DROP FEATURE) the last is expected; what Millpond's VACUUM says can no
longer be read is not.
"""
import re

import pytest

from lake import features
from lake.engines import engine, read_rows
from lake.oracle import Database

SAME = object()


def versions(path):
    return sorted(int(file.stem) for file in (path / "_delta_log").glob("[0-9]*.json") if file.stem.isdigit())


class History:
    def __init__(self, path):
        self.path, self.database = path, Database()
        self.expected = {}  # version -> rows
        self.needed = {}  # version -> what a reader must know, as of when it was made

    def by(self, writer, statement, oracle=SAME):
        """One statement by an engine and by the database, or (None) by one of them."""
        said = None
        if statement and writer == "millpond":
            said = engine(writer).run(self.path, statement)
        elif statement:
            engine(writer).execute(self.path, [statement])
        if oracle := statement if oracle is SAME else oracle:
            self.database.run(oracle)
        if found := (self.path / "_delta_log").exists() and versions(self.path):
            self.expected[found[-1]] = self.database.rows()
            self.needed[found[-1]] = features.features_of(self.path, found[-1])
        if said and (gone := re.search(r"versions? ([\d, toand]+) can no longer be read", said)):
            for first, last in re.findall(r"(\d+)(?: to (\d+))?", gone[1]):
                for version in range(int(first), int(last or first) + 1):
                    self.expected.pop(version, None)
        return self

    def refuses(self, writer, statement, why):
        """An engine says no, and for this reason; the table stays."""
        before = versions(self.path)
        with pytest.raises(Exception, match=why):
            engine(writer).execute(self.path, [statement])
        assert versions(self.path) == before

    def keep_from(self, version):
        """Older versions are expected no more."""
        self.expected = {each: rows for each, rows in self.expected.items() if each >= version}

    def forget(self):
        """Removes the log before the newest checkpoint, as log clean-up does some day. (The commit that the checkpoint
        is of stays: without it Spark travels to no version.)"""
        log = self.path / "_delta_log"
        newest = max(int(file.name[:20]) for file in log.glob("[0-9]*.checkpoint.*"))
        for file in log.glob("[0-9]*"):
            if int(file.name[:20]) < newest:
                file.unlink()
        self.keep_from(newest)
        return self

    def check(self, *readers):
        """Each gives those rows at every version; where the document of features says that it does not read such a
        table, it refuses (or, where the document says so too, gives others in place of some)."""
        for reader in readers:
            for version, rows in self.expected.items():
                refusals = features.refusals(reader, self.needed[version])
                if reader == "delta_rs" and "variantType" in self.needed[version]:  # gives the binary form; the rows are counted
                    assert len(read_rows(reader, self.path, version)) == len(rows)
                elif not refusals:
                    assert read_rows(reader, self.path, version) == rows, f"{reader}, version {version}"
                elif len(rows) and "no" in refusals:
                    with pytest.raises(Exception):
                        read_rows(reader, self.path, version)


def written(path, steps):
    """The history of a table of millpond_tables.py."""
    history = History(path)
    for statement, oracle in steps:
        history.by("millpond", statement, oracle)
    return history
