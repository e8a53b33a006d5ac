#!/usr/bin/env python3
"""Finds names that two files of one program define. The linker takes the first that it meets in a static library and says
nothing, so the caller of the other runs code that it was not made for.

    check_names.py FILE…      of archives and objects prints each name and who defines it; exit 1 if any
"""

import collections
import subprocess
import sys

SHARED = set("TDBRG")  # code and data that other files see; weak and common ones may stand twice


def defined(files):
    """(name, file) of what others see."""
    found = subprocess.run(["nm", "-A", "--defined-only", *files], capture_output=True, text=True, check=True)
    for line in found.stdout.splitlines():
        place, _, rest = line.rpartition(":")
        fields = rest.split()
        if len(fields) == 3 and fields[1] in SHARED:
            yield fields[2], place.replace(":", " ")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    places = collections.defaultdict(list)
    for name, place in defined(sys.argv[1:]):
        places[name].append(place)
    faults = {name: where for name, where in places.items() if len(where) > 1}
    for name, where in sorted(faults.items()):
        print(f"{name} is defined by {' and by '.join(where)}: rename one, or make it static")
    print(f"names: {len(places)} names, {len(faults)} faults")
    sys.exit(1 if faults or not places else 0)


if __name__ == "__main__":
    main()
