"""Tables kept in the repository, packed with the rows that they must give: NAME/delta/ and NAME/expected/VERSION.parquet."""
import shutil
import subprocess
from pathlib import Path

import pyarrow.parquet as pq

from lake.rows import rows_of

FOLDER = Path(__file__).resolve().parents[2] / "interop/spark_tables"


def names():
    return sorted(path.name.removesuffix(".tar.zst") for path in FOLDER.glob("*.tar.zst"))


def unpack(name, path):
    """Puts the table at `path`; {version: rows that Spark read} of the versions that can be read."""
    scratch = path.parent / f".unpacked-{name}"
    scratch.mkdir(parents=True)
    subprocess.run(["tar", "--zstd", "-xf", FOLDER / f"{name}.tar.zst"], cwd=scratch, check=True)
    shutil.move(scratch / name / "delta", path)
    expected = {int(file.stem): rows_of(pq.read_table(file)) for file in (scratch / name / "expected").glob("*.parquet")}
    shutil.rmtree(scratch)
    return expected
