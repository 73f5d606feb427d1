"""The tables tools/tidy keeps. Change one here together with the reason in the commit."""
from dataclasses import dataclass

LAYERS = ["base", "kernel", "data", "pipeline", "platform", "model", "app"]
PURPOSE = {
    "base": "errors, clock, files, processes' resources, adapters several layers share",
    "kernel": "the feature kernel: pure, no I/O, no clock, no Arrow library",
    "data": "Delta tables, Parquet, the catalog, SQL",
    "pipeline": "sources, flows, expectations: raw files to tables",
    "platform": "feature views, training sets, runs and artifacts",
    "model": "learners, metrics, scoring",
    "app": "the program: commands and wiring only",
}
# An include may point only downwards. ARCHITECTURE.md shows this table; a test compares the two.
EDGES = {layer: LAYERS[:rank] for rank, layer in enumerate(LAYERS)}
KERNEL_KEEPS_OUT = {"base/db", "base/http", "base/kv", "base/fs"}

# Files that put a layer together; they count as themselves, not as their directory, when rings are sought.
WIRING = {"base/environment.h"}

# Headers that carry a foreign library's types across to .cc files and no further.
SOURCES_ONLY = {"data/arrow/status.h"}

FILE_LINES = 400
FUNCTION_LINES = 70
EMPTY_NAMES = r"(^|_)(utils?|helpers?|managers?|common|misc|stuff)(_|$)"
BUILD_OUTPUTS = r"\.(o|a|so|d|pyc|gcda|gcno|whl|parquet\.tmp)$|(^|/)(build(-\w+)?|__pycache__|\.deps|\.millpond)/"


@dataclass(frozen=True)
class Foreign:
    headers: str  # regular expression over the path between < and >
    home: str
    allowed: tuple  # regular expressions over the file's path under src/
    instead: str
    tests: tuple = ()  # allowed in tests and benchmarks of these paths as well


_EVERYWHERE = (r".*",)
_ABOVE_KERNEL = (r"(data|pipeline|platform|model|app)/",)
_POSIX = r"(sys/(?!types)|arpa/inet|netinet/in|unistd\.h|fcntl\.h|dirent\.h|poll\.h|pthread\.h|signal\.h|spawn\.h|dlfcn\.h|execinfo\.h)"
THIRD_PARTY = [
    Foreign(r"fmt/", "everywhere", _EVERYWHERE, ""),
    Foreign(r"sqlite3", "src/base/db", (r"base/db/",), "use base/db/sqlite.h"),
    Foreign(r"duckdb", "src/data/sql/duckdb", (r"data/sql/duckdb/",), "use data/sql/session.h"),
    Foreign(r"xgboost/", "src/model/training/xgboost_*.cc", (r"model/training/xgboost_\w+\.cc$",),
            "use the learner's header", (r"model/",)),
    Foreign(r"yaml-cpp/", "src/base/yaml.cc", (r"base/yaml\.cc$",), "use base/yaml.h"),
    Foreign(r"spdlog/", "src/base/log.cc", (r"base/log\.cc$",), "use base/log.h"),
    Foreign(r"nlohmann/", "src/base/json.h", (r"base/json\.(h|cc)$", r"base/json_fwd\.h$"),
            "use base/json.h (base/json_fwd.h in headers)"),
    Foreign(r"simdjson", "src/data/delta/{metadata,log}, src/model/serving/request_body.cc",
            (r"data/delta/(metadata|log)/\w+\.cc$", r"model/serving/request_body\.cc$"), "use base/json.h"),
    Foreign(r"roaring/", "src/data/delta/rows", (r"data/delta/rows/\w+\.cc$",), "use the snapshot's deletion vectors"),
    Foreign(r"sodium", "src/base", (r"base/\w+\.cc$",), "use base/sha256.h or base/random.h"),
    Foreign(r"CLI/", "src/app", (r"app/",), "parse arguments in app and pass values down"),
    Foreign(r"arrow/c/(abi|bridge)\.h", "layers above the kernel", _ABOVE_KERNEL, "use kernel/arrow_c.h"),
    Foreign(r"arrow/", "layers above the kernel", _ABOVE_KERNEL, "base and kernel know no Arrow; use kernel/arrow_c.h"),
    Foreign(r"parquet/", "data/parquet, data/delta, pipeline/sources", (r"(data/(parquet|delta/\w+)|pipeline/sources)/\w+\.cc$",),
            "use data/parquet's headers"),
    Foreign(r"boost/crc\.hpp", "src/data/delta/rows/crc32.cc", (r"data/delta/rows/crc32\.cc$",), "use data/delta/rows/crc32.h"),
    Foreign(r"(boost/|curl/|openssl/)", "src/base/http", (r"base/http/",), "use base/http"),
    Foreign(r"pugixml", "src/base/s3", (r"base/s3/s3_answers\.cc$",), "use base/s3/s3_answers.h"),
    Foreign(r"prometheus/", "src/base/metrics", (r"base/metrics/",), "use base/metrics/metrics.h"),
    Foreign(r"rocksdb/", "src/base/kv", (r"base/kv/",), "use base/kv"),
    Foreign(r"(libpq|postgres)", "src/base/db", (r"base/db/",), "use base/db"),
    Foreign(r"(librdkafka|rdkafka)", "src/pipeline/sources", (r"pipeline/sources/",), "use pipeline/sources"),
    Foreign(r"benchmark/", "*_bench.cc", (r".*_bench\.cc$",), "measure in a _bench.cc beside the code"),
    Foreign(r"(gtest|gmock)/", "*_test.cc", (), "test support lies in base/testing", _EVERYWHERE),
    Foreign(_POSIX, "src/base (signals and terminals: src/app)", (r"base/", r"app/"),
            "go through base/environment.h, so that faults can be injected", _EVERYWHERE),
    Foreign(r"(std\w+|c?type|errno|limits|math|string|time|sys/types|inttypes|locale|wchar|assert|float|fnmatch)\.h$",
            "C's own headers", _EVERYWHERE, ""),
]


@dataclass(frozen=True)
class Banned:
    what: str
    pattern: str  # over one line of code, comments and strings gone
    instead: str
    where: str = r".*"
    allowed: tuple = ()
    tests_too: bool = False


_ADAPTERS = (r"base/check\.h$", r"base/(yaml|json|log)\.cc$", r"base/json\.h$", r"data/sql/duckdb/")
BANNED = [
    Banned("throw", r"\bthrow\b(?!\s+CLI::)", "return Fail(kind, …); exceptions stay inside one adapter file", allowed=_ADAPTERS),
    Banned("std::cout", r"\bstd::(cout|cerr|clog)\b", "log with base/log.h, or return text to app", allowed=(r"app/",)),
    Banned("printf family", r"(?<![\w:.>])(?:std::|::)?(?:v?f?printf|v?sn?printf|puts|fputs)\s*\(",
           "fmt::format, and base/log.h for output", allowed=(r"base/(check\.h|log\.cc)$", r"app/")),
    Banned("bare new", r"^(?!.*_ptr<.*[({]\s*new\b).*(?<![\w.>])new\s+(?!\()[A-Za-z_:]",
           "std::make_unique, or a unique_ptr around a private constructor in the same line",
           allowed=(r"data/sql/duckdb/", r"kernel/arrow_c\w*\.cc$")),
    Banned("bare delete", r"(?<![\w=] )\bdelete\s+(?![;,)])[\w(*]|\bdelete\[\]", "std::unique_ptr",
           allowed=(r"kernel/arrow_c\w*\.cc$",)),
    Banned("std::regex", r"\bstd::(basic_)?s?regex|#\s*include\s*<regex>", "a small matcher by hand", tests_too=True),
    Banned("the wall clock", r"\b(system_clock|utc_clock|file_clock|tai_clock|gps_clock|gettimeofday|clock_gettime)\b"
           r"|(?<![\w.>:])(std::)?time\s*\(\s*(0|NULL|nullptr|&\w+)\s*\)",
           "Environment::clock", allowed=(r"base/(system_)?clock\.cc$",)),
    Banned("rand()", r"(?<![\w.>])(std::)?s?rand\s*\(|\bstd::(random_device|mt19937)", "Environment::random",
           allowed=(r"base/random\.cc$",)),
    Banned("sleeping", r"\b(sleep_for|sleep_until|usleep|nanosleep)\b", "wait on a condition, or poll a cancellation token",
           allowed=(r"base/(clock|task_pool|cancellation)\.(cc|h)$",)),
    Banned("getenv", r"\bgetenv\b", "an option that app passes down", allowed=(r"base/log\.cc$", r"app/")),
    Banned("using namespace in a header", r"^\s*using namespace\b", "name what you use", where=r".*\.h$", tests_too=True),
    Banned("#pragma once missing from its place", r"^\s*#\s*ifndef\s+\w+_H_?\s*$", "#pragma once", where=r".*\.h$",
           tests_too=True),
    Banned("arrow::Status or arrow::Result in a header", r"\barrow::(Status|Result)\b",
           "millpond::Status and Result; Arrow's stay in a .cc", where=r"(data|pipeline|platform|model|app)/.*\.h$",
           allowed=(r"data/arrow/status\.h$",)),
    Banned("nothing may be skipped", r"\bGTEST_SKIP\b|\bDISABLED_\w+", "make the test run, or remove it", tests_too=True),
    Banned("a file past the seam", r"\bstd::[io]?fstream\b|\bfopen\s*\(|\barrow::io::(FileOutputStream|ReadableFile|MemoryMappedFile)\b"
           r"|\b(std::filesystem|fs|stdfs)::(remove|remove_all|rename|create_director(y|ies)|copy|copy_file|resize_file)\s*\(",
           "Environment::fs, so that faults can be injected", allowed=(r"base/(fs|db)/", r"app/")),
    Banned("ending the process", r"(?<![\w.>:])(std::|::)?(abort|exit|_exit|quick_exit|terminate)\s*\(", "return an Error",
           allowed=(r"base/check\.h$", r"app/main\.cc$")),
    Banned("fmt::print", r"\bfmt::print(ln)?\b", "base/log.h, or return text to app", allowed=(r"app/",)),
]


def edges_table():
    lines = ["| layer | may include | what it is |", "| --- | --- | --- |"]
    for layer in reversed(LAYERS):
        below = ", ".join(reversed(EDGES[layer])) or "nothing of ours"
        lines.append(f"| {layer} | {below} | {PURPOSE[layer]} |")
    return "\n".join(lines)
