# `make` lists what can be made. Nothing here asks anything, save sudo its password; what succeeds is quiet.
PREFIX ?= /usr/local
SCRATCH ?= .build
BUILD = $(SCRATCH)/release
MAKEFLAGS += --no-print-directory

# One module may import another only where Package.swift says so, and no warning is let through.
FLAGS = --explicit-target-dependency-import-check error -Xswiftc -warnings-as-errors -Xcc -Werror=all
# lld writes the relocations of a static program in a few kilobytes instead of a megabyte that is read at every start.
# libgcc is linked in: loading a shared one takes 2 % of the time to the first frame.
# No RUNPATH: SwiftPM's own would have libraries loaded from the folder that the program lies in.
RELEASE = -c release --static-swift-stdlib --disable-local-rpath -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs -Xlinker --no-export-dynamic -Xswiftc -Xclang-linker -Xswiftc -static-libgcc
# Swift's runtime needs the C++ library: loading a shared one takes an eighth of the time to the first frame. Where there
# is none to link in, the shared one is found.
STATIC = $(abspath $(SCRATCH))/static
SWIFT_BUILD = scripts/quietly swift build --scratch-path $(SCRATCH) $(FLAGS)

.PHONY: help deps build run test stories install uninstall bench screenshots goldens faults format clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 14

deps: ## install what building and running need (apt; Swift too where the distribution has it)
	@scripts/deps run

build: deps ## build the release: .build/release/keyfob
	@mkdir -p $(STATIC)
	@for library in /usr/lib/gcc/*/*/libstdc++.a; do [ ! -e "$$library" ] || ln -sf "$$library" $(STATIC)/; done
	@$(SWIFT_BUILD) $(RELEASE) -Xlinker -L$(STATIC)
	@readelf -d $(BUILD)/keyfob >$(SCRATCH)/dynamic
	@! grep -E '\((RPATH|RUNPATH)\)' $(SCRATCH)/dynamic || { echo "$(BUILD)/keyfob must not name folders to load libraries from" >&2; exit 1; }

run: build ## try keyfob on sample clients: keyfob demo
	@$(BUILD)/keyfob demo

test: ## install what is missing, run every test, end with a count
	@scripts/deps run test
	@$(SWIFT_BUILD) --build-tests
	@scripts/test --disable-xctest

stories: build ## run the stories with the release: the optimizer's mistakes show there alone
	@scripts/deps run test
	@$(SWIFT_BUILD) --build-tests
	@KEYFOB_PROGRAM=$(abspath $(BUILD))/keyfob scripts/test --disable-xctest --filter StoryTests

install: ## install keyfob in PREFIX (/usr/local); DESTDIR is honoured
	@scripts/may-write $@ $(BUILD)/keyfob "$(PREFIX)" "$(DESTDIR)"
	@[ -n "$$SUDO_USER" -a -x $(BUILD)/keyfob ] || $(MAKE) build # root does not write into a user's .build
	install -D -s -m 755 $(BUILD)/keyfob "$(DESTDIR)$(PREFIX)/bin/keyfob"

uninstall: ## remove what `make install` put there
	@scripts/may-write $@ $(BUILD)/keyfob "$(PREFIX)" "$(DESTDIR)"
	rm -f "$(DESTDIR)$(PREFIX)/bin/keyfob"

bench: ## measure against tig and htop, write docs/benchmarks.md
	@scripts/deps run bench
	@scripts/bench

screenshots: build ## take screenshots/ anew, real pixels
	@scripts/deps screenshots
	@scripts/screenshots

goldens: ## draw the frames of Tests/InterfaceTests/Goldens anew; read the difference
	@$(SWIFT_BUILD) --build-tests
	@KEYFOB_REFRESH_GOLDENS=1 scripts/test --disable-xctest --filter InterfaceTests

faults: ## stage every fault as root, write docs/faults.md anew; read the difference
	@$(SWIFT_BUILD) --build-tests
	@KEYFOB_REFRESH_FAULTS=1 scripts/test --disable-xctest --filter FaultPageTests

format: ## format the Swift sources
	@swift format --in-place --parallel --recursive Sources Tests Package.swift

clean: ## remove what was built
	rm -rf .build
