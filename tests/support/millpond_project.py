"""A project under test: a copy of an example in a folder of its own, and the program run on it."""
import json
import os
import shutil
import subprocess
from pathlib import Path

from deltalake import DeltaTable

ROOT = Path(__file__).resolve().parents[2]
MILLPOND = os.environ.get("MILLPOND", str(ROOT / "build/bin/millpond"))


class Project:
    def __init__(self, folder, example=None, parts=("millpond.yml", "transformations", "features", "models")):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.example = ROOT / "examples" / example if example else None
        for part in parts if example else ():
            source = self.example / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.folder / part)
        (self.folder / "data").mkdir(exist_ok=True)

    def arrive(self, *patterns):
        for pattern in patterns:
            for path in sorted((self.example / "data").glob(pattern)):
                shutil.copy(path, self.folder / "data")

    def fewer_resamples(self, number=20):
        """Shorter bootstraps: the same models in less time."""
        for path in (self.folder / "models").glob("*.yml"):
            path.write_text(path.read_text().replace("bootstrap: 500", f"bootstrap: {number}"))

    def call(self, *arguments, code=0):
        """Runs `millpond ARGUMENTS --project FOLDER`; the exit code must be `code` (None: any)."""
        command = [MILLPOND, *arguments, "--project", str(self.folder)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert code is None or done.returncode == code, f"{' '.join(command)}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done

    def run(self, *arguments):
        return self.call("run", *arguments)

    def sql(self, text):
        """Rows of a query as tuples of JSON values."""
        output = self.call("sql", text, "--format", "json").stdout
        rows = json.loads(output) if output.lstrip().startswith("[") else [json.loads(l) for l in output.splitlines()]
        return [tuple(row.values()) for row in rows]

    def path(self, table):
        return self.folder / ".millpond/warehouse" / table.replace(".", "/")

    def delta(self, table):
        return DeltaTable(str(self.path(table)))

    def report(self):
        return (self.folder / ".millpond/report.html").read_text()

    def tables(self):
        warehouse = self.folder / ".millpond/warehouse"
        return sorted(".".join(p.parent.relative_to(warehouse).parts) for p in warehouse.glob("*/*/*/_delta_log")
                      if any(p.glob("*.json")))

    def versions(self):
        return {table: self.delta(table).version() for table in self.tables()}

    def evaluation(self, model):
        """(evaluation.json, its folder) of the newest run of a model."""
        found = []
        for path in (self.folder / ".millpond/artifacts").glob("*/*/artifacts/evaluation.json"):
            document = json.loads(path.read_text())
            if document["model"] == model:
                found.append((path.stat().st_mtime_ns, document, path.parent))
        assert found, f"no run of {model}"
        return max(found, key=lambda each: each[0])[1:]


def metric(evaluation, prediction, name="average_precision"):
    return next(m["value"] for m in evaluation["metrics"] if m["prediction"] == prediction and m["metric"] == name)
