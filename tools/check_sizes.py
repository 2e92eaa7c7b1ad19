#!/usr/bin/env -S python3 -B
"""Files of at most 600 lines, functions of at most 80, lines of at most 120 characters. check_sizes.py [--root DIR]

C++ functions are found by their braces: a body at namespace or class level whose head has a parameter list. A lambda
belongs to the function around it.
"""
import ast
import re
import sys

import source_tree

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 80
MAX_COLUMNS = 120
SUFFIXES = {".h", ".cc", ".py", ".sh", ".cmake", ".ts", ".tsx"}
SCOPE_HEAD = re.compile(r"^(template\s*<.*>\s*)?(inline\s+)?(namespace|class|struct|union|extern\s*\"\")\b")
ACCESS = re.compile(r"^((public|private|protected)\s*:\s*)+")
MEMBER_HEAD = re.compile(r"\)\s*(noexcept\s*)?:[^;]*[\w>]$")


def cpp_functions(text):
    """Yields (first line, last line, name) of every outermost function body."""
    text = source_tree.blank_cpp(text)
    stack = []  # what each open brace is: "scope", "function", "data" or "member" (a: b_{1}, before a body)
    head_start, line = 0, 1
    function = None  # (depth, first line, name) of the one we are in
    for index, char in enumerate(text):
        if char == "\n":
            line += 1
        elif char == "{":
            head = ACCESS.sub("", text[head_start:index].strip())
            kind = classify_brace(head, stack[-1] if stack else "scope")
            stack.append(kind)
            if kind == "function" and function is None:
                function = (len(stack), line - head.count("\n"), name_of(head))
            if kind != "member":
                head_start = index + 1
        elif char == "}" and stack:
            if function and function[0] == len(stack):
                yield function[1], line, function[2]
                function = None
            if stack.pop() != "member":
                head_start = index + 1
        elif char == ";" and function is None:
            head_start = index + 1


def classify_brace(head, parent):
    if parent != "scope":
        return parent
    if SCOPE_HEAD.match(head) and not re.search(r"\)\s*(const|noexcept|override)?\s*$", head):
        return "scope"
    if re.match(r"^enum\b", head) or "(" not in head:
        return "data"
    return "member" if MEMBER_HEAD.search(head) else "function"


def name_of(head):
    match = re.search(r"([\w:~]+|operator\S+)\s*\(([^()]*)", head)
    if not match:
        return "?"
    return f"{match.group(1)}({match.group(2).strip()})" if match.group(1).startswith("TEST") else match.group(1)


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno, node.name


def main():
    root = source_tree.root_argument(sys.argv)
    findings = []
    for path in source_tree.files(root, source_tree.CODE_FOLDERS, SUFFIXES):
        text = source_tree.read(root, path)
        lines = text.splitlines()
        if len(lines) > MAX_FILE_LINES:
            findings.append(f"{path}: {len(lines)} lines, at most {MAX_FILE_LINES}: it wants to be two files")
        for number, line in enumerate(lines, start=1):
            if len(line) > MAX_COLUMNS:
                findings.append(f"{path}:{number}: {len(line)} columns, at most {MAX_COLUMNS}")
        functions = {".py": python_functions, ".h": cpp_functions, ".cc": cpp_functions}.get(path.suffix)
        for first, last, name in functions(text) if functions else ():
            if last - first + 1 > MAX_FUNCTION_LINES:
                findings.append(f"{path}:{first}: {name} has {last - first + 1} lines, at most {MAX_FUNCTION_LINES}")
    source_tree.finish("check_sizes", findings)


if __name__ == "__main__":
    main()
