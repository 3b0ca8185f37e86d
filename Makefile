# One line for each thing to do; longer work is written in Rust.

CARGO ?= cargo
DATA_DIR ?= index-data
LISTEN ?= 127.0.0.1:8080
BASE = http://$(LISTEN)/fhir

.PHONY: help build run test fmt lint doc unit e2e deny bench bench-quick soak

help:
	@echo "make run    build, load the shipped sample, serve on $(LISTEN)"
	@echo "make test   format, lints, documentation, all tests, end-to-end suite"
	@echo "make bench  the national directory (500,000 offers), beside PostgreSQL; bench-quick: 20,000"
	@echo "make soak   about an hour: laws, 200 kills, random requests, load, fuzz targets"

build:
	$(CARGO) build --release --locked -p indexer -p query-api

# The sample is loaded once, into an empty data directory.
run: build
	@test -e "$(DATA_DIR)/CURRENT" || target/release/indexer load --data-dir "$(DATA_DIR)" index-data/sample
	@echo "Try:"
	@echo "  $(BASE)/HealthcareService?_content=cardio&location.near=47.218%7C-1.554%7C20%7Ckm&_include=HealthcareService:location&_pretty=true"
	@echo "  $(BASE)/HealthcareService?organization.price-type=02&organization.price-amount-value=le70&location.near-insee-code=44162%7C20%7Ckm&_pretty=true"
	@echo "  $(BASE)/metadata?_pretty=true"
	target/release/query-api serve --data-dir "$(DATA_DIR)" --listen $(LISTEN)

test: fmt lint doc deny unit e2e

fmt:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" $(CARGO) doc --workspace --no-deps --document-private-items --locked

# `cargo test` does not build another package's binaries: the end-to-end suite needs them first.
unit:
	$(CARGO) test --workspace --exclude e2e --locked

e2e:
	$(CARGO) build --locked -p indexer -p query-api
	$(CARGO) test --locked -p e2e

# Licenses, bans and sources are also checked by a test of query-api, which needs no tool.
deny:
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --offline check licenses bans sources; \
	else echo "cargo-deny is not installed; the test \"dependencies\" checks the same lists"; fi

# BENCH_OFFERS, BENCH_SEED, BENCH_DIR, BENCH_SECONDS, BENCH_POSTGRES, BENCH_ASSERT, BENCH_ONLY: see
# benches/src/settings.rs. The data is made once and kept.
bench: build
	$(CARGO) bench --locked -p benches --bench search

bench-quick: export BENCH_OFFERS = 20000
bench-quick: export BENCH_SECONDS = 1
bench-quick: bench

# The same tests as in `make test`, for longer, and the fuzz targets where cargo-fuzz is installed.
soak:
	PROPTEST_CASES=500 $(CARGO) test --locked -p query-api --lib laws
	PROPTEST_CASES=20000 $(CARGO) test --locked -p query-api --lib fuzzing
	$(CARGO) build --locked -p indexer -p query-api
	E2E_KILLS=200 E2E_SECONDS=60 $(CARGO) test --locked -p e2e --test faults -- --nocapture
	fuzz/run.sh 60
