# The commands of this repository; `make help` lists them. Everything they need they install or name.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Cargo's programs are found, and its toolchain too, when HOME is not the one the toolchain was installed in.
CARGO_BIN := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin
export PATH := $(PATH):$(CARGO_BIN)
ifeq ($(shell cargo --version 2>/dev/null),)
  RUSTUP_NEAR := $(abspath $(dir $(shell command -v cargo))/../../.rustup)
  ifneq ($(wildcard $(RUSTUP_NEAR)/toolchains),)
    export RUSTUP_HOME := $(RUSTUP_NEAR)
  endif
endif

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
NEXTEST := 0.9.151
DENY := 0.20.2
MACHETE := 0.9.2
SQLX := 0.9.0
PROFILE := $(if $(CI),ci,default)
# Tests wait for conditions more than they compute: three for two processors.
export NEXTEST_TEST_THREADS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) * 3 / 2)))
# As it runs in production; DEMO_PROFILE=dev is built sooner.
DEMO_PROFILE ?= release
DEMO := $(TARGET)/$(if $(filter dev,$(DEMO_PROFILE)),debug,$(DEMO_PROFILE))/demo

.PHONY: help demo demo-down bench chaos test test-juju lint fmt sqlx-prepare generate test-peers postgres test-down toolchain tools-test tools-lint lint-sqlx lint-generated

help: ## Show the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: toolchain postgres ## Start a broker with two controllers, adopt a model, move it; leaves all running (target/demo/env)
	cargo build --profile $(DEMO_PROFILE) --workspace --bins
	$(DEMO) up

demo-down: ## Stop what `make demo` started and remove it
	@for demo in $(DEMO) $(TARGET)/{release,debug}/demo; do if [ -x $$demo ]; then exec $$demo down; fi; done; \
	echo "nothing to stop: no demo was built"

bench: toolchain postgres openfga ## Measure the broker beside the straight way (BENCH_ARGS="--quick --only rpc")
	cargo build --release --workspace --bins
	@$(TARGET)/release/bench $(BENCH_ARGS)

chaos: toolchain postgres ## Drain controllers while replicas are killed (CHAOS_ARGS="--rounds 100 --models 1000")
	cargo build --release --workspace --bins
	@trap '$(TARGET)/release/testpg stop' EXIT; $(TARGET)/release/testpg url >/dev/null; $(TARGET)/release/chaos $(CHAOS_ARGS)

test: toolchain postgres tools-test openfga gobakery ## Install what the tests need and run them all
	cargo build --workspace --all-targets
	@trap '$(TARGET)/debug/testpg stop' EXIT; $(TARGET)/debug/testpg url >/dev/null; \
	cargo nextest run --workspace --profile $(PROFILE)

test-juju: toolchain postgres rig-tools ## Run the broker between real juju clients and controllers (as root; builds them once)
	bash tests/real-juju/build.sh
	cargo build --workspace --bins
	$(TARGET)/debug/realjuju

test-peers: toolchain postgres ## Run clients that others wrote through the broker; writes docs/reference/compatibility.md
	cargo build --workspace --bins
	@trap '$(TARGET)/debug/testpg stop' EXIT; $(TARGET)/debug/testpg url >/dev/null; $(TARGET)/debug/testpeers

test-down: ## Stop the Postgres cluster that `cargo nextest run` leaves running
	$(TARGET)/debug/testpg stop

lint: toolchain postgres tools-lint ## Formatting, clippy, dependencies, checked queries, generated files
	cargo fmt --all --check
	cargo machete
	cargo deny --log-level error check --hide-inclusion-graph bans licenses sources
	@if [ -n "$${CI_ADVISORIES:-}" ] || curl -fsSI --max-time 5 https://github.com/RustSec/advisory-db >/dev/null 2>&1; then \
	  cargo deny --log-level error check --hide-inclusion-graph advisories; \
	else echo "advisories: skipped, the advisory database is out of reach (CI_ADVISORIES=1 insists)"; fi
	cargo clippy --workspace --all-targets -- -D warnings
	cargo build -p jimm -p jimmctl -p jimm-tests --bins
	@$(MAKE) lint-generated
	@$(MAKE) lint-sqlx
	@echo "lint: clean"

lint-generated:
	@$(TARGET)/debug/jimmsrv config-reference | diff -u docs/reference/configuration.md - \
	  || { echo "docs/reference/configuration.md is out of date: run make generate"; exit 1; }
	@$(TARGET)/debug/jimmsrv rights-reference | diff -u docs/reference/rights.md - \
	  || { echo "docs/reference/rights.md is out of date: run make generate"; exit 1; }
	@$(TARGET)/debug/jimmsrv events-reference | diff -u docs/reference/events.md - \
	  || { echo "docs/reference/events.md is out of date: run make generate"; exit 1; }
	@$(TARGET)/debug/jimmctl reference | diff -u docs/reference/jimmctl.md - \
	  || { echo "docs/reference/jimmctl.md is out of date: run make generate"; exit 1; }

lint-sqlx:
	@trap '$(TARGET)/debug/testpg drop-scratch' EXIT; \
	export DATABASE_URL="$$($(TARGET)/debug/testpg scratch)"; \
	cd jimm/store && cargo sqlx migrate run && cargo sqlx prepare --check

fmt: ## Format the code
	cargo fmt --all

generate: toolchain ## Write the generated pages anew
	cargo build -p jimm -p jimmctl
	mkdir -p docs/reference
	$(TARGET)/debug/jimmsrv config-reference > docs/reference/configuration.md
	$(TARGET)/debug/jimmsrv rights-reference > docs/reference/rights.md
	$(TARGET)/debug/jimmsrv events-reference > docs/reference/events.md
	$(TARGET)/debug/jimmctl reference > docs/reference/jimmctl.md

sqlx-prepare: toolchain postgres tools-lint ## Write the checked queries of jimm/store anew
	cargo build -p jimm-tests --bin testpg
	@trap '$(TARGET)/debug/testpg drop-scratch' EXIT; \
	export DATABASE_URL="$$($(TARGET)/debug/testpg scratch)"; \
	cd jimm/store && cargo sqlx migrate run && cargo sqlx prepare

# --- what must be there -------------------------------------------------------------------------------------------

toolchain:
	@cargo --version >/dev/null || { echo "no Rust toolchain: install one from https://rustup.rs (1.95 or newer)"; exit 1; }
	@command -v cc >/dev/null || $(MAKE) apt PACKAGES="gcc libc6-dev"

postgres:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then \
	    mkdir -p /etc/postgresql-common; echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf; fi; \
	  $(MAKE) apt PACKAGES=postgresql; }

.PHONY: rig-tools
rig-tools:
	@command -v ip >/dev/null && command -v openssl >/dev/null && command -v python3 >/dev/null && command -v ps >/dev/null \
	  || $(MAKE) apt PACKAGES="iproute2 openssl procps python3"

# The OpenFGA server that tests ask. Without Go there is none, and those tests say so.
.PHONY: openfga
openfga: toolchain
	@bash tests/openfga/build.sh >/dev/null || [ $$? = 3 ]

# The Go macaroon bakery, as the other side. Without Go there is none, and those tests say so.
.PHONY: gobakery
gobakery: toolchain
	@bash tests/bakery/build.sh >/dev/null || [ $$? = 3 ]

.PHONY: apt
apt:
	@if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "missing: $(PACKAGES). Install it, on Debian with: sudo apt-get install $(PACKAGES)"; exit 1; fi
	@echo "installing $(PACKAGES)"
	@export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update </dev/null && \
	apt-get -qq install -y --no-install-recommends -o Dpkg::Options::=--force-confold $(PACKAGES) </dev/null >/dev/null

# Quick builds of the tools: they run once.
QUICK := CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
  CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_STRIP=debuginfo
install = cargo $(1) --version 2>/dev/null | grep -qF ' $(3)' || $(QUICK) cargo install --locked --quiet $(2)@$(3) $(4)

tools-test:
	@$(call install,nextest,cargo-nextest,$(NEXTEST),)

tools-lint:
	@cargo fmt --version >/dev/null && cargo clippy --version >/dev/null || \
	  { echo "rustfmt or clippy is missing: rustup component add rustfmt clippy"; exit 1; }
	@$(call install,deny,cargo-deny,$(DENY),)
	@cargo machete --version 2>/dev/null | grep -qF '$(MACHETE)' || $(QUICK) cargo install --locked --quiet cargo-machete@$(MACHETE)
	@$(call install,sqlx,sqlx-cli,$(SQLX),--no-default-features --features postgres$(comma)rustls)

comma := ,
