#!/usr/bin/env -S python3 -B
"""Includes point down. check_layers.py [--root DIR]

A file of src/<module> may include its own module and modules of a lower layer that its CMakeLists.txt lists (itself or
through another module); the layers are those that src/*/CMakeLists.txt declare. Libraries stay in the folder made for
them, and out of the headers that other modules see.
"""
import re
import sys

import source_tree

# Header (as written in the include) → where it may be included. Paths are prefixes.
LIBRARIES = [
    (r"ggml.*\.h$", "ggml", ["src/engine/llama/", "src/engine/onednn/"]),
    (r"(llama|llama-cpp|gguf|mtmd.*)\.h$", "llama.cpp", ["src/engine/llama/"]),
    (r"dnnl\.h(pp)?$", "oneDNN", ["src/engine/onednn/"]),
    (r"(common|chat|sampling|json-schema-to-grammar|log|arg|download|speculative)\.h$|nlohmann/", "llama-common",
     ["src/engine/llama/"]),
    (r"duckdb\.(h|hpp)$", "DuckDB", ["src/formats/duckdb/"]),
    (r"CLI/", "CLI11", ["src/cli/", "src/app/"]),
    (r"boost/(asio|beast)", "Boost.Asio/Beast", ["src/server/", "src/net/"]),
    (r"toml(\+\+|plusplus)", "toml++", ["src/core/"]),
    (r"soci/|sqlite3\.h$", "SQLite", ["src/storage/"]),
    (r"nats/", "NATS", ["src/net/"]),
    (r"torch/", "libtorch", ["src/train/torch/"]),
]
# Not in src/<module>/*.h: other modules would inherit them.
NOT_IN_PUBLIC_HEADERS = (r"boost/|nlohmann/|curl/|toml(\+\+|plusplus)|duckdb|(llama|ggml|gguf)[^/]*\.h$|torch/"
                         r"|soci/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
MODULE = re.compile(r"zubr_module\(\s*(\w+)\s+LAYER\s+(\d+)(.*?)\)", re.DOTALL)


def read_modules(root):
    """module → (layer, everything it may include, itself too)."""
    layers, direct = {}, {}
    for path in source_tree.files(root, ["src"]):
        if path.name != "CMakeLists.txt":
            continue
        for name, layer, rest in MODULE.findall(re.sub(r"#[^\n]*", "", source_tree.read(root, path))):
            depends = re.search(r"\bDEPENDS\b(.*?)(?:\bLIBRARIES\b|\bSOURCES\b|$)", rest, re.DOTALL)
            layers[name] = int(layer)
            direct[name] = depends.group(1).split() if depends else []

    def reach(name, seen):
        for dependency in direct.get(name, []):
            if dependency not in seen:
                seen.add(dependency)
                reach(dependency, seen)
        return seen
    return layers, {name: reach(name, {name}) for name in layers}


def check_module_include(path, header, layers, reachable, root):
    module, target = path.parts[1], header.split("/")[0]
    if (root / path).parent.joinpath(header).exists() and not (root / "src" / header).exists():
        return f'includes "{header}" relative to itself; write the path from src/'
    if target not in layers or target == module:
        return None
    if module not in layers:
        return f"is in {module}, which no zubr_module() declares"
    if layers[target] >= layers[module]:
        return f"(layer {layers[module]}) includes {header} (layer {layers[target]}): includes point down only"
    if not path.stem.endswith("_test") and target not in reachable[module]:
        return f"includes {header}, but {module} does not list {target} in DEPENDS"
    return None


def main():
    root = source_tree.root_argument(sys.argv)
    layers, reachable = read_modules(root)
    findings = []
    for path in source_tree.files(root, ["src"], {".h", ".cc"}):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", source_tree.read(root, path), flags=re.DOTALL)
        public = path.suffix == ".h" and len(path.parts) == 3
        for _, header in INCLUDE.findall(text):
            problem = check_module_include(path, header, layers, reachable, root)
            if problem:
                findings.append(f"{path} {problem}")
            if (root / "src" / header).exists():
                continue
            for pattern, library, allowed in LIBRARIES:
                if re.match(pattern, header) and not any(str(path).startswith(prefix) for prefix in allowed):
                    findings.append(f"{path} includes {header}: {library} stays in {', '.join(allowed)}")
            if public and re.match(NOT_IN_PUBLIC_HEADERS, header):
                findings.append(f"{path} includes {header}: a module's header shows no library")
    source_tree.finish("check_layers", findings)


if __name__ == "__main__":
    main()
