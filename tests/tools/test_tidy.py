"""Each rule of tools/tidy refuses what it is there for, names the remedy, and lets its like pass."""
import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))


def load_tidy():
    loader = importlib.machinery.SourceFileLoader("tidy", str(ROOT / "tools/tidy"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    loader.exec_module(module)
    return module


tidy = load_tidy()


@pytest.fixture
def tree(tmp_path):
    """Writes files into a small repository and returns what tidy finds in it."""
    def check(files, targets=True):
        sources = {}
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if name.startswith("src/") and name.endswith(".cc"):
                layer, _, inner = name[4:].partition("/")
                sources.setdefault(layer, []).append(inner)
        if targets:
            for layer, names in sources.items():
                (tmp_path / "src" / layer / "CMakeLists.txt").write_text(f"layer({layer} SOURCES {' '.join(names)})\n")
        (tmp_path / "src").mkdir(exist_ok=True)
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
        subprocess.run(["git", "-C", str(tmp_path), "add", "-A", "-f"], check=True)
        return tidy.Tidy(tmp_path).run()
    return check


H = "#pragma once\n"


@pytest.mark.parametrize("files, words", [
    pytest.param({"src/base/a.h": H, "src/base/b.cc": '#include "kernel/k.h"\n', "src/kernel/k.h": H},
                 "base may not include kernel", id="layer order"),
    pytest.param({"src/data/sql/s.h": H, "src/kernel/k.cc": '#include "data/sql/s.h"\n'},
                 "kernel may not include data", id="layer order across two layers"),
    pytest.param({"src/attic/a.cc": '#include "attic/a.h"\n', "src/attic/a.h": H}, "not a layer", id="unknown layer"),
    pytest.param({"src/base/a.cc": '#include "nowhere.h"\n'}, "not a file under src/", id="relative include"),
    pytest.param({"src/base/db/d.h": H, "src/kernel/k.cc": '#include "base/db/d.h"\n'}, "kernel is pure", id="pure kernel"),
    pytest.param({"src/data/a/x.h": H + '#include "data/b/y.h"\n', "src/data/b/y.h": H,
                  "src/data/b/y.cc": '#include "data/a/x.h"\n'}, "ring between data/a and data/b", id="ring of two"),
    pytest.param({"src/data/a/x.h": H + '#include "data/b/y.h"\n', "src/data/b/y.h": H + '#include "data/c/z.h"\n',
                  "src/data/c/z.h": H + '#include "data/a/x.h"\n'}, "ring between data/a and data/b and data/c",
                 id="ring of three"),
    pytest.param({"src/data/a/x.h": H + '#include "data/a/in/y.h"\n', "src/data/a/in/y.h": H}, "includes its child",
                 id="parent includes child"),
    pytest.param({"src/data/a/x_internal.h": H, "src/data/b/y.cc": '#include "data/a/x_internal.h"\n'}, "is private to data/a",
                 id="private header"),
    pytest.param({"src/base/testing/t.h": H, "src/base/a.cc": '#include "base/testing/t.h"\n'}, "test support", id="test support"),
    pytest.param({"src/model/a.cc": "#include <sqlite3.h>\n"}, "belongs to src/base/db", id="sqlite"),
    pytest.param({"src/data/sql/a.cc": "#include <duckdb.hpp>\n"}, "belongs to src/data/sql/duckdb", id="duckdb"),
    pytest.param({"src/model/scoring/a.cc": "#include <xgboost/c_api.h>\n"}, "belongs to src/model/training", id="xgboost"),
    pytest.param({"src/app/a.cc": "#include <yaml-cpp/yaml.h>\n"}, "use base/yaml.h", id="yaml"),
    pytest.param({"src/app/a.cc": "#include <spdlog/spdlog.h>\n"}, "use base/log.h", id="spdlog"),
    pytest.param({"src/app/a.cc": "#include <nlohmann/json.hpp>\n"}, "use base/json.h", id="nlohmann"),
    pytest.param({"src/kernel/a.cc": "#include <arrow/api.h>\n"}, "know no Arrow", id="no arrow in the kernel"),
    pytest.param({"src/data/a.cc": "#include <unistd.h>\n"}, "faults can be injected", id="posix"),
    pytest.param({"src/base/a.cc": "#include <eigen/dense.h>\n"}, "has no adapter yet", id="unknown library"),
    pytest.param({"src/data/a.h": H + "arrow::Result<int> f();\n"}, "stay in a .cc", id="arrow result in a header"),
    pytest.param({"src/data/arrow/status.h": H, "src/data/a.h": H + '#include "data/arrow/status.h"\n'}, "for .cc files only",
                 id="bridge header in a header"),
    pytest.param({"src/data/a.cc": "void f() { throw 1; }\n"}, "return Fail", id="throw"),
    pytest.param({"src/data/a.cc": "void f() { std::cout << 1; }\n"}, "base/log.h", id="cout"),
    pytest.param({"src/data/a.cc": 'void f() { printf("x"); }\n'}, "fmt::format", id="printf"),
    pytest.param({"src/data/a.cc": "auto p = new Thing();\n"}, "make_unique", id="new"),
    pytest.param({"src/data/a.cc": "void f(T* p) { delete p; }\n"}, "unique_ptr", id="delete"),
    pytest.param({"src/data/a.cc": "std::regex r;\n"}, "by hand", id="regex"),
    pytest.param({"src/data/a.cc": "auto t = std::chrono::system_clock::now();\n"}, "Environment::clock", id="wall clock"),
    pytest.param({"src/data/a.cc": "int x = rand();\n"}, "Environment::random", id="rand"),
    pytest.param({"src/data/a.cc": "void f() { std::this_thread::sleep_for(t); }\n"}, "condition", id="sleep"),
    pytest.param({"src/data/a.cc": 'auto x = std::getenv("HOME");\n'}, "app passes down", id="getenv"),
    pytest.param({"src/data/a.h": H + "using namespace std;\n"}, "name what you use", id="using namespace"),
    pytest.param({"src/data/a_test.cc": "TEST(A, B) { GTEST_SKIP(); }\n"}, "nothing may be skipped", id="skipped test"),
    pytest.param({"src/data/a.cc": "void f() { try { g(); } catch (...) {} }\n"}, "turn it into an Error", id="swallowed"),
    pytest.param({"src/data/a.cc": "void f() {\n  try {\n    g();\n  } catch (const std::exception&) {\n  }\n}\n"},
                 "turn it into an Error", id="swallowed over lines"),
    pytest.param({"src/data/a.cc": "std::ofstream out(path);\n"}, "Environment::fs", id="stream past the seam"),
    pytest.param({"src/data/a.cc": "std::filesystem::remove_all(path);\n"}, "Environment::fs", id="removal past the seam"),
    pytest.param({"src/data/a.cc": "auto f = arrow::io::FileOutputStream::Open(p);\n"}, "Environment::fs", id="arrow's files"),
    pytest.param({"src/data/a.cc": "auto t = std::time(nullptr);\n"}, "Environment::clock", id="std::time"),
    pytest.param({"src/data/a.cc": "auto t = std::chrono::utc_clock::now();\n"}, "Environment::clock", id="utc clock"),
    pytest.param({"src/data/a.cc": 'void f() { ::printf("x"); }\n'}, "fmt::format", id="global printf"),
    pytest.param({"src/data/a.cc": 'void f() { fmt::print("x"); }\n'}, "base/log.h", id="fmt::print"),
    pytest.param({"src/data/a.cc": "void f() { std::exit(1); }\n"}, "return an Error", id="exit"),
    pytest.param({"src/data/a.cpp": "int x;\n"}, "would not be read", id="another suffix"),
    pytest.param({"src/data/a.h": "int f();\n"}, "without #pragma once", id="no pragma once"),
    pytest.param({"src/data/TableThing.h": H}, "snake_case", id="camel case"),
    pytest.param({"src/data/a.cc": "A::A(int a) : a_{a}, b_{1} {\n" + "a++;\n" * 80 + "}\n"}, "A() has", id="long constructor"),
    pytest.param({"src/data/a.cc": "int f(T t = {}) {\n" + "a++;\n" * 80 + "}\n"}, "f() has", id="long with a default"),
    pytest.param({"src/data/string_utils.cc": "int x;\n"}, "says nothing", id="utils"),
    pytest.param({"src/data/a.cc": "int x;\n" * 401}, "at most 400", id="file length"),
    pytest.param({"src/data/a.cc": "namespace m {\nint f(int a) {\n" + "a++;\n" * 70 + "return a;\n}\n}\n"},
                 "f() has 73 lines, at most 70", id="function length"),
    pytest.param({"build/x.o": ""}, "build output", id="object file"),
    pytest.param({"src/__pycache__/x.txt": ""}, "build output", id="cache folder"),
    pytest.param({"README.md": "[here](docs/none.md)\n"}, "leads nowhere", id="dead link"),
])
def test_refuses(tree, files, words):
    findings = tree(files)
    assert any(words in finding for finding in findings), findings


def test_source_without_a_target(tree):
    assert any("belongs to no target" in f for f in tree({"src/data/a.cc": "int x;\n"}, targets=False))


@pytest.mark.parametrize("files", [
    pytest.param({"src/base/a.h": H, "src/app/m.cc": '#include "base/a.h"\n'}, id="downwards"),
    pytest.param({"src/data/a/x.h": H, "src/data/a/in/y.h": H + '#include "data/a/x.h"\n'}, id="child includes parent"),
    pytest.param({"src/data/register.cc": '#include "data/a/x.h"\n#include "data/b/y.h"\n', "src/data/a/x.h": H,
                  "src/data/b/y.h": H}, id="register wires children"),
    pytest.param({"src/data/a/x_test.cc": '#include "data/b/y.h"\n', "src/data/a/x.h": H,
                  "src/data/b/y.h": H + '#include "data/a/x.h"\n'}, id="a test is no ring"),
    pytest.param({"src/base/db/s.cc": "#include <sqlite3.h>\n"}, id="adapter at home"),
    pytest.param({"src/data/a.cc": '// throw new system_clock\nconst char* s = "printf(throw)";\n/* rand() */\n'},
                 id="words in comments and strings"),
    pytest.param({"src/data/a.cc": 'auto s = R"sql(\nthrow new rand()\n)sql";\n'}, id="words in raw strings"),
    pytest.param({"src/data/a.cc": "return std::unique_ptr<T>(new T(1));\nreturn std::unique_ptr<T>(\n    new T(1));\n"},
                 id="private constructor"),
    pytest.param({"src/data/a.h": H + "struct A { A(const A&) = delete; };\n"}, id="deleted member"),
    pytest.param({"src/data/a.cc": "fmt::format(x); auto s = snprintf_free(1); row.printf(1);\n"}, id="names that look alike"),
    pytest.param({"src/data/a.cc": "class A {\n" + "  int f() { return 1; }\n" * 90 + "};\n"}, id="a long class"),
    pytest.param({"src/data/a.cc": 'Text f() {\n  return R"(' + "select 1\n" * 90 + ')";\n}\n'}, id="a function that is text"),
    pytest.param({"src/data/a.cc": "constexpr auto kAll = std::to_array<F>({\n" + '    {"x", f(1)},\n' * 90 + "});\n"}, id="a long table"),
    pytest.param({"src/base/testing/t.h": H, "src/data/a_test_project.h": H + '#include "base/testing/t.h"\n#include <gtest/gtest.h>\n',
                  "src/data/a_test.cc": '#include "data/a_test_project.h"\n'}, id="a header that tests share"),
    pytest.param({"README.md": "[a](#top) [b](https://example.org) `[c](none.md)`\n"}, id="links elsewhere"),
])
def test_lets_pass(tree, files):
    assert tree(files) == []


def test_source_listed_below_its_layer(tree):
    assert tree({"src/data/sql/a.cc": "int x;\n", "src/data/sql/CMakeLists.txt": "target_sources(mp_data PRIVATE a.cc)"},
                targets=False) == []


def test_baseline_only_shrinks(tree):
    long_file = "int x;\n" * 410
    assert tree({"src/data/a.cc": long_file, "tools/tidy-baseline.txt": "410 src/data/a.cc\n"}) == []
    assert any("grew from 405 to 410" in f for f in tree({"tools/tidy-baseline.txt": "405 src/data/a.cc\n"}))
    assert any("--shrink" in f for f in tree({"tools/tidy-baseline.txt": "450 src/data/a.cc\n"}))


def test_line_numbers_survive_comments(tree):
    findings = tree({"src/data/a.cc": '/* one\ntwo */\nauto s = R"(\n\n)";\nvoid f() { throw 1; }\n'})
    assert findings == ["src/data/a.cc:6: throw: return Fail(kind, …); exceptions stay inside one adapter file"]


def test_architecture_shows_the_same_edges():
    import tidy_rules
    assert tidy_rules.edges_table() in (ROOT / "ARCHITECTURE.md").read_text()


def test_this_repository():
    assert tidy.Tidy(ROOT).run() == []
