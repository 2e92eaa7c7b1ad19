# The front door. Each target does its own set-up; a second run is incremental.
#   make demo    sort examples/keywords.csv into categories with a local model
#   make test    every test
#   make bench   zubr and its peers side by side (ONLY=name for one figure)

.PHONY: all build demo test bench clean setup
JOBS ?= $(shell nproc)

all: build

setup:
	@tools/setup.sh

build: setup
	@tools/build.sh release zubr

demo: setup
	@tools/demo.sh

test:
	@tools/setup.sh test
	@tools/test.sh

bench:
	@tools/setup.sh bench
	@tools/bench.sh $(ONLY)

clean:
	rm -rf build
