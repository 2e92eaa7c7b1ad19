#!/usr/bin/env -S python3 -B
"""Names that say something, and nothing left for later. check_names.py [--root DIR]

No file or folder of ours is called after a drawer into which anything fits, and no text holds a note that something is
still to be done: that belongs into an issue.
"""
import re
import sys

import source_tree

DRAWERS = {"util", "utils", "utility", "utilities", "helper", "helpers", "common", "manager", "managers", "misc"}
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b")
TEXT = {".h", ".cc", ".py", ".sh", ".cmake", ".md", ".txt", ".ts", ".tsx", ".yaml", ".toml", ".json"}


def main():
    root = source_tree.root_argument(sys.argv)
    findings = []
    seen = set()
    for path in source_tree.files(root):
        for depth, part in enumerate(path.parts, start=1):
            here = path.parts[:depth]
            drawers = DRAWERS.intersection(re.split(r"[_.\-]", part.lower()))
            if drawers and here not in seen:
                findings.append(f"{'/'.join(here)}: '{drawers.pop()}' says nothing; name it after what it does")
            seen.add(here)
        if path.suffix in TEXT:
            for number, line in enumerate(source_tree.read(root, path).splitlines(), start=1):
                if UNFINISHED.search(line):
                    findings.append(f"{path}:{number}: unfinished: {line.strip()[:80]}")
    source_tree.finish("check_names", findings)


if __name__ == "__main__":
    main()
