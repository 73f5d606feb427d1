# The two commands of the README are `make demo` and `make test`; both may be repeated at will.
# Everything below is a short door to a script or to CMake, which can be used directly as well.
.PHONY: help setup setup-tests setup-long build build-all demo dist test test-long bench check clean
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## Debian packages and prebuilt parts (installs nothing when all is there)
	@tools/setup

setup-tests:
	@tools/setup --tests

setup-long:
	@tools/setup --tests --long

configure := cmake --preset release --log-level=WARNING

build: setup  ## build/bin/millpond and the Python package build/python
	@$(configure)
	@cmake --build build -j $(JOBS) --target product

build-all: setup-tests
	@$(configure)
	@cmake --build build -j $(JOBS)

demo: build  ## the churn example, from raw files to a scored customer list
	@examples/churn/demo

dist: build  ## build/dist/millpond-VERSION-linux-x86_64.tar.gz: runs without a compiler
	@tools/dist

test: build-all  ## every test, fast and slow; ends with the runner's closing line
	@tools/run-tests -L 'fast|slow'

test-long: build-all setup-long  ## the tests that take hours, a bare Debian from debootstrap among them
	@tools/run-tests -L long

bench: build-all  ## the measured figures of the README, on this machine
	@tools/run-benches

check:  ## format, tidy, build, fast tests: what a change must pass
	@tools/check

clean:  ## remove build/ and build-*/ (not .deps/, not a project's state)
	@rm -rf build build-*
