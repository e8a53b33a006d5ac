#!/usr/bin/env python3
"""Holds every #include of runtime/ against the picture of the layers (docs/architecture.md), and
checks that the names of libuv, libwebsockets and libcurl stay in runtime/net.

    check_layers.py ROOT         prints file:line and what to do for each fault; exit 1 if any
    check_layers.py --self-test  proves that each kind of fault is found
"""

import pathlib
import re
import sys
import tempfile

# Folder → the folders it may include besides itself: those that an arrow of the picture leads to,
# however far down. Folders on one line of the picture never include each other.
DOMAIN = {"base", "media", "text"}
ADAPTER = DOMAIN | {"observe", "net"}
BINDINGS = ADAPTER | {"script", "store", "providers", "telephony"}
OUTREACH = ADAPTER | {"store", "telephony"}
LIVE = BINDINGS | {"bindings", "outreach", "routing", "callflow"}
MAY_INCLUDE = {
    "base": set(),
    "text": {"base"},
    "media": {"base"},
    "callflow": DOMAIN,
    "observe": DOMAIN,
    "net": DOMAIN | {"observe"},
    "script": ADAPTER,
    "store": ADAPTER,
    "providers": ADAPTER,
    "telephony": ADAPTER,
    "bindings": BINDINGS,
    "telemetry": ADAPTER,
    "routing": ADAPTER | {"providers"},
    "outreach": OUTREACH,
    "live": LIVE,
    "texting": LIVE | {"live"},
    "rehearsal": LIVE | {"live", "texting"},
    "replay": LIVE | {"live", "texting", "rehearsal"},
    "api": LIVE | {"live", "texting"},
    "main": LIVE | {"live", "texting", "api", "rehearsal", "replay", "telemetry"},
}

# Header → the only folder that may include it.
ONLY_IN = {
    "uv.h": "net",
    "libwebsockets.h": "net",
    "curl/curl.h": "net",
    "libpq-fe.h": "store",
    "sqlite3.h": "store",
    "lua.h": ("script", "bindings", "rehearsal"),
    "lauxlib.h": ("script", "bindings", "rehearsal"),
    "lualib.h": ("script", "bindings"),
    "luajit.h": ("script", "bindings"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
NET_NAME = re.compile(r"\b(?:uv|lws|curl)_\w+|\bCURL[A-Z]*_\w+|\bUV_\w+|\bLWS_\w+")
COMMENT_OR_STRING = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL
)


def blank(match):
    """Leaves the line ends of what it blanks, so that line numbers stay right."""
    return re.sub(r"[^\n]", " ", match.group())


def fault_of_include(folder, quote, header):
    top = header.split("/")[0]
    if quote == '"' and "/" not in header:
        return f'write "{folder}/{header}" so that the folder can be seen'
    if quote == '"' and top not in MAY_INCLUDE:
        return f'"{header}" is in no folder of runtime/; libraries are included with <>'
    if quote == '"' and top != folder and top not in MAY_INCLUDE[folder]:
        if folder in MAY_INCLUDE[top]:
            return (
                f"{folder} is below {top}: declare a struct of functions in {folder} "
                f"and let {top} fill it in"
            )
        return f"{folder} and {top} stand side by side: meet in a folder above both, or move what both need below"
    owners = ONLY_IN.get(header)
    owners = (owners,) if isinstance(owners, str) else owners
    if owners and folder not in owners:
        return f"<{header}> belongs to runtime/{' and runtime/'.join(owners)}: go through its headers"
    return None


def faults_of_file(path, folder):
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.split("\n"), 1):
        found = INCLUDE.match(line)
        fault = found and fault_of_include(folder, *found.groups())
        if fault:
            yield number, fault
    if folder == "net":
        return
    for number, line in enumerate(COMMENT_OR_STRING.sub(blank, text).split("\n"), 1):
        found = NET_NAME.search(line)
        if found:
            yield number, f"{found.group()} outside runtime/net: use net's own functions"


def check(root):
    faults = []
    count = 0
    for path in sorted((root / "runtime").rglob("*.[ch]")):
        count += 1
        shown = path.relative_to(root)
        folder = shown.parts[1]
        if len(shown.parts) < 3 or folder not in MAY_INCLUDE:
            faults.append(f"{shown}:1: no such layer: add {folder} to the picture and to {__file__}")
            continue
        faults += [f"{shown}:{number}: {fault}" for number, fault in faults_of_file(path, folder)]
    return count, faults


SELF_TEST = [
    # file, content, part of the expected fault (None: clean)
    ("store/a.c", '#include "store/a.h"\n#include "net/loop.h"\n#include <libpq-fe.h>\n', None),
    ("live/a.c", '#include "telephony/form.h"\n#include "callflow/turn.h"\n', None),
    ("net/a.c", "#include <uv.h>\nuv_run(0, 0);\n", None),
    ("text/a.c", '/* uv_run */ const char *a = "lws_write";\n', None),
    ("base/a.c", '\n  #  include "observe/log.h"\n', "base/a.c:2: base is below observe"),
    ("net/b.c", '#include "store/records.h"\n', "net/b.c:1: net is below store"),
    ("store/b.c", '#include "script/host.h"\n', "store/b.c:1: store and script stand side by side"),
    ("media/a.h", '#include "text/words.h"\n', "media/a.h:1: media and text stand side by side"),
    ("callflow/a.c", '#include "observe/log.h"\n', "callflow/a.c:1: callflow and observe stand"),
    ("replay/a.c", '#include "api/admin.h"\n', "replay/a.c:1: replay and api stand side by side"),
    ("script/a.c", '#include "json.h"\n', 'script/a.c:1: write "script/json.h"'),
    ("script/b.c", '#include "cjson/json.h"\n', "script/b.c:1: \"cjson/json.h\" is in no folder"),
    ("live/b.c", "#include <curl/curl.h>\n", "live/b.c:1: <curl/curl.h> belongs to runtime/net"),
    ("api/a.c", "#include <libpq-fe.h>\n", "api/a.c:1: <libpq-fe.h> belongs to runtime/store"),
    ("store/c.c", "/* a\nb */ int x = uv_now(0);\n", "store/c.c:2: uv_now outside runtime/net"),
    ("store/d.c", "int x = CURLOPT_URL;\n", "store/d.c:1: CURLOPT_URL outside runtime/net"),
    ("extra/a.c", "int x;\n", "extra/a.c:1: no such layer"),
]


def self_test():
    failures = 0
    for name, content, expected in SELF_TEST:
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / "runtime" / name
            path.parent.mkdir(parents=True)
            path.write_text(content)
            _, faults = check(pathlib.Path(root))
        right = not faults if expected is None else len(faults) == 1 and expected in faults[0]
        if not right:
            failures += 1
            print(f"{name}: expected {expected}, found {faults}")
    print(f"self-test: {len(SELF_TEST) - failures} of {len(SELF_TEST)} right")
    return failures


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.argv[1] == "--self-test":
        sys.exit(1 if self_test() else 0)
    count, faults = check(pathlib.Path(sys.argv[1]))
    for fault in faults:
        print(fault)
    print(f"layers: {count} files, {len(faults)} faults")
    sys.exit(1 if faults or not count else 0)


if __name__ == "__main__":
    main()
