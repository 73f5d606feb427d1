"""Training sets of the program against the oracle: 0 differences, bit for bit.

Every seed makes a source, a view and labels, and writes the source in four layouts. Every second
seed deploys the view in the middle, so that later rows are known no earlier than their commit.
ORACLE_SEEDS, ORACLE_LABELS: how much (the fast test takes less than the slow one)."""

import os
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from generate import COLUMNS, START, Generator, committed
from oracle import training_set
from program import PROGRAM, Project, from_arrow, same, write_parquet

SEEDS = int(os.environ.get("ORACLE_SEEDS", "2"))
LABELS = int(os.environ.get("ORACLE_LABELS", "400"))
ROWS = int(os.environ.get("ORACLE_ROWS", "1200"))
LAYOUTS = ("one_file", "fifty_files", "shuffled", "rewritten")
EVERY = ["count", "count_if", "sum", "avg", "min", "max", "first", "last", "count_distinct",
         "time_since"]  # fmt: skip
DAY = 86_400_000_000
BEFORE_ALL = "2020-01-01T00:00:00Z"


def iso(micros: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micros)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def split(rows: list, parts: int) -> list:
    size = -(-len(rows) // parts)
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def write_layout(project: Project, layout: str, rows: list, shuffle: random.Random) -> None:
    """`rows` become a table named as the layout."""
    project.create(layout, COLUMNS)
    if not rows:
        return
    if layout == "one_file":
        project.append(layout, [rows], COLUMNS, at=BEFORE_ALL)
    elif layout == "fifty_files":
        project.append(layout, split(rows, 50), COLUMNS, at=BEFORE_ALL)
    else:
        mixed = list(rows)
        shuffle.shuffle(mixed)
        project.append(layout, split(mixed, 7), COLUMNS, at=BEFORE_ALL)
    if layout == "rewritten":
        names = ", ".join(COLUMNS)
        project.sql(f"CREATE OR REPLACE TABLE {layout} AS SELECT {names} FROM {layout} "
                    "ORDER BY item, qty DESC, ts", at=BEFORE_ALL)  # fmt: skip


def append_late(project: Project, layout: str, rows: list, shuffle: random.Random) -> list:
    """Commits the rest after the live version, at its own moments; gives (row, commit time)."""
    parts = {"one_file": 3, "fifty_files": 20}.get(layout, 6)
    mixed = list(rows)
    if layout not in ("one_file", "fifty_files"):
        shuffle.shuffle(mixed)
    late = []
    for i, part in enumerate(split(mixed, parts)):
        at = START + (3 + i * 60 // parts) * DAY + i * 1000
        project.append(layout, [part], COLUMNS, at=iso(at))
        late += [(row, at) for row in part]
    return late


def differences(expected: list, table, labels: list) -> list:
    columns = [from_arrow(table.column(i)) for i in range(table.num_columns)]
    features = columns[len(columns) - len(expected[0]) :]
    found = []
    for row, values in enumerate(expected):
        for i, value in enumerate(values):
            if not same(value, features[i][row]):
                found.append((row, labels[row], i, value, features[i][row]))
    return found


def check_seed(folder: Path, seed: int, program: str = PROGRAM) -> int:
    """Gives how many feature values were compared. The first differences are in the error."""
    make = Generator(seed)
    shuffle = random.Random(seed)
    customers = 5 if seed % 3 == 1 else 40  # few: many rows an entity, where the kernel builds trees
    rows = make.source(ROWS, customers)
    view = make.view("", "", EVERY)
    deployed = seed % 2 == 1
    early = rows[: len(rows) // 2] if deployed else rows
    project = Project(folder, program)
    compared = 0
    for layout in LAYOUTS:
        write_layout(project, layout, early, shuffle)
        view.name, view.table = f"view_{layout}", layout
        project.define(view.name, view.sql(make.interval))
        source = committed(early, [None] * len(early))
        if deployed:
            project.run("features", "deploy", view.name, at=iso(START))
            late = append_late(project, layout, rows[len(early) :], shuffle)
            source += committed([row for row, _ in late], [at for _, at in late])
        if layout == LAYOUTS[0] or deployed:
            labels = Generator(seed + 1000).labels_for(make, view, source, LABELS, customers)
            expected = training_set(view, source, labels)
            path = folder / "labels.parquet"
            names = {"number": "BIGINT", **{c: COLUMNS[c] for c in view.entity}, view.time: "TIMESTAMP"}
            write_parquet(path, [dict(zip(names, (i, *key, at)))
                                 for i, (key, at) in enumerate(labels)], names)  # fmt: skip
        for threads in (1, 2, 4):
            table = project.training_set(path, view.name, threads)
            assert table.column("number").to_pylist() == list(range(len(labels)))
            found = differences(expected, table, labels)
            assert not found, (
                f"seed {seed}, {layout}, {threads} threads: {len(found)} differences, the first "
                f"(row, label, feature, oracle, millpond): {found[:3]}\n{view.sql(make.interval)}"
            )
            compared += len(expected) * len(expected[0])
    return compared


@pytest.mark.parametrize("seed", range(SEEDS))
def test_training_sets_equal_the_oracle(tmp_path, seed):
    compared = check_seed(tmp_path / "project", seed)
    print(f"seed {seed}: {compared} values compared")
    assert compared >= LABELS * 10 * 12
