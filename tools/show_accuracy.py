#!/usr/bin/env -S python3 -B
"""show_accuracy.py INPUT.csv OUTPUT.csv [--text keyword] [--gold gold] [--group language] [--rows 24]

Prints what `zubr classify` made of a CSV that has a gold column: a few rows of every category, then the share that is
right, overall, per group and per category. Exits 1 when the output is not the input, row for row, plus the answers.
Needs python3-minimal only.
"""
import argparse
import csv
import sys
import unicodedata

ANSWER_COLUMNS = ["label", "probability", "margin", "error"]


def display_width(text):
    """Columns that `text` takes on a terminal: combining marks none, wide characters two."""
    width = 0
    for char in text:
        if unicodedata.combining(char) or unicodedata.category(char) in ("Cc", "Cf"):
            continue
        width += 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
    return width


def pad(text, width, right=False):
    gap = " " * max(0, width - display_width(text))
    return gap + text if right else text + gap


def print_table(header, rows, right=()):
    widths = [max(display_width(row[i]) for row in [header] + rows) for i in range(len(header))]
    for row in [header, ["─" * width for width in widths]] + rows:
        print("  " + "  ".join(pad(cell, widths[i], i in right) for i, cell in enumerate(row)).rstrip())


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows:
        sys.exit(f"show_accuracy: {path} is empty")
    return rows[0], rows[1:]


def check_unchanged(before, after):
    """The output must be the input, in order, with the answer columns behind it."""
    (in_header, in_rows), (out_header, out_rows) = before, after
    if out_header[: len(in_header)] != in_header:
        sys.exit(f"show_accuracy: the output's columns are {out_header}, the input's {in_header}")
    missing = [name for name in ANSWER_COLUMNS if name not in out_header[len(in_header):]]
    if missing:
        sys.exit(f"show_accuracy: the output has no column {', '.join(missing)}")
    if len(in_rows) != len(out_rows):
        sys.exit(f"show_accuracy: {len(in_rows)} rows went in, {len(out_rows)} came out")
    for number, (was, now) in enumerate(zip(in_rows, out_rows), start=1):
        if now[: len(was)] != was:
            sys.exit(f"show_accuracy: row {number} was {was} and is {now}")


def spread(records, count):
    """Up to `count` records, taking turns among categories, and among groups within a category."""
    by_category = {}
    for record in records:
        by_category.setdefault(record["gold"], {}).setdefault(record["group"], []).append(record)
    queues = []
    for category in sorted(by_category):
        groups = list(by_category[category].values())
        longest = max(len(group) for group in groups)
        queues.append([group[i] for i in range(longest) for group in groups if i < len(group)])
    chosen = [[] for _ in queues]
    left = count
    for turn in range(max((len(queue) for queue in queues), default=0)):
        for index, queue in enumerate(queues):
            if turn < len(queue) and left > 0:
                chosen[index].append(queue[turn])
                left -= 1
    return [record for category in chosen for record in category]


def percent(records):
    if not records:
        return "-"
    right = sum(record["label"] == record["gold"] for record in records)
    return f"{100.0 * right / len(records):.1f} %"


def number_or_dash(text):
    try:
        return f"{float(text):.3f}"
    except ValueError:
        return "-"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--text", default="keyword")
    parser.add_argument("--gold", default="gold")
    parser.add_argument("--group", default="language")
    parser.add_argument("--rows", type=int, default=24)
    options = parser.parse_args()

    before, after = read_csv(options.input), read_csv(options.output)
    check_unchanged(before, after)
    header, rows = after
    for name in (options.text, options.gold, options.group):
        if name not in header:
            sys.exit(f"show_accuracy: no column '{name}'; there are: {', '.join(header)}")
    records = []
    for row in rows:
        cells = dict(zip(header, row))
        records.append({"text": cells[options.text], "gold": cells[options.gold], "group": cells[options.group],
                        "label": cells["label"], "probability": cells["probability"], "error": cells["error"]})

    table = []
    for record in spread(records, options.rows):
        answer = record["label"] or f"({record['error']})"
        mark = "✓" if record["label"] == record["gold"] else "·"
        table.append([record["text"], record["gold"], answer, number_or_dash(record["probability"]), mark])
    print_table([options.text, options.gold, "label", "probability", ""], table, right=(3,))

    groups = sorted({record["group"] for record in records})
    categories = sorted({record["gold"] for record in records})
    print()
    table = [[category] + [percent([r for r in records if r["gold"] == category and r["group"] == group])
                           for group in groups] + [percent([r for r in records if r["gold"] == category])]
             for category in categories]
    table.append(["all"] + [percent([r for r in records if r["group"] == group]) for group in groups]
                 + [percent(records)])
    print_table(["accuracy"] + groups + ["all"], table, right=range(1, len(groups) + 2))

    failed = sum(bool(record["error"]) for record in records)
    right = sum(record["label"] == record["gold"] for record in records)
    print(f"\n  {right} of {len(records)} rows right ({percent(records)}; choosing blindly among {len(categories)} "
          f"would give {100.0 / max(1, len(categories)):.1f} %)" + (f", {failed} rows with an error" if failed else ""))


if __name__ == "__main__":
    main()
