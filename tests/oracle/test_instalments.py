"""A run in two instalments gives the same training sets as one: the churn example's tables and
view, once with all months at hand, once to March 1998 and then the rest."""

import shutil
from pathlib import Path

from program import Project

CHURN = Path(__file__).parents[2] / "examples" / "churn"
VIEW = "customer_purchases"


class ChurnProject(Project):
    """The example without its models."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        for part in ("transformations", "features"):
            shutil.copytree(CHURN / part, folder / part, dirs_exist_ok=True)
        shutil.copy(CHURN / "millpond.yml", folder / "millpond.yml")
        (folder / "data").mkdir()

    def arrive(self, wanted):
        for file in sorted((CHURN / "data").glob("*.txt")):
            if wanted(file.stem):
                shutil.copy(file, self.folder / "data" / file.name)


def test_two_instalments_give_the_training_sets_of_one(tmp_path):
    months = sorted(f.stem for f in (CHURN / "data").glob("*.txt"))
    last = [m for m in months if m.endswith(("1998-04", "1998-05", "1998-06"))]
    assert len(last) == 3, months

    whole = ChurnProject(tmp_path / "whole")
    whole.arrive(lambda name: True)
    whole.run("run")

    parts = ChurnProject(tmp_path / "parts")
    parts.arrive(lambda name: name not in last)
    parts.run("run", at="1998-04-01T00:00:00Z")
    parts.arrive(lambda name: name in last)
    parts.run("run")

    labels = tmp_path / "labels.csv"
    moments = ["1997-04-01", "1998-03-31T12:00:00Z", "1998-04-15", "1998-07-01"]
    rows = [f"{customer},{at}" for customer in range(1, 3000) for at in moments]
    labels.write_text("customer_id,purchased_at\n" + "\n".join(rows) + "\n")
    one, two = (p.training_set(labels, VIEW, 2) for p in (whole, parts))
    assert one.num_rows == len(rows)
    assert one.equals(two)
    assert sum(one.column("purchase_days").to_pylist()) > 0
    first, second = (p.record(labels, VIEW)["views"][0] for p in (whole, parts))
    assert first["features"] == second["features"]
    assert first["table_version"] < second["table_version"]
