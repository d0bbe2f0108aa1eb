# SPDX-License-Identifier: GPL-3.0-or-later
# `make` lists what there is. On a bare Debian 12: apt-get install -y make, then `make demo` or `make test`.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
SECONDS ?= 30
BUILD := build/release
THREADED := base parallel fft volume align average pick nn pipeline

.PHONY: help packages build demo web docs all-built unit test interop science bench check tidy sanitize tsan fuzz install clean
help:  ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

packages:
	@tools/install-packages build

build: packages  ## the release program, build/release/tessera
	@mkdir -p build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C $(BUILD) -j $(JOBS) tessera

demo: build  ## install, build, and go the whole path on built-in structures
	@$(BUILD)/tessera demo --output build/demo

web:  ## rebuild the 3-D view of reports (needs npm)
	@cd web && npm ci --no-audit --no-fund && npm run build

all-built: packages
	@tools/install-packages test
	@mkdir -p build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C $(BUILD) -j $(JOBS)

unit: all-built  ## install, build and run the tests of the library, in a minute
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS) -L unit

test: all-built  ## install, build and run the whole test suite: the library, and the program as a user runs it
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

sanitize: packages  ## build with warnings as errors and sanitizers, run both suites
	@mkdir -p build
	@cmake -S . -B build/sanitize -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTESSERA_SANITIZE=ON -DTESSERA_WERROR=ON > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C build/sanitize -j $(JOBS)
	@ctest --test-dir build/sanitize --output-on-failure -j $(JOBS) -L 'unit|cli'

tidy: packages  ## look for mistakes with clang-tidy (.clang-tidy), half an hour at first
	@tools/install-packages tidy
	@mkdir -p build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@tools/tidy $(BUILD) $(JOBS)

tsan: packages  ## build with the thread sanitizer, run the tests of what uses threads
	@mkdir -p build
	@cmake -S . -B build/tsan -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTESSERA_SANITIZE_THREAD=ON > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C build/tsan -j $(JOBS) $(addsuffix _test,$(THREADED))
	@ctest --test-dir build/tsan --output-on-failure -R '^($(subst $(eval ) ,|,$(THREADED)))$$'

fuzz: packages  ## damaged and hostile files for every reader, SECONDS each (clang)
	@tools/install-packages fuzz
	@mkdir -p build
	@cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1" -DTESSERA_FUZZ=ON > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C build/fuzz -j $(JOBS) fuzz
	@tools/fuzz build/fuzz $(SECONDS) $(JOBS)

docs: packages  ## rewrite docs/cli from what the program says
	@mkdir -p build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_BUILD_TYPE=Release > build/configure.log 2>&1 || { cat build/configure.log; exit 1; }
	@ninja -C $(BUILD) -j $(JOBS) docs

install: build  ## copy the program to PREFIX/bin, its networks to PREFIX/lib/tessera
	@install -Dm755 $(BUILD)/tessera $(DESTDIR)$(PREFIX)/bin/tessera
	@if [ -f $(BUILD)/libtessera_torch.so ]; then install -Dm755 $(BUILD)/libtessera_torch.so $(DESTDIR)$(PREFIX)/lib/tessera/libtessera_torch.so; fi
	@if [ -f $(BUILD)/libtessera_mpi.so ]; then install -Dm755 $(BUILD)/libtessera_mpi.so $(DESTDIR)$(PREFIX)/lib/tessera/libtessera_mpi.so; fi
	@for model in builtin picker; do install -Dm644 models/$$model.tessera $(DESTDIR)$(PREFIX)/share/tessera/$$model.tessera; done
	@for file in web/report/index.html web/report/report.css web/report/report.js web/dist/view3d.js.gz examples/demo/scene.toml examples/demo/pipeline.toml; do install -Dm644 $$file $(DESTDIR)$(PREFIX)/share/tessera/$$file; done
	@install -Dm644 tools/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tessera
	@mkdir -p $(DESTDIR)$(PREFIX)/share/man/man1 && tools/make-man-page > $(DESTDIR)$(PREFIX)/share/man/man1/tessera.1

clean:  ## remove build/
	@rm -rf build
