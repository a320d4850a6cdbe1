# The environment of all that `make` starts. Of the one that it was called in, only what is named here is handed on: whatever else a shell, a
# company's machine or WSL sets (AWS_PROFILE, JAVA_TOOL_OPTIONS, PYTHONPATH, RUSTFLAGS, CC, LD_LIBRARY_PATH, BASH_ENV, TZ, a locale, ...) changes
# nothing of what is built and run here. A list of what is let through, because nobody knows all that some program obeys.

# Who and where, and where to draw.
KEPT := HOME USER LOGNAME SHELL PATH PWD TERM COLORTERM NO_COLOR COLUMNS LINES CI XDG_%
# The way to the registries: proxies, authorities, mirrors, logins, caches.
KEPT += %_proxy %_PROXY SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE MAVEN_MIRROR NETRC SSH_AUTH_SOCK GIT_SSH GIT_SSH_COMMAND GIT_SSL_CAINFO
KEPT += PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_TRUSTED_HOST PIP_CERT PIP_CLIENT_CERT PIP_TIMEOUT PIP_DEFAULT_TIMEOUT
KEPT += PIP_RETRIES PIP_CACHE_DIR PIP_NO_CACHE_DIR PIP_KEYRING_PROVIDER PIP_CONFIG_FILE
KEPT += CARGO_HOME CARGO_HTTP_% CARGO_NET_% CARGO_REGISTRY_% CARGO_REGISTRIES_% CARGO_SOURCE_% CARGO_BUILD_JOBS
KEPT += GOPROXY GOSUMDB GONOSUMDB GOPRIVATE
# Which Rust and which Python.
KEPT += RUSTUP_% PYENV_% ASDF_% MISE_% NIX_%
# What is said to this project.
KEPT += DATA COUNT DRY_RUN STACK YES SEEDS FROM SECONDS BUCKET VPC SUBNET PRODUCER BROKER_PARAMETERS CHROMIUM LOCAL_STACK TLS TRINO_JAVA SHORT
KEPT += KAFKA_BOOTSTRAP_SERVERS KAFKA_TOPIC KAFKA_PROPERTIES
INHERITED := $(foreach name,$(.VARIABLES),$(if $(findstring environment,$(origin $(name))),$(name)))

# These work on an AWS account, whose credentials may come by any program with any variables. They go without what changes our own programs.
ON_AWS := deploy undeploy redrive doctor .doctor deploy-broker restart-brokers upgrade-brokers finish-upgrade renew-certificates replace-broker undeploy-broker
HARMFUL := PYTHON% LD_PRELOAD LD_LIBRARY_PATH BASH_ENV ENV CDPATH POSIXLY_CORRECT GREP_OPTIONS MAKEFILES

# Named, and of no use: a home that is not there, a folder for temporary files that runs no programs, certificates that are gone, ... Looked at before
# the environment is another.
HOME := $(shell local/usable.sh home)
TMPDIR := $(shell local/usable.sh temporary)
MISSING := $(shell local/usable.sh certificates)
CARGO_HOME := $(shell local/usable.sh cargo "$(HOME)")
XDG_CACHE_HOME := $(shell local/usable.sh cache "$(HOME)")
ifneq ($(origin PYTHON),command line)
PYTHON := $(shell local/find-python.sh)
endif
# Only where it is wanted: asking a Java takes a moment. What is named and none is said to be so by prerequisites.sh.
ifneq ($(filter test-athena .test-athena,$(MAKECMDGOALS)),)
TRINO_JAVA := $(or $(shell local/find-java.sh),$(TRINO_JAVA))
export TRINO_JAVA
endif
# librdkafka asks for a C++ compiler without need: its C++ interface is not built (.cargo/config.toml), and any compiler answers.
CXX := $(if $(shell command -v c++),,cc)

LOCALLY := $(if $(filter $(ON_AWS),$(MAKECMDGOALS)),,yes)
# What was typed to this `make` (-j, -k, -B, ...) is not meant for those below.
unexport $(if $(LOCALLY),$(filter-out $(KEPT),$(INHERITED)),$(filter $(HARMFUL),$(INHERITED))) $(MISSING) MAKEFLAGS MFLAGS CXX

export HOME TMPDIR CARGO_HOME XDG_CACHE_HOME PYTHON
ifneq ($(CXX),)
export CXX
endif
export CARGO_TARGET_DIR := $(CURDIR)/target
# librdkafka cannot be built where a path has a space in it: then cargo works elsewhere, and puts its results into target/.
ifneq ($(words $(CURDIR)),1)
export CARGO_BUILD_BUILD_DIR := {cargo-cache-home}/build/{workspace-path-hash}
endif
# Empty, these are still set: what is in ~/.cargo/config.toml and changes what is built does not count. Registries, proxies and logins there do.
export RUSTFLAGS :=
export RUSTDOCFLAGS :=
export RUSTC_WRAPPER :=
export RUSTC_WORKSPACE_WRAPPER :=
# A venv is no place for --user, which a pip.conf may ask for.
export PIP_USER := 0
# Not a terminal's language: what programs print is read, sorted and compared. (Java in Turkish has another lower case of I.)
export LC_ALL := C.UTF-8
# A proxy leads to the registries, not to 127.0.0.1.
COMMA := ,
EMPTY :=
export NO_PROXY := $(subst $(EMPTY) $(EMPTY),$(COMMA),$(sort $(subst $(COMMA), ,$(value no_proxy) $(value NO_PROXY)) 127.0.0.1 localhost))
export no_proxy := $(NO_PROXY)
export SAM_CLI_TELEMETRY := 0
ifneq ($(LOCALLY),)
# sam and boto3 want a region even where they call nobody, and read what is in ~/.aws.
export AWS_DEFAULT_REGION := us-east-1
export AWS_CONFIG_FILE := /dev/null
export AWS_SHARED_CREDENTIALS_FILE := /dev/null
export AWS_EC2_METADATA_DISABLED := true
export __SAM_CLI_APP_DIR := $(CURDIR)/target/tools/sam
endif
