# The project's commands. `make run` and `make test` work on a fresh Debian machine with git, make and Rust.

.DEFAULT_GOAL := help
.PHONY: run test bench nightly help

# Where `make run` keeps its database.
DATA ?= ./data

run: ## Build bailey and start it on an embedded database in ./data, with demo models, users and workspaces
	@scripts/install-build-tools.sh
	cargo build --release --package bailey
	@target="$${CARGO_TARGET_DIR:-target}"; exec "$$target/release/bailey" serve --data "$(DATA)" --demo

test: ## Install what the tests need, then run every check and test
	@scripts/install-test-tools.sh
	cargo xtask ci

bench: ## Install nginx, wrk and LiteLLM, then run the benchmarks
	@scripts/install-bench-tools.sh
	cargo xtask bench

nightly: ## Install cargo-fuzz, then run the tests in release mode with longer sets and fuzz each target for a minute
	@scripts/install-test-tools.sh
	@scripts/install-nightly-tools.sh
	cargo xtask nightly

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
