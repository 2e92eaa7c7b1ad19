#!/usr/bin/env -S python3 -B
"""Every check finds what it is for, and nothing where there is nothing. checks_test.py CHECK

Writes small trees, runs the check on each and compares the exit code and what it says.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
FENCE = "`" * 3
LAYERS = {
    "src/core/CMakeLists.txt": "zubr_module(core LAYER 0\n  SOURCES\n    error.cc\n  LIBRARIES spdlog::spdlog)\n",
    "src/formats/CMakeLists.txt": "zubr_module(formats LAYER 1 SOURCES a.cc DEPENDS core)\n",
    "src/net/CMakeLists.txt": "zubr_module(net LAYER 1 SOURCES a.cc DEPENDS core)\n",
    "src/engine/CMakeLists.txt": "zubr_module(engine LAYER 3 SOURCES a.cc DEPENDS formats LIBRARIES llama::llama)\n",
    "src/core/error.h": "#pragma once\n", "src/formats/spool.h": "#pragma once\n", "src/net/http.h": "#pragma once\n",
    "src/engine/engine.h": "#pragma once\n",
}


def page(command, *printed, options=""):
    return "\n".join([f"{FENCE}sh run{options}", "$ " + command, *printed, FENCE, ""])


# check → [(what, files, exit code, text that must be said)]
CASES = {
    "check_layers": [
        ("downward includes", {**LAYERS, "src/engine/a.cc": '#include "formats/spool.h"\n#include "core/error.h"\n'}, 0,
         ""),
        ("upward", {**LAYERS, "src/formats/a.cc": '#include "engine/engine.h"\n'}, 1, "point down only"),
        ("sideways", {**LAYERS, "src/formats/a.cc": '#include "net/http.h"\n'}, 1, "point down only"),
        ("not declared", {**LAYERS, "src/engine/a.cc": '#include "net/http.h"\n'}, 1, "does not list net in DEPENDS"),
        ("relative", {**LAYERS, "src/core/a.cc": '#include "error.h"\n'}, 1, "write the path from src/"),
        ("llama.h in its folder", {**LAYERS, "src/engine/llama/a.h": "#include <llama.h>\n"}, 0, ""),
        ("llama.h elsewhere", {**LAYERS, "src/engine/a.cc": '#include "llama.h"\n'}, 1, "llama.cpp stays in"),
        ("duckdb.h elsewhere", {**LAYERS, "src/formats/a.cc": "#include <duckdb.h>\n"}, 1, "DuckDB stays in"),
        ("CLI11 elsewhere", {**LAYERS, "src/engine/a.cc": "#include <CLI/CLI.hpp>\n"}, 1, "CLI11 stays in"),
        ("JSON in a header", {**LAYERS, "src/core/a.h": "#include <boost/json.hpp>\n"}, 1, "shows no library"),
        ("JSON in a source", {**LAYERS, "src/core/a.cc": "#include <boost/json.hpp>\n"}, 0, ""),
        ("commented out", {**LAYERS, "src/formats/a.cc": '// #include "engine/engine.h"\n'}, 0, ""),
    ],
    "check_sizes": [
        ("a file of 600", {"src/a.cc": "int a;\n" * 600}, 0, ""),
        ("a file of 601", {"src/a.cc": "int a;\n" * 601}, 1, "601 lines"),
        ("a function of 80", {"src/a.cc": "void f() {\n" + "  g();\n" * 78 + "}\n"}, 0, ""),
        ("a function of 81", {"src/a.cc": "void f() {\n" + "  g();\n" * 79 + "}\n"}, 1, "f has 81 lines"),
        ("a long method in a class in a namespace",
         {"src/a.h": "namespace a {\nclass B : public C {\n public:\n  int f(int x) const override {\n"
          + "    if (x) {\n      g('}');\n    }\n" * 27 + "  }\n};\n}\n"}, 1, "src/a.h:4: f has 83 lines"),
        ("a long namespace of short functions",
         {"src/a.cc": "namespace {\n" + "int f() {\n  return 1;\n}\n" * 60 + "}\n"}, 0, ""),
        ("a brace in a comment, a string and a raw string",
         {"src/a.cc": 'int f() {\n  // {\n  g("{", R"x({{{)x");\n}\n' + "int a;\n" * 100 + "int h() {\n}\n"}, 0, ""),
        ("a long table", {"src/a.cc": "const T kTable[] = {\n" + '    {"a", f(1)},\n' * 100 + "};\n"}, 0, ""),
        ("a long test", {"src/a.cc": "TEST(A, B) {\n" + "  g();\n" * 80 + "}\n"}, 1, "TEST(A, B) has 82 lines"),
        ("a long constructor", {"src/a.cc": "A::A(int b)\n    : b_{b} {\n" + "  g();\n" * 80 + "}\n"}, 1, "83 lines"),
        ("a long Python function", {"tools/a.py": "def f():\n" + "    g()\n" * 80}, 1, "f has 81 lines"),
        ("120 columns of two-byte letters", {"src/a.cc": "// " + "ł" * 117 + "\n"}, 0, ""),
        ("121 columns", {"src/a.cc": "// " + "x" * 118 + "\n"}, 1, "121 columns"),
    ],
    "check_names": [
        ("plain names", {"src/core/error.h": "", "docs/a.md": "all done\n"}, 0, ""),
        ("a drawer file", {"src/core/string_utils.h": ""}, 1, "'utils' says nothing"),
        ("a drawer folder", {"src/common/error.h": ""}, 1, "'common' says nothing"),
        ("a note", {"src/core/error.h": "// TO" + "DO: later\n"}, 1, "unfinished"),
        ("what is made", {"build/string_utils.h": "FIX" + "ME"}, 0, ""),
    ],
    "check_docs": [
        ("what exists", {"README.md": "# A b\n[x](docs/a.md#some-part) `src/core/error.h` `error.{h,cc}` [y](#a-b)\n",
                         "docs/a.md": "## Some part\n`src/<module>/x.h` `build/x.cc` `tools/*.sh`\n", "tools/a.sh": "",
                         "src/core/error.h": "", "src/core/error.cc": ""}, 0, ""),
        ("a dead link", {"README.md": "[x](docs/b.md)\n"}, 1, "docs/b.md leads nowhere"),
        ("a dead anchor", {"README.md": "[x](#nothing)\n"}, 1, "no heading for #nothing"),
        ("a dead path", {"README.md": "see `src/core/gone.h`\n"}, 1, "`src/core/gone.h` does not exist"),
        ("a dead file name", {"src/README.md": "see `gone.h`\n"}, 1, "`gone.h` does not exist"),
        ("a module without a README", {"src/core/CMakeLists.txt": "zubr_module(core LAYER 0)"}, 1, "no README.md"),
    ],
    "docs_commands": [
        ("the shape shown", {"README.md": page("printf '12 rows, 3.5/s\\nall\\n'", "9 rows, 10,000.25/s", "…")}, 0, ""),
        ("any lines between", {"README.md": page("seq 9", "1", "…", "9")}, 0, ""),
        ("another word", {"README.md": page("echo 12 rows", "12 lines")}, 1, "expected 12 lines"),
        ("a line more", {"README.md": page("printf 'a\\nb\\n'", "a")}, 1, "expected nothing more"),
        ("a line less", {"README.md": page("echo a", "a", "b")}, 1, "expected b"),
        ("a failure", {"README.md": page("false")}, 1, "exit code 1"),
        ("an expected failure", {"README.md": page("exit 3", options=" exit=3")}, 0, "1 blocks ran"),
        ("a file written", {"README.md": page("echo a > out.txt && ls", "README.md", "out.txt")}, 0, ""),
        ("not marked", {"README.md": f"{FENCE}sh\n$ false\n{FENCE}\n"}, 0, "0 blocks ran"),
        ("an option not known", {"README.md": page("true", options=" often")}, 1, "unknown option often"),
    ],
}


def main():
    check = sys.argv[1]
    failures = 0
    for what, files, code, said in CASES[check]:
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, "-B", str(TOOLS / f"{check}.py"), "--root", root],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
            if done.returncode != code or said not in done.stdout:
                failures += 1
                print(f"{check}: {what}: exit code {done.returncode}, wanted {code} and '{said}'\n{done.stdout}")
            if Path(root, "out.txt").exists():
                failures += 1
                print(f"{check}: {what}: wrote into the repository")
    print(f"{check}: {len(CASES[check])} cases, {failures} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
