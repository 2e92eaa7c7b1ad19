#!/usr/bin/env -S python3 -B
"""What the documentation names is there. check_docs.py [--root DIR]

In every *.md: relative links lead to a file (and to a heading, with #…); paths in `code` that start with one of our
folders, or that are a source file's name, exist. Every module of src has a README.md. Names with <, …, $ or {{ are
taken for placeholders, and build/ for something that is made later. Commands are run by docs_commands.py.
"""
import fnmatch
import re
import sys

import source_tree

FOLDERS = ("src/", "tools/", "docs/", "bench/", "examples/", "tests/", "cmake/", "assets/", "third_party/", "web/",
           ".ci/")
MADE_LATER = ("build/", "third_party/build/", "third_party/node_modules/")
NOT_OURS = {"llama.h", "ggml.h", "gguf.h", "mtmd.h", "duckdb.h"}
SOURCE_NAME = re.compile(r"^[\w./{},*-]*\w\.(h|cc|py|sh|md|cmake|supp)$")
SOURCE_NAME_WITH_BRACES = re.compile(r"^[\w./*-]+\.\{[\w,]+\}$")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)


def slug(heading):
    """The anchor that a Markdown viewer gives a heading."""
    heading = re.sub(r"[`*]", "", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")


def anchors(text):
    return {slug(match) for match in re.findall(r"^#{1,6}\s+(.*)$", FENCE.sub("", text), re.MULTILINE)}


def expand_braces(name):
    match = re.search(r"\{([^{}]*)\}", name)
    if not match:
        return [name]
    return [one for option in match.group(1).split(",")
            for one in expand_braces(name[:match.start()] + option + name[match.end():])]


def check_link(root, path, target, text):
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None
    name, _, anchor = target.partition("#")
    file = (root / path).parent / name if name else root / path
    if not file.exists():
        return f"{path}: the link to {target} leads nowhere"
    if anchor and file.suffix == ".md":
        there = text if not name else file.read_text(encoding="utf-8")
        if anchor not in anchors(there):
            return f"{path}: {name or 'this page'} has no heading for #{anchor}"
    return None


def exists(root, path, name, names):
    here = (root / path).parent
    if any(char in name for char in "*?"):
        return any(fnmatch.fnmatch(one, name) or fnmatch.fnmatch(one, "*/" + name) for one in names)
    return (root / name).exists() or (here / name).exists() or any(one.endswith("/" + name) for one in names)


def check_page(root, path, names):
    text = source_tree.read(root, path)
    prose = FENCE.sub("", text)
    for target in LINK.findall(prose):
        problem = check_link(root, path, target, text)
        if problem:
            yield problem
    for code in re.findall(r"`([^`\n]+)`", prose):
        for word in code.split():
            word = word.rstrip(".,;:")
            if re.search(r"[<>…$]|\{\{|\.\.\.|://", word) or word.startswith(MADE_LATER) or word.startswith("../"):
                continue
            if word in NOT_OURS:
                continue
            looks_like_path = (word.startswith(FOLDERS) or SOURCE_NAME.match(word)
                               or SOURCE_NAME_WITH_BRACES.match(word)) and not word.startswith(("-", "/", "~"))
            if looks_like_path:
                for one in expand_braces(word.split("#")[0]):
                    if not exists(root, path, one, names):
                        yield f"{path}: `{one}` does not exist"


def main():
    root = source_tree.root_argument(sys.argv)
    findings = []
    names = [str(path) for path in source_tree.files(root)]
    for path in source_tree.files(root, None, {".md"}):
        findings += check_page(root, path, names)
    for path in source_tree.files(root, ["src"]):
        if path.name == "CMakeLists.txt" and "zubr_module(" in source_tree.read(root, path):
            if not (root / path.parent / "README.md").exists():
                findings.append(f"{path.parent} has no README.md")
    source_tree.finish("check_docs", findings)


if __name__ == "__main__":
    main()
