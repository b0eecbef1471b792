# One command a task; a bare `make` lists them. Only a C++ compiler and Python (>= 3.10, with venv) come from the
# system; everything else is installed into .venv by the target that needs it.
#
#   PYTHON=python3.12        the interpreter that .venv is made from
#   CXX=clang++              the compiler
#   PIP_EXTRA_INDEX_URL=...  where pip finds a CPU build of torch, for instance https://download.pytorch.org/whl/cpu
PYTHON ?= python3
FUZZ_SECS ?= 60
BENCH_ARGS ?=
TEST_ARGS ?=
TORTURE_ARGS ?=
AARCH64_ARGS ?=
WHEELS_ARGS ?=
LINKS_ARGS ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV := .venv
STAMPS := $(VENV)/stamps
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -q
export PATH := $(abspath $(VENV)/bin):$(PATH)
export CMAKE_GENERATOR := Ninja
# Make sets CXX to g++ by itself; only a choice made by the caller is passed on.
ifneq ($(origin CXX),default)
  export CXX
endif

NATIVE := $(shell find csrc tests/native tests/fuzz -name '*.cc' -o -name '*.h' 2>/dev/null)
BUILD_INPUTS := CMakeLists.txt pyproject.toml README.md LICENSE $(shell find csrc python/tickertape -type f \
  -name '*.cc' -o -type f -name '*.h' -o -type f -name '*.py' -o -type f -name '*.pyi' -o -name py.typed)
# clang-tidy reads what this system compiles.
TIDY_FILES := $(shell find csrc -name '*.cc' ! -name '*_macos.cc' ! -name '*_windows.cc')
HEADERS := $(shell find csrc -name '*.h')

.PHONY: help demo test test-integrations test-browser test-old-tensorboard docs test-docs links docs-pictures native-test python-test lint lint-ruff lint-format lint-types free-threaded tidy format bench bench-serve scale cluster asan asan-bindings asan-native tsan aarch64 musl macos windows windows-native windows-python windows-module torture torture-remote failures fuzz fuzz-keep wheel wheels wheel-test wheel-smoke release-check clean
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' Makefile

# --- the environment ---------------------------------------------------------------------------------------------

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 10) else \
	  f"tickertape needs Python >= 3.10; $(PYTHON) is {sys.version.split()[0]} (choose one with PYTHON=...)")'
	@echo "== $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/build-tools: tests/constraints.txt $(STAMPS)/venv
	@echo "== build tools"
	@$(PIP) install -c tests/constraints.txt cmake ninja pybind11 scikit-build-core
	@touch $@

$(STAMPS)/test-set: tests/requirements.txt tests/constraints.txt $(STAMPS)/venv
	@echo "== test set (torch is the largest part of it)"
	@$(PIP) install -r tests/requirements.txt
	@touch $@ $(STAMPS)/build-tools

# The list of the package's inputs, rewritten only when it changes: a deleted file asks for a rebuild too.
build/inputs: FORCE
	@mkdir -p build
	@printf '%s\n' $(BUILD_INPUTS) | cmp -s - $@ || printf '%s\n' $(BUILD_INPUTS) > $@
FORCE:

# Without build isolation, in one folder: a rebuild compiles what changed. TICKERTAPE_UNITY=OFF compiles each file by itself,
# which takes three times as long for all of them, but less for one.
INSTALL = SKBUILD_BUILD_DIR=build/python $(PIP) install --no-build-isolation

$(STAMPS)/package: $(BUILD_INPUTS) build/inputs | $(STAMPS)/build-tools
	@echo "== package"
	@$(INSTALL) .
	@touch $@

$(STAMPS)/demo: $(BUILD_INPUTS) build/inputs | $(STAMPS)/build-tools
	@echo "== package and what its demo needs"
	@$(INSTALL) '.[demo]'
	@touch $@ $(STAMPS)/package

# --- the tasks ---------------------------------------------------------------------------------------------------

demo: $(STAMPS)/demo ## build, install, train on real digits and log it all
	@$(VENV)/bin/python -m tickertape demo

# Both halves run whatever the first one says, and their closing lines come last.
test: $(STAMPS)/test-set ## native tests and pytest on the installed package
	@status=0; \
	$(MAKE) native-test || status=1; \
	$(MAKE) python-test || status=1; \
	echo "== summary"; \
	tail -n 4 build/ctest.log 2>/dev/null | grep . || echo "ctest: did not run"; \
	tail -n 1 build/pytest.log 2>/dev/null | grep . || echo "pytest: did not run"; \
	exit $$status

native-test: $(STAMPS)/build-tools
	@rm -f build/ctest.log
	@echo "== native tests"
	@cmake --preset dev --log-level=WARNING >/dev/null
	@cmake --build --preset dev -j $(JOBS) -- --quiet
	@ctest --preset dev -j $(JOBS) 2>&1 | tee build/ctest.log

PYTEST_LOG := build/pytest.log
python-test: export TICKERTAPE_WERROR = ON
python-test: $(STAMPS)/test-set
	@rm -f $(PYTEST_LOG)
	@$(MAKE) $(STAMPS)/package
	@echo "== pytest"
	@$(VENV)/bin/python -m pytest $(TEST_ARGS) 2>&1 | tee $(PYTEST_LOG)

# Parts of their own, so that make -k names every finding and not only the first tool's.
lint: lint-ruff lint-format lint-types free-threaded tidy ## ruff, mypy, stubtest, clang-format, free-threaded, clang-tidy
lint-types: export TICKERTAPE_WERROR = ON

lint-ruff: $(STAMPS)/test-set
	@echo "== ruff"; ruff check --quiet . && ruff format --check --quiet .

lint-format: $(STAMPS)/test-set
	@echo "== clang-format"; clang-format --dry-run -Werror $(NATIVE)

lint-types: $(STAMPS)/test-set
	@$(MAKE) $(STAMPS)/package
	@echo "== mypy"; mypy
	@echo "== stubtest"; $(VENV)/bin/python -m pytest -q --no-header --no-summary tests/structure/test_stubs.py

# The headers are those of any Python >= 3.13, which has no GIL where Py_GIL_DISABLED is defined. Without such headers CI fails, and
# nobody else.
FREE_THREADED_HEADERS ?= $(firstword $(foreach folder,$(HOME)/.pyenv/versions/*/include /usr/local/include /usr/include, \
  $(wildcard $(folder)/python3.1[3-9]t $(folder)/python3.1[3-9])))
free-threaded: $(STAMPS)/build-tools ## check that the bindings compile for a Python without the GIL
	@echo "== bindings without the GIL"; if [ ! -e "$(FREE_THREADED_HEADERS)/Python.h" ]; then \
	  echo "skipped: no headers of Python >= 3.13; set FREE_THREADED_HEADERS"; [ -z "$${CI:-}" ]; exit; fi; \
	find csrc/bindings -name '*.cc' | LC_ALL=C sort | sed 's/.*/#include "&"/' | \
	  $(CXX) -fsyntax-only -x c++ -std=c++20 -fvisibility=hidden -DPy_GIL_DISABLED=1 -Wall -Wextra -Wconversion -Wshadow -Werror -I. -Icsrc \
	  -isystem "$$($(VENV)/bin/python -c 'import pybind11; print(pybind11.get_include())')" -isystem $(FREE_THREADED_HEADERS) -

format: $(STAMPS)/test-set ## ruff's and clang-format's layout, and the fixes that ruff calls safe
	@ruff check --quiet --fix . || true
	@ruff format --quiet .
	@clang-format -i $(NATIVE)

# One stamp a file, so that a second run looks only at what changed. The build folder is configured only: clang-tidy needs
# the commands that compile each file by itself.
TIDY_COMMANDS := build/tidy/compile_commands.json
tidy: $(TIDY_COMMANDS)
	@echo "== clang-tidy"; $(MAKE) -j $(JOBS) $(TIDY_FILES:%=build/tidy/done/%)

$(TIDY_COMMANDS): CMakeLists.txt CMakePresets.json build/inputs | $(STAMPS)/test-set
	@cmake --preset tidy --log-level=WARNING -DPython_EXECUTABLE=$(abspath $(VENV)/bin/python) \
	  -Dpybind11_DIR="$$($(VENV)/bin/python -m pybind11 --cmakedir)" >/dev/null
	@touch $@

build/tidy/done/%: % .clang-tidy $(HEADERS)
	@clang-tidy --quiet -p build/tidy $< 2>/dev/null
	@mkdir -p $(@D) && touch $@

bench: $(STAMPS)/test-set ## measure against torch and tensorboardX, print the ratios
	@$(MAKE) $(STAMPS)/package
	@mkdir -p build
	@$(VENV)/bin/python -m pytest benchmarks -o python_files='bench_*.py' \
	  --benchmark-quiet --benchmark-json=build/bench.json $(BENCH_ARGS)

bench-serve: $(STAMPS)/test-set ## TensorBoard on our reader beside its own two: time to loaded, memory, idle cost
	@$(MAKE) $(STAMPS)/package
	@mkdir -p build
	@$(VENV)/bin/python benchmarks/bench_serve.py --json build/serve-report.json $(BENCH_ARGS)

scale: $(STAMPS)/test-set ## 64 processes with 1,024 writers at 1 kHz: memory, rings, open files, and their growth; SCALE_ARGS='--secs 60'
	@$(MAKE) $(STAMPS)/package
	@mkdir -p build
	@$(VENV)/bin/python benchmarks/scale.py --json build/scale.json $(SCALE_ARGS)

cluster: $(STAMPS)/test-set ## 64 writers and one bucket for 10 minutes: upload lag, requests, memory (docs/remote.md)
	@$(MAKE) $(STAMPS)/package
	@mkdir -p build
	@$(VENV)/bin/python benchmarks/cluster.py --json build/cluster.json $(CLUSTER_ARGS)

# --- real stacks and a real browser --------------------------------------------------------------------------------
# Both in an environment of their own: what the stacks ask for shall not decide what the tests above run with.

STACKS := .venv-integrations

$(STACKS)/installed: tests/integrations/requirements.txt tests/integrations/constraints.txt
	@echo "== $(STACKS) (the stacks are large)"
	@$(PYTHON) -m venv --clear $(STACKS)
	@$(STACKS)/bin/python -m pip --disable-pip-version-check -q install -r $<
	@touch $@

# The wheel is made in .venv, which has the last build.
$(STACKS)/package: $(BUILD_INPUTS) build/inputs $(STACKS)/installed | $(STAMPS)/build-tools
	@echo "== package"
	@rm -rf build/stacks-wheel
	@SKBUILD_BUILD_DIR=build/python $(PIP) wheel --no-build-isolation --no-deps -w build/stacks-wheel .
	@$(STACKS)/bin/python -m pip --disable-pip-version-check -q install --force-reinstall --no-deps build/stacks-wheel/*.whl
	@touch $@

test-integrations: $(STACKS)/package ## Lightning, transformers, wandb, ... and the examples, trained with our writer
	@mkdir -p build && rm -f build/integrations.log
	@echo "== pytest (integrations)"
	@$(STACKS)/bin/python -m pytest -c tests/integrations/pytest.ini $(TEST_ARGS) tests/integrations 2>&1 \
	  | tee build/integrations.log

test-browser: $(STACKS)/package ## what TensorBoard shows of our files, in headless Chromium; pictures in artifacts/
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
	  { echo "== chromium"; apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium >/dev/null; } || true
	@mkdir -p build && rm -f build/browser.log
	@echo "== pytest (browser)"
	@$(STACKS)/bin/python -m pytest -c tests/browser/pytest.ini $(TEST_ARGS) tests/browser 2>&1 | tee build/browser.log

# --- the documentation -------------------------------------------------------------------------------------------

DOCS := .venv-docs

$(DOCS)/installed: docs/requirements.txt
	@echo "== $(DOCS)"
	@$(PYTHON) -m venv --clear $(DOCS)
	@$(DOCS)/bin/python -m pip --disable-pip-version-check -q install -r $<
	@touch $@

# mkdocs reads the sources; neither the package nor the network is needed. Not --quiet: it would not count warnings.
docs: $(DOCS)/installed ## the documentation as a site in build/site; a warning or a dead link is an error
	@PATH=$(abspath $(DOCS)/bin):$$PATH NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict 2>&1 | { grep -v '^INFO' || true; }
	@$(LYCHEE) --offline
	@echo "build/site/index.html"

# The pages as they are in the repository: mkdocs has its own idea of links, and not all of them are in the site.
LYCHEE = $(DOCS)/bin/lychee --include-fragments --no-progress --quiet *.md docs

links: $(DOCS)/installed ## look up the links of the documentation that lead outside, too (needs the network)
	@$(LYCHEE) $(LINKS_ARGS)

test-docs: $(STAMPS)/test-set docs ## run every code block of README.md and docs/, and compare the site with the public names
	@rm -f build/docs.log
	@$(MAKE) $(STAMPS)/package
	@echo "== pytest (docs)"
	@$(VENV)/bin/python -m pytest $(TEST_ARGS) tests/docs 2>&1 | tee build/docs.log

docs-pictures: ## make docs/pictures anew, from what `make test-browser` saw
	@$(STACKS)/bin/python docs/pictures/keep.py

# The oldest TensorBoard that is supported, and our data server on its packages: in .venv only one TensorBoard can be.
OLD_TENSORBOARD := .venv-tensorboard-2.14

$(OLD_TENSORBOARD)/installed:
	@echo "== $(OLD_TENSORBOARD)"
	@$(PYTHON) -m venv --clear $(OLD_TENSORBOARD)
	@$(OLD_TENSORBOARD)/bin/python -m pip --disable-pip-version-check -q install 'tensorboard==2.14.0' 'protobuf<5' 'numpy<2' \
	  'setuptools<81' six
	@touch $@

$(OLD_TENSORBOARD)/package: $(BUILD_INPUTS) build/inputs $(OLD_TENSORBOARD)/installed | $(STAMPS)/build-tools
	@rm -rf build/old-wheel
	@SKBUILD_BUILD_DIR=build/python $(PIP) wheel --no-build-isolation --no-deps -w build/old-wheel .
	@$(OLD_TENSORBOARD)/bin/python -m pip --disable-pip-version-check -q install --force-reinstall --no-deps build/old-wheel/*.whl
	@touch $@

test-old-tensorboard: $(STAMPS)/test-set $(OLD_TENSORBOARD)/package ## the answers of TensorBoard 2.14 on our data server
	@$(MAKE) $(STAMPS)/package
	@TICKERTAPE_OLD_TENSORBOARD=$(abspath $(OLD_TENSORBOARD)/bin/python) $(VENV)/bin/python -m pytest -q -k oldest \
	  tests/unit/serve/test_same_answers.py tests/unit/serve/test_view.py

# --- sanitizers --------------------------------------------------------------------------------------------------
# GCC's, because its runtime can be preloaded into an interpreter that knows nothing of it.

# What asserts memory, counts instructions, or preloads a library of its own.
NOT_SANITIZED := --ignore tests/unit/cli/test_bench.py --ignore tests/faults/test_nth_failure.py --ignore tests/faults/test_allocations.py \
  --ignore tests/faults/test_bounds.py \
  --deselect tests/faults/test_stalled_disk.py::test_large_images_keep_to_the_budget \
  --deselect tests/unit/reader/test_index_damage.py::test_many_tags \
  --deselect tests/unit/reader/test_index_hostile.py::test_a_hundred_thousand_files \
  --deselect tests/unit/reader/test_messages.py::test_an_event_of_many_values_makes_objects_in_proportion

asan asan-native tsan: export CXX = g++
asan-native: $(STAMPS)/build-tools ## native tests under AddressSanitizer and UBSan
	@echo "== native tests (asan)"; rm -f build/asan.log
	@cmake --preset asan --log-level=WARNING >/dev/null
	@cmake --build --preset asan -j $(JOBS) -- --quiet
	@UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ctest --preset asan -j $(JOBS) 2>&1 | tee build/asan.log

asan: $(STAMPS)/test-set asan-native ## the same, and pytest
	@echo "== pytest (asan)"
	@rm -rf build/asan-site
	@TICKERTAPE_SANITIZE=address,undefined SKBUILD_BUILD_DIR=build/asan-python \
	  $(PIP) install --no-build-isolation --no-deps --target build/asan-site .
	@LD_PRELOAD="$$(g++ -print-file-name=libasan.so) $$(g++ -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0:handle_sigbus=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 PYTHONMALLOC=malloc \
	  PYTHONPATH=$(abspath build/asan-site) $(VENV)/bin/python -m pytest $(NOT_SANITIZED) $(TEST_ARGS)

# What hands Python's objects to the core and back. With TEST_ARGS, `make asan` runs any other tests.
asan-bindings: TEST_ARGS = tests/unit/convert tests/unit/reader tests/conformance/test_protobuf_agrees.py \
  tests/faults/test_failing_objects.py tests/faults/test_unseen_files.py tests/faults/test_cut_ring.py tests/unit/cli tests/unit/serve/test_scalars_response.py
asan-bindings: asan ## asan with the tests of the bindings alone

# setarch -R: ThreadSanitizer of GCC 12 gives up on kernels that randomise more address bits than it knows.
# Left out are the tests that start neither threads nor processes (the preset names them).
tsan: $(STAMPS)/build-tools ## native tests under ThreadSanitizer
	@echo "== native tests (tsan)"; rm -f build/tsan.log
	@cmake --preset tsan --log-level=WARNING >/dev/null
	@cmake --build --preset tsan -j $(JOBS) -- --quiet
	@TSAN_OPTIONS=halt_on_error=1 $$(setarch -R true 2>/dev/null && echo setarch -R) ctest --preset tsan -j $(JOBS) 2>&1 | tee build/tsan.log

# Static, so that the emulator needs no libraries of the other processor. Left out are the tests that look at when another
# process began (qemu tells a process another start of itself in /proc/self/stat than the others see), one that starts itself
# as a program (the kernel does not run it without qemu), and those that touch
# a page behind the end of a file: qemu-user 7.2 stops there with an assertion of its own (cpu-exec.c:954).
NOT_EMULATED := ^(recovery\.(living|terminated)_process|drain\.(cut_ring|sigbus_handlers))$$
aarch64: $(STAMPS)/build-tools ## native tests for aarch64, under qemu (Debian: g++-aarch64-linux-gnu qemu-user-static)
	@for tool in aarch64-linux-gnu-g++ qemu-aarch64-static; do \
	  command -v $$tool >/dev/null || { echo "make aarch64 needs $$tool"; exit 1; }; done
	@echo "== native tests (aarch64)"; rm -f build/aarch64.log
	@cmake --preset aarch64 --log-level=WARNING >/dev/null
	@cmake --build --preset aarch64 -j $(JOBS) -- --quiet
	@ctest --preset aarch64 -j $(JOBS) -E '$(NOT_EMULATED)' $(AARCH64_ARGS) 2>&1 | tee build/aarch64.log

# With the compiler and the flags of the wheels, and with the stacks that musl gives threads unless told otherwise (128 KiB).
# x86-64 runs natively; the tests that are left out for aarch64 are those of `make aarch64`.
MUSL_PROCESSORS ?= x86_64 aarch64
musl: export CMAKE_CXX_COMPILER_LAUNCHER =
musl: $(STAMPS)/build-tools $(STAMPS)/zig ## native tests on musl instead of glibc, for x86-64 and (under qemu) aarch64
	@rm -f build/musl.log; for processor in $(MUSL_PROCESSORS); do \
	  echo "== native tests (musl, $$processor)"; \
	  cmake --preset musl-$$processor --log-level=WARNING >/dev/null; \
	  cmake --build --preset musl-$$processor -j $(JOBS) -- --quiet; \
	  ctest --preset musl-$$processor -j $(JOBS) $$([ $$processor = x86_64 ] || echo -E '$(NOT_EMULATED)') 2>&1 | tee -a build/musl.log; \
	done

# zig's clang has the headers and stubs of macOS. It keeps its own cache of compiled files (~/.cache/zig), so ccache is left out.
$(STAMPS)/zig: tests/constraints.txt $(STAMPS)/venv
	@echo "== zig"
	@$(PIP) install -c tests/constraints.txt ziglang
	@ln -sf "$$($(VENV)/bin/python -c 'import ziglang, pathlib; print(pathlib.Path(ziglang.__file__).parent / "zig")')" $(VENV)/bin/zig
	@touch $@

OTHER_PYTHON = -DPython_EXECUTABLE=$(abspath $(VENV)/bin/python) -Dpybind11_DIR="$$($(VENV)/bin/python -m pybind11 --cmakedir)"
MACOS_PROCESSORS ?= arm64 x86_64
MACOS_TARGET ?= all
macos: export CMAKE_CXX_COMPILER_LAUNCHER =
macos: $(STAMPS)/build-tools $(STAMPS)/zig ## compile and link core, native tests and Python module for macOS (nothing can run here)
	@$(VENV)/bin/python .ci/cross_python.py macos build/macos-python
	@rm -f build/macos.log; for processor in $(MACOS_PROCESSORS); do \
	  echo "== $(MACOS_TARGET) (macOS, $$processor)"; \
	  cmake --preset macos-$$processor --log-level=WARNING $(OTHER_PYTHON) >/dev/null; \
	  cmake --build --preset macos-$$processor -j $(JOBS) --target $(MACOS_TARGET) -- --quiet; \
	  echo "macos $$processor: $(MACOS_TARGET) built, not run" | tee -a build/macos.log; \
	done

# wine has a Windows of its own in build/wine. Tests that need fork() or signals are listed as skipped.
WINDOWS_ARGS ?=
WINDOWS_TESTS ?= tests/unit/convert/test_windows_names.py tests/unit/convert/test_urls.py tests/faults/test_terminated.py
WINDOWS_PYTHON := build/windows-python
windows: windows-native windows-python ## native tests and the package for Windows, under wine (Debian: g++-mingw-w64-x86-64-posix wine64)

windows-native: $(STAMPS)/build-tools build/wine/system.reg
	@echo "== native tests (Windows)"; rm -f build/windows.log
	@cmake --preset windows --log-level=WARNING >/dev/null
	@cmake --build --preset windows -j $(JOBS) -- --quiet
	@ctest --preset windows -j $(JOBS) $(WINDOWS_ARGS) 2>&1 | tee build/windows.log

build/wine/system.reg:
	@command -v x86_64-w64-mingw32-g++-posix >/dev/null || \
	  { echo "make windows needs x86_64-w64-mingw32-g++-posix (Debian: g++-mingw-w64-x86-64-posix)"; exit 1; }
	@[ -x /usr/lib/wine/wine64 ] || command -v wine64 wine >/dev/null || { echo "make windows needs wine64 (Debian: wine64)"; exit 1; }
	@.ci/wine wineboot -i >/dev/null 2>&1

# The module in python.org's interpreter, with NumPy and without torch (.ci/cross_python.py).
windows-module: $(STAMPS)/build-tools $(WINDOWS_PYTHON)/ready ## the Python module for Windows
	@echo "== Python module (Windows)"
	@cmake --preset windows-module -Wno-unused-cli --log-level=WARNING $(OTHER_PYTHON) \
	  -DPython_LIBRARY="$$(ls $(abspath $(WINDOWS_PYTHON))/libpython3*.a)" >/dev/null
	@cmake --build --preset windows-module -j $(JOBS) -- --quiet
	@rm -rf $(WINDOWS_PYTHON)/site-packages/tickertape
	@cp -r python/tickertape $(WINDOWS_PYTHON)/site-packages
	@cp build/windows-module/_core.pyd $(WINDOWS_PYTHON)/site-packages/tickertape

$(WINDOWS_PYTHON)/ready: .ci/cross_python.py $(STAMPS)/venv
	@echo "== Python for Windows"
	@$(VENV)/bin/python .ci/cross_python.py windows $(@D)
	@touch $@

windows-python: windows-module build/wine/system.reg
	@echo "== pytest (Windows)"; rm -f build/windows-python.log
	@PYTHONUTF8=1 .ci/wine $(WINDOWS_PYTHON)/python.exe -m pytest $(WINDOWS_TESTS) </dev/null 2>&1 | tee build/windows-python.log

torture: $(STAMPS)/test-set ## kill writers at random, 500 times and until 50 M events are acknowledged, and count (about 40 minutes)
	@$(MAKE) $(STAMPS)/package
	@$(VENV)/bin/python tests/torture/kill.py $(TORTURE_ARGS)

torture-remote: $(STAMPS)/test-set ## the same for runs with a URL, 200 times, while the store refuses now and then
	@$(MAKE) $(STAMPS)/package
	@$(VENV)/bin/python tests/torture/remote_kill.py $(TORTURE_ARGS)
	@$(VENV)/bin/python tests/torture/bucket_kill.py

failures: $(STAMPS)/test-set native-test ## fail each call of malloc, write, open, ... in turn, once and for good
	@$(MAKE) $(STAMPS)/package
	@TICKERTAPE_ALL_FAILURES=1 $(VENV)/bin/python -m pytest -o timeout=3600 tests/faults/test_nth_failure.py

# New inputs go to build/corpus; tests/fuzz/corpus holds the ones that are kept, which the native tests run too. What ends a
# target is in build/fuzz/NAME-*; the others run nevertheless.
fuzz: $(STAMPS)/build-tools ## run each fuzz target for FUZZ_SECS on the kept corpus (needs clang)
	@command -v clang++ >/dev/null || { echo "make fuzz needs clang++ with libFuzzer (Debian: clang)"; exit 1; }
	@cmake --preset fuzz --log-level=WARNING >/dev/null
	@cmake --build --preset fuzz -j $(JOBS) -- --quiet
	@rm -f build/fuzz.log build/fuzz/*.result; status=0; \
	$(MAKE) -k -j $(JOBS) $$(cd build/fuzz && printf 'fuzz-one/%s ' *_fuzz) || status=1; \
	cat build/fuzz/*.result >build/fuzz.log; exit $$status

fuzz-one/%:
	@mkdir -p build/corpus/$*; status=0; \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 build/fuzz/$* -max_total_time=$(FUZZ_SECS) -max_len=4096 -timeout=60 \
	  -print_final_stats=1 -artifact_prefix=build/fuzz/$*- build/corpus/$* tests/fuzz/corpus/$* \
	  >build/fuzz/$*.log 2>&1 && result=clean || { result=FAILED; status=1; tail -n 40 build/fuzz/$*.log; }; \
	cov=$$(grep -ao 'cov: [0-9]*' build/fuzz/$*.log | tail -n 1); \
	runs=$$(grep -ao 'number_of_executed_units: [0-9]*' build/fuzz/$*.log | grep -o '[0-9]*' || true); \
	echo "$*: $$result, $${runs:-no} runs, $$cov" | tee build/fuzz/$*.result; exit $$status

# The union of both corpora, as few inputs as cover the same: what to commit after a long run.
fuzz-keep: ## minimise build/corpus into tests/fuzz/corpus
	@for target in build/fuzz/*_fuzz; do \
	  name=$$(basename $$target); mkdir -p build/merged/$$name; \
	  $$target -merge=1 build/merged/$$name tests/fuzz/corpus/$$name build/corpus/$$name 2>&1 | tail -n 1; \
	done; du -sh build/merged

# --- packages ----------------------------------------------------------------------------------------------------

wheel: $(STAMPS)/venv ## build a wheel into dist/, as pip would for a user
	@rm -rf dist
	@SKBUILD_BUILD_DIR=build/wheel $(PIP) wheel --no-deps -w dist .
	@ls dist/*.whl

# For each CPython and each target (docs/installing.md); WHEELS_ARGS='--python 3.12 --target manylinux_2_28_x86_64' for one.
wheels: $(STAMPS)/wheel-tools ## build and audit the Linux wheels of every Python found, in wheelhouse/; needs no compiler
	@$(VENV)/bin/python .ci/wheels/build.py --out wheelhouse $(WHEELS_ARGS)

$(STAMPS)/wheel-tools: .ci/wheels/requirements.txt .ci/wheels/backend.txt tests/constraints.txt $(STAMPS)/venv
	@echo "== what wheels are built with"
	@$(PIP) install -r $<
	@$(PIP) install --upgrade --target $(VENV)/wheel-backend --python-version 3.10 --only-binary :all: \
	  -r .ci/wheels/backend.txt
	@touch $@

# The tests below install from the folder FROM: pip chooses the wheel that fits. Without it they build one.
# The tests are copied away from the sources, so that nothing but the wheel can be imported.
FROM ?=
FROM_FOLDER := $(abspath $(or $(FROM),dist))
wheel-test: $(if $(FROM),,wheel) ## install that wheel (or one of FROM=wheelhouse) into an empty environment and run the tests there
	@rm -rf .venv-wheel build/wheel-test && mkdir -p build/wheel-test
	@$(PYTHON) -m venv .venv-wheel
	@.venv-wheel/bin/python -m pip --disable-pip-version-check -q install --no-deps --no-index --find-links $(FROM_FOLDER) tickertape
	@.venv-wheel/bin/python -m pip --disable-pip-version-check -q install -r tests/requirements.txt
	@cp -r tests pyproject.toml build/wheel-test
	@cd build/wheel-test && ../../.venv-wheel/bin/pytest $(TEST_ARGS)

# For a machine with a GPU and without a network: carry build/gpu-kit.tar there, and run its .ci/gpu_check.py --wheel wheels/tick*
# with the Python that has torch (of the same version as $(PYTHON)). WHEEL=... takes a wheel that is built already.
gpu-kit: $(if $(WHEEL),,wheel) ## build/gpu-kit.tar: a wheel, the GPU tests, the device benchmark and what they need
	@rm -rf build/gpu-kit && mkdir -p build/gpu-kit/wheels
	@cp $(or $(WHEEL),dist/*.whl) build/gpu-kit/wheels
	@$(PYTHON) -m pip --disable-pip-version-check -q download -d build/gpu-kit/wheels --only-binary :all: \
	  pytest pytest-timeout hypothesis crc32c pillow tensorboard tensorboardX
	@cp -r .ci benchmarks tests pyproject.toml build/gpu-kit
	@tar -C build -cf build/gpu-kit.tar gpu-kit; ls -l build/gpu-kit.tar

gpu-check: ## run the GPU tests and the device benchmark, at most 6 minutes; WHEEL=... is installed first
	@$(or $(GPU_PYTHON),$(if $(WHEEL),$(PYTHON),$(VENV)/bin/python)) .ci/gpu_check.py $(if $(WHEEL),--wheel $(WHEEL))

# What needs none of the large packages: for a Python that torch does not have yet, or in a minute.
SMOKE := .venv-smoke
wheel-smoke: $(if $(FROM),,wheel) ## as wheel-test, for any PYTHON=..., without torch
	@rm -rf $(SMOKE) build/wheel-smoke && mkdir -p build/wheel-smoke
	@$(PYTHON) -m venv $(SMOKE)
	@$(SMOKE)/bin/python -m pip --disable-pip-version-check -q install --no-deps --no-index --find-links $(FROM_FOLDER) tickertape
	@$(SMOKE)/bin/python -m pip --disable-pip-version-check -q install -c tests/constraints.txt \
	  numpy pytest pytest-timeout hypothesis crc32c fsspec pillow protobuf tensorboard tensorboardX matplotlib ml_dtypes
	@cp -r tests pyproject.toml build/wheel-smoke
	@cd build/wheel-smoke && ../../$(SMOKE)/bin/pytest --ignore tests/unit/cli/test_bench.py $(TEST_ARGS)

# Nothing is published by this: it says whether this commit could be. Every part runs, whatever the others say.
release-check: $(STAMPS)/wheel-tools wheels ## clean tree, changelog, sdist, audited wheels, README, docs, and tests on the wheel of the sdist
	@status=0; \
	$(VENV)/bin/python .ci/release_check.py || status=1; \
	$(MAKE) docs || status=1; \
	$(MAKE) wheel-smoke FROM=dist || status=1; \
	exit $$status

clean: ## remove what the targets made, .venv too
	rm -rf $(VENV) $(STACKS) $(OLD_TENSORBOARD) .venv-wheel $(SMOKE) build dist wheelhouse .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
