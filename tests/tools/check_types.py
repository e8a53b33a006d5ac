#!/usr/bin/env python3
"""Holds scripts/types against what the C code reads: every field of agent.lua (the name lists of runtime/script/agent_*.c and
the hooks of hook.c) is a `---@field` of its class, and every field of a class is read.

    check_types.py ROOT   prints what differs; exit 1 if anything does
"""

import json
import pathlib
import re
import sys

# The list of names in C → the class in scripts/types/agent.lua.
CLASSES = {
    "agent_names": "Agent",
    "voice_names": "AgentVoice",
    "model_names": "AgentModels",
    "provider_slot_names": "AgentProviders",
    "provider_names": "AgentSpeaker",
    "silent_provider_names": "AgentProvider",
    "turn_names": "AgentTurn",
    "phase_names": "AgentTurnNumbers",
    "overflow_names": "AgentOverflow",
    "filler_names": "AgentFiller",
    "http_names": "AgentHttp",
    "texts_names": "AgentTexts",
    "knowledge_names": "AgentKnowledge",
    "tool_names": "Tool",
}
LIST = re.compile(r"static const char \*const (\w+)\[\] = \{([^}]*),\s*NULL\};")
HOOK = re.compile(r'\[HOOK_\w+\] =\s*\{"(\w+)"')


def c_names(root):
    """List → names, of the lists that end with NULL: those are what reader_only is given."""
    found = {}
    for path in sorted((root / "runtime" / "script").glob("agent_*.c")):
        for name, body in LIST.findall(path.read_text()):
            found.setdefault(name, set()).update(re.findall(r'"(\w+)"', body))
    hooks = set(HOOK.findall((root / "runtime" / "script" / "hook.c").read_text()))
    assert hooks, "no hooks found in hook.c"
    found["agent_names"] |= hooks
    return found


def classes(root):
    """Class → its fields, those of its parents included."""
    fields, parents, at = {}, {}, None
    for line in (root / "scripts" / "types" / "agent.lua").read_text().splitlines():
        if match := re.match(r"---@class (\w+)(?: : (\w+))?", line):
            at, parents[match[1]] = match[1], match[2]
            fields[at] = set()
        elif at and (match := re.match(r"---@field (\w+) ", line)):
            fields[at].add(match[1])
        elif not line.startswith("---"):
            at = None
    return {name: own | fields.get(parents[name], set()) for name, own in fields.items()}


def main(root):
    faults = []
    declared, read = classes(root), c_names(root)
    for name, names in read.items():
        if name not in CLASSES:
            faults.append(f"runtime/script: {name} has no class: name it in tests/tools/check_types.py")
            continue
        fields = declared.get(CLASSES[name], set())
        where = f"scripts/types/agent.lua: class {CLASSES[name]}"
        faults += [f"{where} has no field {field}" for field in sorted(names - fields)]
        faults += [f"{where}: {field} is not read by {name}" for field in sorted(fields - names)]
    faults += [f"runtime/script: no list {name}" for name in CLASSES if name not in read]
    settings = json.loads((root / ".luarc.json").read_text())
    for path in settings["workspace"]["library"]:
        if not (root / path).is_dir():
            faults.append(f".luarc.json: {path} is no folder")
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
