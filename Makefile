# What a person types. Everything here works on a fresh Debian-like machine with Rust: `setup` installs the rest.

# What is installed for checks is kept there, beside the compiled RocksDB and the clients of others.
export LEDGERSTONE_CACHE ?= $(HOME)/.cache/ledgerstone

# ccache stands before the compilers, so that RocksDB is compiled once and not once for each profile and checkout.
export PATH := /usr/lib/ccache:$(PATH):$(LEDGERSTONE_CACHE)/tools/bin
export CARGO_TERM_COLOR ?= auto

# Further arguments of `make run`, as in: make run ARGS='--listen 127.0.0.1:8080 --origin log.example.com'
ARGS ?=

# Bounds of `make soak`, further arguments of it, and where its results go: each commit has a file of its own.
SOAK_ROUNDS ?=
SOAK_MINUTES ?= 10
SOAK_ARGS ?=
SOAK_RESULTS ?= docs/reliability/$(COMMIT).jsonl
COMMIT = $(shell git rev-parse --short=12 HEAD)

# Seconds for each target of `make fuzz` (without: five minutes for all), and hours for `make fuzz-long`.
FUZZ_SECONDS ?=
FUZZ_HOURS ?= 10

.DEFAULT_GOAL := help
.PHONY: help setup run client dist test test-web check doc deny fuzz fuzz-long interop conformance bench soak

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 11

setup: ## Install libclang, a C++ compiler and ccache where they are missing
	@scripts/setup

run: setup ## Build, and run a log on 127.0.0.1:3000 with its data under ./data
	@scripts/first-build
	cargo run --release --package ledgerstone -- serve $(ARGS)

client: ## Build the client alone, without RocksDB, libclang and C++: sign, verify, audit, ...
	cargo build --release --locked --package ledgerstone --no-default-features --features client

dist: setup ## Make everything that is handed out: tarballs, a Debian package, an image, checksums
	@scripts/setup dist
	scripts/dist

test: setup ## Run every test
	cargo build --package ledgerstone
	cargo test --workspace

test-web: ## Drive the page in Chromium, and check the types of its scripts
	@scripts/setup web
	cargo build --package ledgerstone
	tests/web/run

check: setup ## Check format, lints, documentation and unused dependencies
	@scripts/setup check
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps
	cargo machete

doc: setup ## Build the documentation of the libraries
	cargo doc --workspace --no-deps

deny: ## Check licences, sources and duplicate versions of the dependencies
	@command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny check bans licenses sources

fuzz: setup ## Give parsers of bytes from outside odd inputs, for five minutes in all
	fuzz/run $(if $(FUZZ_SECONDS),--each $(FUZZ_SECONDS),--total 300)

fuzz-long: setup ## The same for FUZZ_HOURS, shared out by risk
	fuzz/run --total $$(($(FUZZ_HOURS) * 3600))

interop: ## Run published clients against a fresh log
	@scripts/setup interop
	cargo build --package ledgerstone
	tests/interop/run

conformance: setup ## Run the verification cases of the checkout that SIGSTORE_CONFORMANCE names
	cargo build --package ledgerstone
	tests/conformance/run --bin "$${CARGO_TARGET_DIR:-target}/debug/ledgerstone"

bench: setup ## Measure: submissions, durable appends, hashing
	cargo build --release --package ledgerstone
	cargo run --release --package ledgerstone-benches -- submit
	cargo run --release --package ledgerstone-benches -- append
	cargo run --release --package ledgerstone-benches -- hash

soak: ## Try a log with everything that can go wrong, in rounds, for SOAK_MINUTES
	@scripts/setup soak
	cargo build --release --package ledgerstone --package ledgerstone-soak
	$${CARGO_TARGET_DIR:-target}/release/ledgerstone-soak run --minutes $(SOAK_MINUTES) \
		$(if $(SOAK_ROUNDS),--rounds $(SOAK_ROUNDS)) --commit $(COMMIT) --results $(SOAK_RESULTS) $(SOAK_ARGS)
