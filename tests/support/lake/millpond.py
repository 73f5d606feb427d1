"""Millpond, by its program: `millpond sql` in the project whose warehouse holds the table."""
import os
import re
import subprocess
import tempfile
from pathlib import Path

import pyarrow as pa

PROGRAM = os.environ.get("MILLPOND", str(Path(__file__).resolve().parents[3] / "build/bin/millpond"))
WAREHOUSE = Path(".millpond/warehouse/main/default")


class Refused(Exception):
    """The program said no; its text is the exception's."""


def table_path(project, name):
    """Where a project keeps its table `name`; makes a project of the folder if it is none."""
    project = Path(project)
    (project / WAREHOUSE).mkdir(parents=True, exist_ok=True)
    if not (project / "millpond.yml").exists():
        (project / "millpond.yml").write_text("name: lake\n")
    return project / WAREHOUSE / name


class Millpond:
    dialect = "millpond"

    def run(self, path, statement, *options):
        path = Path(path)
        project = path.parents[len(WAREHOUSE.parts)]
        command = [PROGRAM, "sql", "-", "--project", str(project), *options]
        text = statement.replace("{t}", path.name if path.name.isidentifier() else f"`{path.name}`")
        done = subprocess.run(command, input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise Refused(f"{done.stderr.strip()}\n  in: {text}")
        # Millpond holds each version that it reads against its checksum, and only warns.
        assert not re.search(r" warning data: .*checksum", done.stderr), done.stderr
        return done.stdout + done.stderr

    def execute(self, path, statements):
        for statement in statements:
            self.run(path, statement)

    def query(self, path, text):
        with tempfile.NamedTemporaryFile(suffix=".arrow") as file:
            self.run(path, text, "--format", "arrow", "-o", file.name)
            with pa.memory_map(file.name) as source:
                try:
                    return pa.ipc.open_file(source).read_all()
                except pa.ArrowInvalid:
                    source.seek(0)
                    return pa.ipc.open_stream(source).read_all()

    def read(self, path, version=None):
        at = "" if version is None else f" VERSION AS OF {version}"
        return self.query(path, f"SELECT * FROM {{t}}{at}")
