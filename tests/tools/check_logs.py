#!/usr/bin/env python3
"""Every subsystem that the code logs for can be named in MOONLINE_LOG_LEVEL.

    check_logs.py SOURCE_DIR    prints what is missing in runtime/observe/log_kinds.c; exit 1 if any
"""

import pathlib
import re
import sys

EVENT = re.compile(r'\b(?:log_(?:debug|info|warn|error|shown)\(|log_event\([^;]*?)\s*"([a-z_0-9]+)(?:\.[a-z_0-9.]+)?"')
CHOSEN = re.compile(r"\blog_event\([A-Z_]+, [a-z]")  # by a name that stands elsewhere in the file
NAME = re.compile(r'"([a-z_0-9]+)\.[a-z_0-9]+"')
REPORT = re.compile(r'\bput_report\([A-Z_]+, "([a-z_0-9]+)\.')


def main():
    root = pathlib.Path(sys.argv[1])
    text = (root / "runtime/observe/log_kinds.c").read_text()
    listed = set(re.findall(r'"([a-z_0-9]+)"', re.search(r"known\[\] = \{(.*?)\};", text, re.S).group(1)))
    used = {}
    for path in sorted((root / "runtime").rglob("*.c")):
        source = path.read_text()
        for pattern in (EVENT, REPORT, NAME) if CHOSEN.search(source) else (EVENT, REPORT):
            for found in pattern.finditer(source):
                used.setdefault(found.group(1), path.relative_to(root))
    faults = [f"{name}: logged in {used[name]}, not in log_kinds.c: add it" for name in sorted(set(used) - listed)]
    print("\n".join(faults) or f"logs: {len(listed)} subsystems")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
