"""What the checks have in common: the files of the repository, and how a finding is reported.

Standard library of python3-minimal only (no json, no unittest, no shlex).
"""
import os
import re
import sys
from pathlib import Path

SKIPPED_FOLDERS = {".git", ".cache", "build", "node_modules", "dist", "__pycache__"}
CODE_FOLDERS = ("src", "tests", "bench", "tools", "cmake", "web")


def files(root, folders=None, suffixes=None):
    """Repository files below `root` (or some of its folders), sorted, as paths relative to `root`."""
    found = []
    for start in [root / folder for folder in folders] if folders else [root]:
        for folder, names, leaves in os.walk(start):
            names[:] = sorted(name for name in names if name not in SKIPPED_FOLDERS)
            for leaf in sorted(leaves):
                path = Path(folder, leaf)
                if (suffixes is None or path.suffix in suffixes) and not path.is_symlink():
                    found.append(path.relative_to(root))
    return found


def read(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


CODE_OR_NOT = re.compile(
    r'R"(?P<delimiter>[^()\s\\]{0,16})\((?:.*?)\)(?P=delimiter)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'"  # a character, not the ' in 1'000'000
    r"|//[^\n]*|/\*.*?\*/", re.DOTALL)


def blank_cpp(text):
    """C++ with comments, strings and preprocessor lines blanked; every line stays on its line."""
    def blank(match):
        whole = match.group(0)
        newlines = "\n" * whole.count("\n")
        return newlines if whole.startswith("/") else '""' + newlines
    text = CODE_OR_NOT.sub(blank, text)
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda match: "\n" * match.group(0).count("\n"), text, flags=re.MULTILINE)


def root_argument(argv):
    """`--root DIR` or the repository that this file is in."""
    if "--root" in argv:
        return Path(argv[argv.index("--root") + 1]).resolve()
    return Path(__file__).resolve().parent.parent


def finish(check, findings):
    """Prints the findings and ends the process: 1 when there are any."""
    for finding in findings:
        print(f"{check}: {finding}")
    if findings:
        print(f"{check}: {len(findings)} to fix")
    sys.exit(1 if findings else 0)
