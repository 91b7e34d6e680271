# targets.mk - setting up, running, testing and looking after; included by the Makefile at the top, which builds.

NPM_CI := npm ci --no-audit --no-fund --loglevel=error

help:
	@echo 'make run          install what is needed, build, start everything on PORT=$(PORT), state in VAR=$(VAR)'
	@echo 'make start, stop  the same in the background; $(VAR)/demo.env tells scripts the rest'
	@echo 'make test         all tests, in stacks of their own; SUITES="unit journey" chooses'
	@echo 'make asan         unit tests and the journey with AddressSanitizer and UBSan'
	@echo 'make fuzz         libFuzzer on what reads strangers'"'"' words, FUZZ_SECONDS=$(FUZZ_SECONDS) each'
	@echo 'make fuzz-coverage  which lines the fuzzers reach, from their seeds and what make fuzz has kept'
	@echo 'make soak         people at work while processes die, for DURATION=600 seconds or until JOURNEYS= KILLS=; SEED=1'
	@echo 'make cluster-test  two web hosts on a Galera cluster of three, whose nodes are killed and cut off (as root)'
	@echo 'make lint         clang-format, clang-tidy, cppcheck'
	@echo 'make bench        how fast, as ratios to limits of this machine; PARTS="page csr" chooses; into build/bench'
	@echo 'make bench-large  the same pages with ROWS="$(ROWS)" orders'
	@echo 'make bench-pki    CRLs of 10,000 to 1,000,000 entries; what judging a request costs'
	@echo 'make pictures     every page in both languages, phone and desktop, light and dark; its weight; all of axe'
	@echo 'make conformance  certificates held against other people'"'"'s linters and programs'
	@echo 'make install      onto this machine, DESTDIR= PREFIX=$(PREFIX); make uninstall'
	@echo 'make deb          a Debian package: build/mailcert_*.deb'
	@echo 'make sbom         what all of it is made of, in CycloneDX: build/sbom.json'
	@echo 'make advisories   which of these parts are behind, or have a known fault, as Debian and npm say'
	@echo 'make exposure     what systemd says of each unit'"'"'s cage'
	@echo 'make install-test the package and the operator'"'"'s guide, word for word, in clean roots (as root)'
	@echo 'make all          the programs only; make clean removes what was built, not the state'

# Before what sets up or builds: one at a time in this checkout, however many call make at once.
LOCKED = mkdir -p build && flock -o build/.lock

# What tools/stack reads from its environment, with any sign in it.
setup run start stop: export PORT := $(PORT)
setup run start stop: export VAR := $(VAR)
setup run start stop: export B := $(B)

setup:
	@tools/stack check
	@$(LOCKED) tools/setup.sh run

# What the packages bring must be there before anything is built, so these build in a make of their own, with as many
# jobs as there are processors unless the caller chose.
BUILD = $(LOCKED) $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

run: setup
	@$(BUILD) all
	@SIGNED_MAILS=1 tools/stack run
start: setup
	@$(BUILD) all
	@SIGNED_MAILS=1 tools/stack start
stop:
	@tools/stack stop

SUITES ?=
test-setup:
	@$(LOCKED) tools/setup.sh run test
	@$(LOCKED) $(MAKE) --no-print-directory tests/node_modules/.installed
tests/node_modules/.installed: tests/package.json tests/package-lock.json
	cd tests && $(NPM_CI)
	@touch $@

test: test-setup
	@$(BUILD) all unit-programs $(B)/tests/golden/render
	@$(BUILD) V=fault programs
	@B=$(B) tests/run $(SUITES)

# Not strict_string_checks: libesmtp compares names by their length that no NUL ends, which is right and not strict.
asan: test-setup
	@$(BUILD) V=asan all unit-programs
	@B=build/asan ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 \
		LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
		UBSAN_OPTIONS=print_stacktrace=1 tests/run unit journey

# PARTS="page crl" runs some of it; tests/bench/README.md says what each measures. ROWS="100000 5000000": how many orders
# bench-large fills the database with.
PARTS ?=
ROWS ?= 100000 5000000
bench-setup: test-setup
	@$(LOCKED) tools/setup.sh bench
	@$(BUILD) all $(addprefix $(B)/tests/bench/,empty commits token offer)
bench: bench-setup
	@B=$(B) PARTS='$(PARTS)' node tests/bench/run.mjs
bench-large: bench-setup
	@B=$(B) PARTS=growth ROWS='$(ROWS)' node tests/bench/run.mjs
bench-pki: test-setup
	@$(BUILD) $(B)/tests/bench/crl $(B)/tests/bench/checks
	@$(B)/tests/bench/crl
	@$(B)/tests/bench/checks

# tests/fault/lib/soak.mjs says what else can be set.
soak: test-setup
	@$(LOCKED) $(MAKE) --no-print-directory all
	@B=$(B) SEED='$(SEED)' DURATION='$(DURATION)' JOURNEYS='$(JOURNEYS)' KILLS='$(KILLS)' node tests/fault/lib/soak.mjs

# tests/cluster/galera.mjs says what can be set.
cluster-test: test-setup
	@$(LOCKED) tools/setup.sh cluster
	@$(LOCKED) $(MAKE) --no-print-directory all
	@B=$(B) tests/run cluster

FUZZ_SECONDS ?= 10
fuzz:
	@$(LOCKED) tools/setup.sh run fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run
fuzz-coverage:
	@$(LOCKED) tools/setup.sh run fuzz
	@tests/fuzz/coverage

pictures: test-setup
	@$(LOCKED) $(MAKE) --no-print-directory all
	@B=$(B) node tests/pictures.mjs build/pictures
	@B=$(B) FULL=1 tests/run tests/journey/access.mjs

conformance: test-setup
	@$(LOCKED) tools/setup.sh conformance
	@$(BUILD) all
	@B=$(B) tests/conformance/run

LINT_C = $(shell find cgi lib tools tests -name '*.[ch]' -not -path '*/node_modules/*')
LINT_ROOMS = $(filter %.c,$(filter-out tests/%,$(LINT_C)))
LINT_FLAGS = -std=c11 -D_GNU_SOURCE -DOPENSSL_API_COMPAT=30000 -I. -isystem /usr/include/ClearSilver \
	-isystem /usr/include/mariadb
lint:
	@$(LOCKED) tools/setup.sh run lint
	clang-format --dry-run -Werror $(LINT_C)
	printf '%s\n' $(LINT_ROOMS) | xargs -P 2 -n 4 sh -c 'clang-tidy --quiet "$$@" -- $(LINT_FLAGS)' tidy
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr --enable=warning,performance,portability \
		--suppressions-list=tools/cppcheck.supp -D_GNU_SOURCE -I. -j 2 $(LINT_ROOMS)

format:
	@$(LOCKED) tools/setup.sh lint
	clang-format -i $(LINT_C)

clean:
	rm -rf build

.PHONY: bench bench-large bench-setup bench-pki cluster-test soak pictures help setup run start stop test test-setup asan fuzz fuzz-coverage conformance lint format clean

include tools/install.mk
