# `make` lists the targets. No target asks a question, except sudo for its password. A successful target prints little.
PREFIX ?= /usr/local
SCRATCH ?= .build
BUILD = $(SCRATCH)/release
MAKEFLAGS += --no-print-directory

# Package.swift lists the imports that a module may have. Every warning is an error.
FLAGS = --explicit-target-dependency-import-check error -Xswiftc -warnings-as-errors -Xcc -Werror=all
# lld writes the relocations of a static program in a few kilobytes; otherwise a megabyte is read at every start.
# libgcc is linked statically: loading the shared library takes 2 % of the time to the first frame.
# No RUNPATH: SwiftPM's RUNPATH would load libraries from the program's own folder.
RELEASE = -c release --static-swift-stdlib --disable-local-rpath -Xswiftc -use-ld=lld -Xlinker -z -Xlinker pack-relative-relocs -Xlinker --no-export-dynamic -Xswiftc -Xclang-linker -Xswiftc -static-libgcc $(RELATIVE)
# The same sources build the same program in any folder, apart from its debug information: paths are relative to the
# folder of the sources, and two hashes that depend on the folder are left out, the build ID and the compiler's own hash.
RELATIVE = -Xswiftc -file-prefix-map -Xswiftc "$(CURDIR)=." -Xcc "-ffile-prefix-map=$(CURDIR)=." -Xlinker --build-id=none -Xswiftc -Xfrontend -Xswiftc -disable-incremental-llvm-codegen
# Swift's runtime needs the C++ library. Loading the shared C++ library takes an eighth of the time to the first frame.
# If the system has no static library, the shared library is linked.
STATIC = $(abspath $(SCRATCH))/static
SWIFT_BUILD = scripts/quietly swift build --scratch-path $(SCRATCH) $(FLAGS)

.PHONY: help deps build run test stories install uninstall deb deb-test bench screenshots goldens faults format clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

deps: ## install the packages to build and run keyfob (with apt; Swift too if the distribution has it)
	@scripts/deps run

build: deps ## build the release: .build/release/keyfob
	@mkdir -p "$(STATIC)"
	@for library in /usr/lib/gcc/*/*/libstdc++.a; do [ ! -e "$$library" ] || ln -sf "$$library" "$(STATIC)/"; done
	@$(SWIFT_BUILD) $(RELEASE) -Xlinker "-L$(STATIC)"
	@readelf -d $(BUILD)/keyfob >$(SCRATCH)/dynamic
	@! grep -E '\((RPATH|RUNPATH)\)' $(SCRATCH)/dynamic || { echo "$(BUILD)/keyfob must not name folders to load libraries from" >&2; exit 1; }

run: build ## try keyfob with sample clients: keyfob demo
	@$(BUILD)/keyfob demo

test: ## install missing packages, run every test, print the counts at the end
	@scripts/deps run test
	@$(SWIFT_BUILD) --build-tests
	@scripts/test --disable-xctest

stories: build ## run the stories with the release, which alone shows the optimizer's mistakes
	@scripts/deps run test
	@$(SWIFT_BUILD) --build-tests
	@KEYFOB_PROGRAM="$(abspath $(BUILD))/keyfob" scripts/test --disable-xctest --filter StoryTests

install: ## install keyfob in PREFIX (default: /usr/local), below DESTDIR if it is set
	@scripts/may-write $@ $(BUILD)/keyfob "$(PREFIX)" "$(DESTDIR)"
	@[ -n "$$SUDO_USER" -a -x $(BUILD)/keyfob ] || $(MAKE) build # root must not write into a user's .build
	install -D -s -m 755 $(BUILD)/keyfob "$(DESTDIR)$(PREFIX)/bin/keyfob"

uninstall: ## remove the installed keyfob
	@scripts/may-write $@ $(BUILD)/keyfob "$(PREFIX)" "$(DESTDIR)"
	rm -f "$(DESTDIR)$(PREFIX)/bin/keyfob"

deb: ## make a Debian package for this system, in .build/deb
	@scripts/deps run deb
	@$(MAKE) build
	@scripts/deb $(BUILD)/keyfob $(SCRATCH)/deb

deb-test: deb ## install the package on new Debian 12 and 13 systems, build it in another folder (needs root or sudo)
	@scripts/deps deb-test
	@scripts/deb-test "$$(ls -t $(SCRATCH)/deb/*.deb | head -n 1)"

bench: ## compare keyfob with tig, htop and pass, write docs/benchmarks.md
	@scripts/deps run bench
	@scripts/bench

screenshots: build ## take screenshots/ again from the real program
	@scripts/deps screenshots
	@scripts/screenshots

goldens: ## draw the frames in Tests/InterfaceTests/Goldens again; then read the difference
	@$(SWIFT_BUILD) --build-tests
	@KEYFOB_REFRESH_GOLDENS=1 scripts/test --disable-xctest --filter InterfaceTests

faults: ## stage every fault (needs root), write docs/faults.md; then read the difference
	@$(SWIFT_BUILD) --build-tests
	@KEYFOB_REFRESH_FAULTS=1 scripts/test --disable-xctest --filter FaultPageTests

format: ## format the Swift sources
	@swift format --in-place --parallel --recursive Sources Tests Package.swift

clean: ## remove the build
	rm -rf .build
