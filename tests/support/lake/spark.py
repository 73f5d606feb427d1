"""Local Spark with delta-spark, as `tools/setup --long` unpacks them into .deps: two archives and Java, no pip.

One session a process: starting it takes most of a minute. A table is a catalog table of Spark's whose folder is the
path, so that every statement of Spark's SQL can name it.
"""
import atexit
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

DEPS = Path(__file__).resolve().parents[3] / ".deps"
HOME = DEPS / "pyspark"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.memory": "2g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",  # VACUUM's number of tasks, 10,000 otherwise
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
    # A version's checksum that is not the log's state fails, before and after each of Spark's commits as well.
    "spark.databricks.delta.checksum.mismatch.fatal": "true",
    "spark.databricks.delta.incremental.commit.verify": "true",
    "spark.databricks.delta.lastCheckpoint.checksum.enabled": "true",
    "spark.log.level": "OFF",
    # Tables of a few rows: compiling, by Spark and by Java, would cost more than it saves.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # A starved machine must not look like a dead executor.
    "spark.executor.heartbeatInterval": "600s",
    "spark.network.timeout": "3600s",
}


def start():
    jars = [str(jar) for name in ("delta-spark", "delta-storage") for jar in (DEPS / name).glob("*.jar")]
    if not HOME.exists() or len(jars) != 2:
        raise RuntimeError("Spark is not here; run tools/setup --tests --long")
    os.environ.update(SPARK_HOME=str(HOME / "deps"), TZ="UTC", SPARK_LOCAL_IP="127.0.0.1",
                      PYSPARK_PYTHON=sys.executable)
    time.tzset()
    sys.path[:0] = [str(HOME), str(next((HOME / "lib").glob("py4j-*.zip")))]
    from pyspark.sql import SparkSession

    scratch = tempfile.TemporaryDirectory(prefix="spark-")
    builder = SparkSession.builder.master("local[2]").config("spark.jars", ",".join(jars))
    builder = builder.config("spark.sql.warehouse.dir", scratch.name).config("spark.local.dir", scratch.name)
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    atexit.register(scratch.cleanup)
    atexit.register(session.stop)
    return session


class Spark:
    dialect = "spark"

    def __init__(self):
        self.session = start()

    def name_of(self, path):
        """The catalog's name for a folder."""
        return f"t{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"

    def known(self, path):
        """The name of a table that is there; Spark hears of it here if another engine made it."""
        name = self.name_of(path)
        if not self.session.catalog.tableExists(name):
            self.session.sql(f"CREATE TABLE {name} USING delta LOCATION '{path}'")
        return name

    def execute(self, path, statements):
        """{t} is the table, {location} its folder: CREATE TABLE {t} (…) USING delta LOCATION '{location}'.
        A statement `SET key = value` holds until the last one has run."""
        before = {}
        try:
            for statement in statements:
                if statement.startswith("SET "):
                    key, value = (word.strip() for word in statement[4:].split("=", 1))
                    before.setdefault(key, self.session.conf.get(key, None))
                    self.session.conf.set(key, value)
                    continue
                if not statement.startswith("CREATE"):
                    self.known(path)
                self.session.sql(statement.replace("{t}", self.name_of(path)).replace("{location}", str(path))).collect()
        finally:
            for key, value in before.items():
                self.session.conf.unset(key) if value is None else self.session.conf.set(key, value)

    def query(self, path, text):
        self.known(path)
        return self.session.sql(text.replace("{t}", self.name_of(path))).toArrow()

    def log(self, path):
        return self.session._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(self.session._jsparkSession, str(path))

    def log_files(self, path):
        """The files after the checkpoint that Spark makes the newest version of."""
        log = self.log(path)
        return str(log.update(*(getattr(log, f"update$default${n}")() for n in (1, 2, 3))).logSegment().deltas().toString())

    def check_checksum(self, path, version):
        """Holds <version>.crc against the state that Spark makes of the log; fails where that is another. Millpond
        always writes one, Spark not after its RESTORE and clones."""
        log = self.log(path)
        found = log.readChecksum(version, getattr(log, "readChecksum$default$2")())
        if not found.isDefined():
            assert '"engineInfo":"Millpond' not in (path / f"_delta_log/{version:020}.json").read_text(), f"Spark finds no checksum of version {version}"
            return
        snapshot = log.getSnapshotAt(version, *(getattr(log, f"getSnapshotAt$default${n}")() for n in (2, 3, 4)))
        try:
            assert snapshot.validateChecksum(getattr(snapshot, "validateChecksum$default$1")())
        except Exception as error:
            raise AssertionError(f"checksum of version {version}: {str(error)[:2000]}") from None

    def read(self, path, version=None):
        at = "" if version is None else f" VERSION AS OF {version}"
        frame = self.session.sql(f"SELECT * FROM delta.`{path}`{at}")
        variants = [f.name for f in frame.schema if f.dataType.typeName() == "variant"]
        for name in variants:  # Arrow has no variant: compare its JSON
            frame = frame.selectExpr("*", f"to_json(`{name}`) AS `{name}_json`").drop(name).withColumnRenamed(f"{name}_json", name)
        return frame.toArrow()
