#!/usr/bin/env -S python3 -B
"""Runs the commands of the documentation and compares what they print. docs_commands.py [--root DIR] [PAGE.md…]

A block that is to be run is fenced with ```sh run. In it, `$ ` starts a command (`\\` at a line's end goes on) and the
lines below, up to the next command, are what it prints, stdout and stderr together. Compared is the shape: every run of
digits stands for any number, `…` in a line for anything, `…` alone for any lines, white space for white space. Without
such lines only the exit code counts. After `run`: `exit=N` for another exit code than 0, `needs=model` where a model is
needed (ZUBR_MODEL, else the test model of ZUBR_TEST_DATA or ../shared/data; without one the block is skipped).

Commands run in a scratch folder that looks like the repository's root, so what they write is gone afterwards, with
`zubr` (ZUBR_BINARY) in the PATH and an empty ZUBR_HOME. Exit code 77: blocks were skipped and nothing failed.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import source_tree

BLOCK = re.compile(r"^```sh run(?P<options>[^\n]*)\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
TIMEOUT_S = 120
SKIPPED = 77


def parse_block(body):
    """[(command, [expected line…])…]"""
    steps = []
    continued = False
    for line in body.splitlines():
        if line.startswith("$ ") or continued:
            text = line if continued else line[2:]
            if continued:
                steps[-1][0] += "\n" + text
            else:
                steps.append([text, []])
            continued = text.endswith("\\")
        elif steps:
            steps[-1][1].append(line.rstrip())
    for step in steps:
        while step[1] and not step[1][-1]:
            step[1].pop()
    return steps


def line_pattern(line):
    """A regular expression for a shown line, its end included."""
    if line.strip() == "…":
        return r"(?:.*\n)*?"
    pattern = ""
    for piece in re.findall(r"…|\d+(?:[.,]\d+)*|\s+|[^…\d\s]+", line.strip()):
        if piece == "…":
            pattern += ".*"
        elif piece[0].isdigit():
            pattern += r"\d+(?:[.,]\d+)*"
        else:
            pattern += r"[ \t]+" if piece.isspace() else re.escape(piece)
    return r"[ \t]*" + pattern + r"[ \t]*\n"


def find_mismatch(expected, printed):
    """The first expected line that did not come, or None."""
    text = "".join(line + "\n" for line in printed)
    patterns = [line_pattern(line) for line in expected]
    if not expected or re.fullmatch("".join(patterns), text):
        return None
    for count, line in enumerate(expected, start=1):
        if not re.match("".join(patterns[:count]), text):
            return line
    return "nothing more"


def find_model(root):
    if os.environ.get("ZUBR_MODEL"):
        return os.environ["ZUBR_MODEL"]
    data = Path(os.environ.get("ZUBR_TEST_DATA") or root.parent / "shared" / "data")
    model = data / "models" / "tinytalk-3m-q4_0.gguf"
    return str(model.resolve()) if model.exists() else None


def run_block(page, match, root, environment):
    """(findings, skipped) of one block."""
    options = dict(option.partition("=")[::2] for option in match.group("options").split())
    unknown = set(options) - {"exit", "needs"}
    line = source_tree.read(root, page)[:match.start()].count("\n") + 1
    if unknown:
        return [f"{page}:{line}: unknown option {', '.join(sorted(unknown))}"], 0
    if options.get("needs") == "model" and "ZUBR_MODEL" not in environment:
        print(f"docs_commands: {page}:{line} skipped: no model (set ZUBR_MODEL or ZUBR_TEST_DATA)")
        return [], 1
    with tempfile.TemporaryDirectory() as scratch:
        for entry in root.iterdir():
            if entry.name != ".git":
                Path(scratch, entry.name).symlink_to(entry)
        environment = dict(environment, ZUBR_HOME=str(Path(scratch, ".zubr-home")))
        for command, expected in parse_block(match.group("body")):
            try:
                done = subprocess.run(["bash", "-c", command], cwd=scratch, env=environment, timeout=TIMEOUT_S,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            except subprocess.TimeoutExpired:
                return [f"{page}:{line}: not done after {TIMEOUT_S} s: {command}"], 0
            printed = done.stdout.decode("utf-8", "replace").rstrip().splitlines()
            shown = "\n    ".join([f"$ {command}"] + printed[-40:])
            if done.returncode != int(options.get("exit", 0)):
                return [f"{page}:{line}: exit code {done.returncode}, not {options.get('exit', 0)}\n    {shown}"], 0
            missing = find_mismatch(expected, printed)
            if missing is not None:
                return [f"{page}:{line}: expected {missing.strip()}\n    {shown}"], 0
    return [], 0


def main():
    root = source_tree.root_argument(sys.argv)
    pages = [Path(argument) for argument in sys.argv[1:] if argument.endswith(".md")]
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    if environment.get("ZUBR_BINARY"):
        environment["PATH"] = f"{Path(environment['ZUBR_BINARY']).resolve().parent}:{environment['PATH']}"
    model = find_model(root)
    if model:
        environment["ZUBR_MODEL"] = model
    findings, ran, skipped = [], 0, 0
    for page in pages or source_tree.files(root, None, {".md"}):
        for match in BLOCK.finditer(source_tree.read(root, page)):
            problems, skips = run_block(page, match, root, environment)
            findings += problems
            skipped += skips
            ran += 1 - skips
    print(f"docs_commands: {ran} blocks ran, {skipped} skipped")
    if skipped and not findings:
        sys.exit(SKIPPED)
    source_tree.finish("docs_commands", findings)


if __name__ == "__main__":
    main()
