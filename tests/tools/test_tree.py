"""What lies in the tree is named where people and machines look for it."""
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_file_is_run():
    lists = "".join(path.read_text() for path in (ROOT / "tests").rglob("CMakeLists.txt"))
    files = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "python/tests").rglob("test_*.py")]
    assert len(files) > 5 and [f.name for f in files if f.name not in lists] == []


def test_every_decision_is_in_the_index():
    index = (ROOT / "docs/decisions/README.md").read_text()
    papers = sorted(p.name for p in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert papers and [name for name in papers if name not in index] == []
    numbers = [name[:3] for name in papers]
    assert len(set(numbers)) == len(numbers), "two papers have one number"


def test_every_page_is_in_the_table_of_contents():
    contents = (ROOT / "docs/README.md").read_text()
    pages = [p.relative_to(ROOT / "docs").as_posix() for p in (ROOT / "docs").rglob("*.md")
             if p.name != "README.md" and p.parent.name != "decisions"]
    assert [page for page in sorted(pages) if page not in contents] == []


def test_every_layer_has_its_readme():
    for layer in (path for path in (ROOT / "src").iterdir() if path.is_dir()):
        text = (layer / "README.md").read_text()
        assert text.startswith(f"# {layer.name}: ") and "What may not enter" in text


def test_make_help_names_every_target():
    makefile = (ROOT / "Makefile").read_text()
    shown = subprocess.run(["make", "-s", "-C", str(ROOT), "help"], check=True, capture_output=True, text=True).stdout
    for target in re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE):
        assert f"make {target} " in shown


def test_packages_are_listed_once():
    names = [line.split()[0] for line in (ROOT / "tools/packages.txt").read_text().splitlines() if line and line[0] != "#"]
    assert len(names) == len(set(names)) > 10


def test_no_machine_path_and_no_registry_host():
    """The tree works on any machine: no absolute path of one, no address of a package index."""
    listed = subprocess.run(["git", "-C", str(ROOT), "grep", "-nIE", r"(/home|/root|/work)/[a-z]|https?://[a-z.]*(pypi|npmjs|registry)[a-z.]*",
                             "--", ":!tests/long", ":!tests/tools", ":!*.lock", ":!tests/golden", ":!tools/requirements-test.lock"], capture_output=True, text=True)
    assert listed.stdout == ""


def test_pages_that_the_code_names_exist():
    found = subprocess.run(["git", "-C", str(ROOT), "grep", "-hoE", r"docs/[a-zA-Z0-9_/-]+\.md", "--", "src", "python", "tools", "cmake",
                            "CMakeLists.txt"], capture_output=True, text=True).stdout.split()
    assert [page for page in sorted(set(found)) if not (ROOT / page).is_file()] == []


def test_every_source_has_the_one_format():
    formatter = ROOT / ".deps/clang-format/clang_format/data/bin/clang-format"
    sources = subprocess.run(["git", "-C", str(ROOT), "ls-files", "src", "python", "tests", "bench"], check=True,
                             capture_output=True, text=True).stdout.split()
    sources = [name for name in sources if name.endswith((".h", ".cc")) and (ROOT / name).exists()]
    done = subprocess.run([formatter, "--dry-run", "--Werror", *sources], cwd=ROOT, capture_output=True, text=True)
    assert len(sources) > 300 and done.returncode == 0, f"run tools/check --fix --all\n{done.stderr[:2000]}"
