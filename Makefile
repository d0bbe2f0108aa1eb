# SPDX-License-Identifier: GPL-3.0-or-later
# `make` lists what there is. On a bare Debian 12: apt-get install -y make, then `make demo` or `make test`.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
BUILD := build/release

.PHONY: help packages build demo docs test interop science bench check sanitize install clean
help:  ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

packages:
	@tools/install-packages build

build: packages  ## the release program, build/release/tessera
	@mkdir -p build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C $(BUILD) -j $(JOBS) tessera

demo: build  ## install, build, and average built-in structures from simulated particles
	@$(BUILD)/tessera demo --output build/demo

test: packages  ## install, build and run the whole test suite
	@tools/install-packages test
	@mkdir -p build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C $(BUILD) -j $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -LE 'science|interop'

interop: build  ## compare with RELION 3.1.3 (installs it)
	@tools/install-packages relion
	@TESSERA_INTEROP_REQUIRED=1 ctest --test-dir $(BUILD) --output-on-failure -L interop

science: build  ## accuracy against known truth, minutes to hours
	@ninja -C $(BUILD) -j $(JOBS) science
	@for program in $(BUILD)/tests/science/*; do [ -x $$program ] && [ -f $$program ] && $$program; done; true

bench: build  ## where the time goes
	@tools/install-packages bench
	@cmake -S . -B $(BUILD) > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C $(BUILD) -j $(JOBS) bench
	@$(BUILD)/bench/iteration
	@$(BUILD)/bench/kernels

check:  ## formatting and layering
	@tools/install-packages check
	@git ls-files 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc' 'bench/*.cc' | xargs clang-format-14 --dry-run -Werror
	@tools/check-layering

sanitize: packages  ## build with warnings as errors and sanitizers, run the unit tests
	@mkdir -p build
	@cmake -S . -B build/sanitize -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTESSERA_SANITIZE=ON -DTESSERA_WERROR=ON > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C build/sanitize -j $(JOBS)
	@ctest --test-dir build/sanitize --output-on-failure -j $(JOBS) -L unit

docs: packages  ## rewrite docs/cli from what the program says
	@mkdir -p build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C $(BUILD) -j $(JOBS) docs

install: build  ## copy the program to PREFIX/bin
	@install -Dm755 $(BUILD)/tessera $(DESTDIR)$(PREFIX)/bin/tessera

clean:  ## remove build/
	@rm -rf build
