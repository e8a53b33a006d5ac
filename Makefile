# A thin front for people; the build itself is CMakeLists.txt and CMakePresets.json.
JOBS ?= 2

.PHONY: help deps build test demo serve bench soak chaos crash replays drill fuzz format clean

help:
	@echo "make deps     install the system packages that are missing (root or sudo)"
	@echo "make build    release build: build/moonline, build/moonline-sandbox"
	@echo "make demo     a phone call on this machine, from nothing to the row in Postgres"
	@echo "make test     everything checked: ASan, UBSan, all tests"
	@echo "make serve    run with the settings in .env"
	@echo "make bench    build and run the benchmarks"
	@echo "make soak     a hundred calls of one to three minutes: our metrics beside what callers and vendors saw"
	@echo "make chaos    fifty calls at once under every fault of a vendor, and a table of what their callers heard"
	@echo "make crash    thirty talking calls while servers and Postgres are killed, and a table of what became of them"
	@echo "make replays  two hundred calls of many kinds are captured, and each is held against the build that answered"
	@echo "make drill    providers, Postgres, carrier, line and process broken in turn, and the alerts that must fire for it"
	@echo "make fuzz     every fuzz target for SECONDS of CPU time (60)"
	@echo "make format   clang-format over the C files"
	@echo "make clean    remove build/ (var/ stays)"

deps:
	@sh deploy/deps.sh

build: deps
	cmake --preset release
	cmake --build --preset release -j $(JOBS) --target moonline moonline-sandbox

demo: build
	@KEEP="$(KEEP)" bash deploy/demo.sh

# Two slots for each job: tests that compute take two, tests that wait one, those that measure real time run alone
# (tests/CMakeLists.txt).
test: deps
	cmake --preset check
	cmake --build --preset check -j $(JOBS)
	ctest --preset check --output-on-failure -j $$((2 * $(JOBS)))

serve: build
	@set -a; if [ -f .env ]; then . ./.env; fi; set +a; exec build/moonline serve

bench: deps
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	@bash bench/run.sh

soak: deps
	cmake --preset release
	cmake --build --preset release -j $(JOBS)
	@python3 bench/measure.py soak --soak-from 60 --soak-to 180

# ROWS: words that the names of its faults have; all without. CALLS: a slot.
chaos: build
	@ROWS="$(ROWS)" CALLS="$(CALLS)" python3 tests/outages/run.py

# KILLS, CALLS (at a time), SEED: another row of chance.
crash: build
	@KILLS="$(KILLS)" CALLS="$(CALLS)" SEED="$(SEED)" python3 tests/crash/run.py

# CALLS: 200. KEEP: a folder for the captures.
replays: build
	@python3 tests/replays/run.py --calls "$(or $(CALLS),200)" $(if $(KEEP),--keep "$(KEEP)")

# ROWS: words of its names; all without. CALLS: at once.
drill: build
	@ROWS="$(ROWS)" CALLS="$(CALLS)" python3 tests/drill/run.py

SECONDS ?= 60
fuzz: deps
	@JOBS="$(JOBS)" sh tests/fuzz.sh "$(SECONDS)"

format:
	@command -v clang-format >/dev/null || { echo "format: apt-get install clang-format" >&2; exit 1; }
	git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build
