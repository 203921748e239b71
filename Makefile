# Freshet. `make demo` and `make test` do everything; see HACKING.md for the rest.
#   DEV=1            warnings are errors
#   SAN=address,undefined (or thread)
#   T=name           one test
#   BUILD=dir        where everything built goes

BUILD ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := $(if $(findstring clang,$(CC)),clang++,g++)
endif
PKGS := rdkafka jansson libmicrohttpd libxxhash libcrypto zlib
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null)

CFLAGS ?= -O2 -g
# What makes a fault in memory hard to use; HARDEN= turns it off. Sanitizers bring their own checks.
HARDEN ?= -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=2
HARDEN_LINK ?= -pie -Wl,-z,relro,-z,now,-z,noexecstack
WARN := -Wall -Wextra -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wshadow -Wwrite-strings -Wformat=2 \
	-Wno-format-zero-length -Wno-unused-parameter -Wno-psabi
ifdef DEV
WARN += -Werror
endif
comma := ,
OUT := $(BUILD)
ifdef SAN
OUT := $(BUILD)/san-$(subst $(comma),-,$(SAN))
HARDEN :=
HARDEN_LINK :=
SAN_FLAGS := -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
# Programs do not say where they were built.
PATHS := -ffile-prefix-map=$(CURDIR)=.
# A square root that sets errno cannot be one instruction.
ALL_CFLAGS = -std=gnu17 -fno-math-errno -D_GNU_SOURCE -I. -I$(OUT)/schemas $(WARN) $(CFLAGS) \
	$(PATHS) $(HARDEN) $(SAN_FLAGS) $(PKG_CFLAGS) -MMD -MP
# Only programs that read foreign records need libprotobuf.
PROTOBUF_LIBS := -Wl,--push-state,--as-needed -lprotobuf -Wl,--pop-state
ALL_LIBS = $(PKG_LIBS) $(PROTOBUF_LIBS) -lrocksdb -lavro -lopenblas -lcurl -lstdc++ -lm \
	-lpthread $(HARDEN_LINK)

# V=1 shows the commands in full.
ifndef V
QUIET_CC = @echo "  CC    $@";
QUIET_LINK = @echo "  LINK  $@";
QUIET_AR = @echo "  AR    $@";
endif

# The rooms that workers and commands share, and what `freshet` needs of a worker's: the library.
LIB_ROOMS := base stream stream/config stream/avro stream/registry stream/http stream/kafka \
	stream/state stream/sim schemas model model/counting model/transformer rules scorer/lists \
	embed/text syntax pseudonyms ingest/payload ingest/mapping evaluate evaluate/models
LIB_SRC := $(foreach room,$(LIB_ROOMS),$(wildcard $(room)/*.c))
# Doors to libraries of C++ templates.
LIB_CXX_SRC := $(wildcard model/*.cc ingest/payload/*.cc)
LIB_OBJ := $(LIB_SRC:%.c=$(OUT)/%.o) $(LIB_CXX_SRC:%.cc=$(OUT)/%.o)
LIB := $(OUT)/libfreshet.a
WORKERS := ingest features trainer sequence scorer serve embed
ROOM_trainer := trainer/similarity
ROOM_sequence := trainer/sequence
worker_room = $(or $(ROOM_$(1)),$(1))
worker_src = $(wildcard $(call worker_room,$(1))/*.c) \
	$(if $(filter serve,$(1)),$(wildcard serve/console/*.c))
worker_bin = $(OUT)/bin/freshet-$(1)
BINS := $(foreach w,$(WORKERS),$(call worker_bin,$(w))) $(OUT)/bin/freshet

.PHONY: all
all: $(BINS)

$(LIB): $(LIB_OBJ)
	@mkdir -p $(@D)
	$(QUIET_AR)$(AR) rcs $@.tmp $^ && mv $@.tmp $@

# What the workers' rooms hold beside their mains, for the tests to link.
WORKER_SRC := $(filter-out %_main.c,$(foreach w,$(WORKERS),$(call worker_src,$(w))))
LIB_WORKERS := $(OUT)/libworkers.a
$(LIB_WORKERS): $(WORKER_SRC:%.c=$(OUT)/%.o)
	@mkdir -p $(@D)
	$(QUIET_AR)rm -f $@ && $(AR) rcs $@ $^

define worker_rule
$(call worker_bin,$(1)): $(patsubst %.c,$(OUT)/%.o,$(call worker_src,$(1))) $(LIB)
	@mkdir -p $$(@D)
	$$(QUIET_LINK)$$(CC) $$(ALL_CFLAGS) -o $$@ $$^ $$(ALL_LIBS)
endef
$(foreach w,$(WORKERS),$(eval $(call worker_rule,$(w))))

$(OUT)/bin/freshet: $(patsubst %.c,$(OUT)/%.o,$(wildcard cli/*.c cli/*/*.c)) $(LIB)
	@mkdir -p $(@D)
	$(QUIET_LINK)$(CC) $(ALL_CFLAGS) -o $@ $^ $(ALL_LIBS)

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(QUIET_CC)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# hnswlib fetches ahead of use by a number that may stand behind a full list of links, and what
# checks C++ would need its linker: no sanitizer but that of threads inside it.
$(OUT)/%.o: %.cc
	@mkdir -p $(@D)
	$(QUIET_CC)$(CXX) -std=c++17 -I. -Wall -Wextra $(if $(DEV),-Werror) $(CFLAGS) $(PATHS) \
		$(HARDEN) $(SAN_FLAGS) \
		$(if $(filter thread,$(SAN)),,-fno-sanitize=all) -MMD -MP -c -o $@ $<

# VERSION holds the version; the commit is git's, where the tree is a checkout, or GIT_COMMIT=.
# Two makes may run at once: the temporary file is each one's own.
VERSION := $(file <VERSION)
ifeq ($(origin GIT_COMMIT),undefined)
GIT_COMMIT := $(if $(wildcard .git),$(shell GIT_OPTIONAL_LOCKS=0 git describe --always \
	--dirty --abbrev=12 --exclude='*' 2>/dev/null))
endif
.PHONY: FORCE
$(OUT)/version.inc: FORCE
	@mkdir -p $(@D)
	@printf '#define FRESHET_VERSION "%s"\n#define FRESHET_COMMIT "%s"\n' '$(VERSION)' \
		'$(GIT_COMMIT)' >$@.$$$$ && \
		if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi
$(OUT)/base/version.o: $(OUT)/version.inc
$(OUT)/base/version.o: private ALL_CFLAGS += -I$(OUT)

# The lines of a text as a C string literal.
QUOTE_LINES := sed -e 's/[\\"]/\\&/g' -e 's/^/"/' -e 's/$$/\\n"/'

# The text of each contract.
AVSC := $(wildcard schemas/*.avsc schemas/versions/*.avsc)
AVSC_INC := $(AVSC:%.avsc=$(OUT)/%.avsc.inc)
$(OUT)/schemas/%.avsc.inc: schemas/%.avsc
	@mkdir -p $(@D)
	@$(QUOTE_LINES) $< > $@
$(patsubst %.c,$(OUT)/%.o,$(wildcard schemas/*.c)): $(AVSC_INC)

# The same of the document that freshet-serve hands out.
$(OUT)/serve/openapi.json.inc: serve/openapi.json
	@mkdir -p $(@D)
	@$(QUOTE_LINES) $< > $@
$(OUT)/serve/responder.o: $(OUT)/serve/openapi.json.inc
$(OUT)/serve/responder.o: private ALL_CFLAGS += -I$(OUT)/serve
$(OUT)/serve/console/style.css.inc: serve/console/style.css
	@mkdir -p $(@D)
	@$(QUOTE_LINES) $< > $@
$(OUT)/serve/console/%.js.inc: serve/console/%.js
	@mkdir -p $(@D)
	@$(QUOTE_LINES) $< > $@
# The library that draws the console's charts, from Debian's libjs-chart.js; without it there are
# tables alone. It may come and go between two builds.
CHART_JS ?= /usr/share/javascript/chart.js/chart.min.js
$(OUT)/serve/console/chart.js.inc: FORCE
	@mkdir -p $(@D)
	@{ echo '""'; [ ! -r '$(CHART_JS)' ] || \
		$(QUOTE_LINES) '$(CHART_JS)'; } >$@.$$$$ && \
		if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi
$(OUT)/serve/console/console.o: $(patsubst %,$(OUT)/serve/console/%.inc,style.css live.js \
	charts.js chart.js)
$(OUT)/serve/console/console.o: private ALL_CFLAGS += -I$(OUT)/serve/console

# The tables of topics and of rights, for the commands that apply them.
$(OUT)/deploy/%.ini.inc: deploy/%.ini
	@mkdir -p $(@D)
	@$(QUOTE_LINES) $< > $@
$(OUT)/cli/provision/topics_command.o: $(OUT)/deploy/topics.ini.inc
$(OUT)/cli/provision/acls_command.o: $(OUT)/deploy/acls.ini.inc
$(OUT)/cli/provision/topics_command.o $(OUT)/cli/provision/acls_command.o: private \
	ALL_CFLAGS += -I$(OUT)/deploy

# Unit and topology tests: one program per file, tests/unit/model/test_topk.c for model/topk.c.
UNIT_SRC := $(wildcard tests/unit/*/*.c tests/unit/*/*/*.c tests/topology/*.c)
UNIT_BIN := $(UNIT_SRC:%.c=$(OUT)/%)
$(OUT)/tests/%: tests/%.c $(LIB_WORKERS) $(LIB)
	@mkdir -p $(@D)
	$(QUIET_LINK)$(CC) $(ALL_CFLAGS) $(TEST_FLAGS) -o $@ $(filter %.c,$^) $(filter %.o,$^) \
		$(filter %.a,$^) $(ALL_LIBS) -lcmocka

# Tests of commands: all that `freshet` holds beside its main.
CLI_OBJ := $(patsubst %.c,$(OUT)/%.o,$(filter-out %_main.c,$(wildcard cli/*.c cli/*/*.c)))
$(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/cli/*.c)): $(CLI_OBJ)

# Where plain char is unsigned (ARM) bytes are read the same.
$(OUT)/tests/unit/stream/avro/test_cursor: private TEST_FLAGS := -funsigned-char

# Crash points (base/crash.h): the files that have some are compiled once more with them, and stand
# before the library. For tests; `make crash-programs`: the workers too, in $(OUT)/crash/bin.
CRASH_SRC := $(shell grep -lE 'CRASH_(POINT|SHELTER)|FRESHET_CRASH' base/*.c stream/*.c \
	stream/*/*.c trainer/sequence/*.c)
CRASH_OBJ := $(sort $(CRASH_SRC:%.c=$(OUT)/crash/%.o))
CRASH_TESTS := $(OUT)/tests/unit/base/test_crash $(OUT)/tests/topology/test_sweep \
	$(OUT)/tests/topology/test_sweep_lists
$(OUT)/crash/%.o: %.c
	@mkdir -p $(@D)
	$(QUIET_CC)$(CC) $(ALL_CFLAGS) -DFRESHET_CRASH -c -o $@ $<
$(CRASH_TESTS): $(CRASH_OBJ)
$(CRASH_TESTS): private TEST_FLAGS := -DFRESHET_CRASH
CRASH_BIN := $(WORKERS:%=$(OUT)/crash/bin/freshet-%)
$(CRASH_BIN): $(OUT)/crash/bin/freshet-%: $(CRASH_OBJ) $(LIB_WORKERS) $(LIB)
	@mkdir -p $(@D)
	$(QUIET_LINK)$(CC) $(ALL_CFLAGS) -o $@ $(call worker_room,$*)/$*_main.c \
		$(filter %.o %.a,$^) $(ALL_LIBS)

.PHONY: crash-programs
crash-programs: $(CRASH_BIN)

# Crashes every worker at every crash point, three seeds each, with and without its local state.
.PHONY: sweep
sweep: $(OUT)/tests/topology/test_sweep $(OUT)/tests/topology/test_sweep_lists
	@case "$$SWEEP" in lists) ;; *) SWEEP="$${SWEEP:-all}" $< ;; esac
	@SWEEP="$${SWEEP:-all}" $(word 2,$^)

# What tests/evolution asks: our codec beside other Avros, and random messages of ours.
.PHONY: evolution-programs
evolution-programs: $(OUT)/tests/evolution/resolve $(OUT)/tests/unit/schemas/test_contracts

# The evolution matrix as a table: every change of a schema x every contract x both framings.
.PHONY: evolution
evolution: evolution-programs
	@deploy/venv --for test
	@$(BUILD)/venv/bin/python3 tests/evolution/matrix.py

# Builds and runs the unit and topology programs with T in their name, or all.
UNIT_CHOSEN := $(if $(T),$(foreach t,$(UNIT_BIN),$(if $(findstring $(T),$(notdir $(t))),$(t))),\
	$(UNIT_BIN))
.PHONY: unit
unit: $(UNIT_CHOSEN)
	@[ -n "$(strip $(UNIT_CHOSEN))" ] || { echo "no test has '$(T)' in its name"; exit 1; }
	@fail=0; for t in $(UNIT_CHOSEN); do $$t || fail=1; done; exit $$fail

# Benchmarks: $(OUT)/bench/bench_codec from bench/bench_codec.c; each prints `name value` lines.
$(OUT)/bench/%: bench/%.c $(LIB_WORKERS) $(LIB)
	@mkdir -p $(@D)
	$(QUIET_LINK)$(CC) $(ALL_CFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(ALL_LIBS)

# Fuzz targets: clang's libFuzzer, the library compiled with the same flags into its own directory.
#   make fuzz SECONDS=10 T=fuzz_codec      UNIT_SECONDS=25: for one input, on a machine that is busy
SECONDS ?= 10
FUZZ_OUT := $(BUILD)/fuzz
FUZZ_BIN := $(patsubst %.c,$(FUZZ_OUT)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
ifeq ($(OUT),$(FUZZ_OUT))
$(FUZZ_OUT)/tests/fuzz/%: tests/fuzz/%.c $(LIB_WORKERS) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^) $(filter %.o,$^) \
		$(filter %.a,$^) $(ALL_LIBS)
$(FUZZ_OUT)/tests/fuzz/fuzz_dataset: $(FUZZ_OUT)/cli/catalogue_line.o \
	$(FUZZ_OUT)/cli/action_time.o
endif

.PHONY: fuzz fuzz-programs fuzz-run
fuzz: fuzz-programs
	@$(MAKE) --no-print-directory fuzz-run
fuzz-programs:
	@$(MAKE) CC=clang OUT=$(FUZZ_OUT) CFLAGS="$(FUZZ_FLAGS)" HARDEN= HARDEN_LINK= $(FUZZ_BIN)
fuzz-run:
	@for f in $(FUZZ_BIN); do case $$f in *$(T)*) name=$${f##*/fuzz_}; \
		mkdir -p $(FUZZ_OUT)/found/$$name; \
		$$f -max_total_time=$(SECONDS) -timeout=$(or $(UNIT_SECONDS),5) \
			-rss_limit_mb=2048 -malloc_limit_mb=4100 \
			-max_len=65536 \
			-print_final_stats=1 -artifact_prefix=$(FUZZ_OUT)/found/ \
			$(FUZZ_OUT)/found/$$name tests/fuzz/corpus/$$name >$$f.log 2>&1 \
			|| { tail -50 $$f.log; exit 1; }; \
		echo "$${f##*/} $$(grep number_of_executed $$f.log)";; esac; done

# ---- Whole ways: each installs what it needs, builds, and says what it does. deploy/ has the rest.
# They must begin on a machine with no compiler: nothing above may need one before `all` is made.

# Scripts build and look in the same directory.
export BUILD
WITH_JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
INSTALL = deploy/install-deps --for
BUILD_ALL = $(MAKE) --no-print-directory $(WITH_JOBS) all
LOCAL_KAFKA = $$(cat $(BUILD)/run/kafka/bootstrap)

# Writes the manual pages and the shells' completions, from the tables of flags.
SHELLS := bash zsh fish
.PHONY: man
man: $(BINS)
	$(OUT)/bin/freshet manual --to $(OUT)/man/man1
	mkdir -p $(OUT)/man/man8 $(OUT)/completions
	for w in $(WORKERS); do \
		$(OUT)/bin/freshet-$$w --manual >$(OUT)/man/man8/freshet-$$w.8 || exit 1; \
	done
	for s in $(SHELLS); do \
		$(OUT)/bin/freshet completion $$s >$(OUT)/completions/freshet.$$s || exit 1; \
	done

# Installs programs, commented properties, units, monitoring and docs; DESTDIR for packages.
# Properties that are there already stay as they are.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
UNIT_DIR ?= $(PREFIX)/lib/systemd/system
SHARE := $(PREFIX)/share/freshet
.PHONY: install
install: all man
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(SYSCONFDIR)/freshet $(UNIT_DIR) \
		$(SHARE)/deploy $(SHARE)/monitoring $(SHARE)/schemas/versions $(SHARE)/examples \
		$(PREFIX)/share/doc/freshet $(addprefix $(PREFIX)/share/man/,man1 man8) \
		$(PREFIX)/share/bash-completion/completions $(PREFIX)/share/zsh/site-functions \
		$(PREFIX)/share/fish/vendor_completions.d)
	install -m 644 $(OUT)/man/man1/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(OUT)/man/man8/*.8 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 $(OUT)/completions/freshet.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/freshet
	install -m 644 $(OUT)/completions/freshet.zsh \
		$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_freshet
	install -m 644 $(OUT)/completions/freshet.fish \
		$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install $(BINS) $(DESTDIR)$(PREFIX)/bin
	for w in $(WORKERS); do \
		sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|/etc/|$(SYSCONFDIR)/|' \
			deploy/systemd/freshet-worker@.service \
			>$(DESTDIR)$(UNIT_DIR)/freshet-$$w@.service || exit 1; \
		[ -e $(DESTDIR)$(SYSCONFDIR)/freshet/$$w.properties ] || \
			install -m 640 deploy/conf/$$w.properties \
				$(DESTDIR)$(SYSCONFDIR)/freshet/ || exit 1; \
		install -d -m 700 $(DESTDIR)$(SYSCONFDIR)/freshet/$$w.secrets || exit 1; \
	done
	install deploy/topics deploy/acls deploy/venv deploy/encoder $(DESTDIR)$(SHARE)/deploy
	install -m 644 deploy/topics.ini deploy/acls.ini deploy/checkout.py \
		$(wildcard deploy/requirements-*.txt) $(DESTDIR)$(SHARE)/deploy
	install -m 644 VERSION $(DESTDIR)$(SHARE)
	for tool in topics acls; do \
		ln -sf ../share/freshet/deploy/$$tool \
			$(DESTDIR)$(PREFIX)/bin/freshet-$$tool || exit 1; \
	done
	install -m 644 $(wildcard deploy/monitoring/*.yml deploy/monitoring/*.json) \
		$(DESTDIR)$(SHARE)/monitoring
	install -m 644 schemas/*.avsc $(DESTDIR)$(SHARE)/schemas
	install -m 644 deploy/examples/*.properties $(DESTDIR)$(SHARE)/examples
	install deploy/examples/shop-events $(DESTDIR)$(SHARE)/examples
	install -m 644 schemas/versions/*.avsc $(DESTDIR)$(SHARE)/schemas/versions
	install -m 644 docs/*.md LICENSE $(wildcard CHANGELOG.md) \
		$(DESTDIR)$(PREFIX)/share/doc/freshet

# Makes Debian packages in $(OUT)/deb and lets lintian look at them. DEB_VERSION= another version.
DEB ?= $(OUT)/deb
DEB_VERSION ?= $(subst -,~,$(VERSION))
.PHONY: deb
deb:
	@$(INSTALL) package
	+@$(BUILD_ALL)
	rm -rf $(DEB)
	@mkdir -p $(DEB)/source
	+$(MAKE) -s install DESTDIR=$(abspath $(DEB)/source/stage) PREFIX=/usr SYSCONFDIR=/etc \
		UNIT_DIR=/lib/systemd/system
	cp -r deploy/debian $(DEB)/source
	printf 'freshet (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' \
		'$(DEB_VERSION)' "$$(sed -n 's/^Maintainer: //p' deploy/debian/control)" \
		"$$(date -R -u -r CHANGELOG.md)" >$(DEB)/source/debian/changelog
	cd $(DEB)/source && env -u MAKEFLAGS DEB_BUILD_OPTIONS=noautodbgsym \
		FRESHET_WORKERS='$(WORKERS)' debian/rules binary >../log 2>&1 || \
		{ tail -n 30 ../log; exit 1; }
	lintian --fail-on error,warning $(DEB)/*.deb
	@ls $(DEB)/*.deb
	@rm -rf $(DEB)/source

# Installs, upgrades under load and purges the packages in a fresh Debian (SUITE=bookworm) that
# systemd has booted; needs root. FORMER=COMMIT: upgrades from that commit's packages, not from
# these under a former number. `make test` does so above this machine's own system.
FORMER_TREE := $(abspath $(OUT))/former
.PHONY: deb-test
deb-test: deb
	@$(INSTALL) test
	@deploy/venv --for test
	@deploy/kafka/fetch
ifdef FORMER
	rm -rf $(FORMER_TREE) && mkdir -p $(FORMER_TREE)
	git archive $(FORMER) | tar x -C $(FORMER_TREE)
	+$(MAKE) -s -C $(FORMER_TREE) deb BUILD=build DEB=build/deb DEB_VERSION=0.0.1 \
		GIT_COMMIT=$(FORMER)
endif
	@tests/deploy/fresh-install $(or $(SUITE),bookworm) $(abspath $(DEB)) \
		$(if $(FORMER),$(FORMER_TREE)/build/deb)

# Builds and tests in a fresh Debian of another release (SUITE=trixie), and for arm64 by a cross
# compiler, the programs under qemu; says what could not be run. T=name: these programs alone.
.PHONY: other-debian arm64
other-debian:
	@T=$(T) tests/deploy/other-debian $(or $(SUITE),trixie)
arm64:
	@T=$(T) tests/deploy/other-debian arm64

# Asks helm, kubernetes-validate and the schema of Compose about the chart and compose.yaml; fetches
# and builds them as a Go module and from PyPI.
.PHONY: charts
charts:
	@tests/deploy/charts

# Installs what building and the demo need, by apt.
.PHONY: deps
deps:
	@$(INSTALL) demo

# Fetches the jars of the local Kafka.
.PHONY: kafka
kafka:
	@deploy/kafka/fetch

# Fetches MovieLens-100k and makes the demo's events of it.
.PHONY: data
data:
	@deploy/movielens

# Shows the whole pipeline with real events, and leaves nothing running.
.PHONY: demo
demo:
	@$(INSTALL) demo
	+@$(BUILD_ALL)
	@deploy/demo

# Starts a local Kafka and the workers and leaves them running, for events of your own;
# freshet-embed, too, where deploy/encoder can fetch a model.
.PHONY: up
up:
	@$(INSTALL) demo
	+@$(BUILD_ALL)
	@deploy/local-kafka start
	@deploy/topics apply --with clicks --bootstrap $(LOCAL_KAFKA)
	@encoder=$$(deploy/encoder) || \
		echo "No encoder: texts count by their words alone (deploy/encoder)."; \
	deploy/pipeline up --bootstrap $(LOCAL_KAFKA) --set serve.http.port=0 \
		--workers ingest,features,trainer,sequence,scorer,serve$${encoder:+,embed} \
		$${encoder:+--set embed.model.path="$$encoder" \
			--set serve.query.model.path="$$encoder" \
			--set scorer.query.model.path="$$encoder" \
			--set sequence.query.model.path="$$encoder"}
	@echo "Kafka: $(LOCAL_KAFKA). Write the catalogue, then events, for example:"
	@echo "    $(BUILD)/bin/freshet replay ITEMS.jsonl --topic items --contract Item \\"
	@echo "        -b $(LOCAL_KAFKA)"
	@echo "    $(BUILD)/bin/freshet replay EVENTS.jsonl --topic clicks -b $(LOCAL_KAFKA)"
	@echo "Open the address above with /console in a browser (docs/console.md), or"
	@echo "ask it: curl .../v1/users/USER/recommendations (docs/serve.md)."
	@echo "deploy/conf/ingest.properties says what events look like. make down ends it all."

# Ends what `make up` started; the topics' data stays for the next time.
.PHONY: down
down:
	@deploy/pipeline down
	@deploy/local-kafka stop

# Runs all tests, or those named by T=; ends in `N passed, N failed`.
.PHONY: test
test:
	@$(INSTALL) test
	+@SAN=$(SAN) T=$(T) tests/run

# Drives the console in Chromium, which it installs; ends in `N passed, N failed`. `make test` does
# so, too, where Chromium is there.
.PHONY: console-test
console-test:
	@$(INSTALL) console
	+@T=test_console tests/run

# Builds a second generation of MovieLens-1M beside a live one, from ML_1M (see
# tests/broker/stream_data.py), and compares it with a run from scratch.
.PHONY: backfill-1m
backfill-1m:
	@test -e "$(ML_1M)" || { echo "make backfill-1m ML_1M=FILE"; exit 1; }
	@$(INSTALL) test
	+@$(BUILD_ALL)
	@ML_1M="$(ML_1M)" GENERATIONS_EVENTS=1000000 WAIT_SECONDS=1200 \
		$(BUILD)/venv/bin/python -m pytest -q -s -p no:cacheprovider --durations=0 \
		tests/broker/test_generations.py -k scratch

# Runs every test of hostile input and of slips that tests/README.md names, each fuzz target for
# SECONDS=30, and a flood of RECORDS=1000000 mutated records through an ingest with sanitizers.
# T=name: only tests with this in their name. Ends in `N passed, N failed`.
.PHONY: hostile
hostile:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	+@$(BUILD_ALL) SAN=address,undefined
	+@HOSTILE_RECORDS=$(or $(RECORDS),1000000) WAIT_SECONDS=3600 T=$(T) \
		SECONDS=$(if $(filter file,$(origin SECONDS)),30,$(SECONDS)) tests/hostile

# Replays whole data sets through the pipeline with the sequence trainer on, and compares the last
# lists with `freshet evaluate`. SETS=ml-100k,toys (toys from QUALITY_DATA, skipped when absent).
SETS ?= ml-100k,toys
.PHONY: pipeline-quality
pipeline-quality:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	@PIPELINE_QUALITY=$(SETS) QUALITY_DATA=$(abspath $(QUALITY_DATA)) \
		WAIT_SECONDS=7200 $(BUILD)/venv/bin/python -m pytest -q -s -p no:cacheprovider \
		tests/broker/test_pipeline_quality.py

# Kills trainer and scorer at random KILLS=20 times while a model is trained (SEED=1).
.PHONY: pipeline-kills
pipeline-kills:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	@KILLS=$(or $(KILLS),20) SEED=$(or $(SEED),1) WAIT_SECONDS=600 $(BUILD)/venv/bin/python \
		-m pytest -q -p no:cacheprovider tests/broker/test_sequence.py -k killed

# Compares every standing list with a recomputation from the topics, after kills, changes of the
# catalogue and a restart of the broker.
# EQUALITY=ml-100k,synthetic,rules,content,blended,starts COPIES=1,3
EQUALITY ?= ml-100k,synthetic,rules,content,blended,starts
COPIES ?= 1,3
.PHONY: equality
equality:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	@EQUALITY=$(EQUALITY) COPIES=$(COPIES) WAIT_SECONDS=1800 $(BUILD)/venv/bin/python \
		-m pytest -q -s -p no:cacheprovider tests/broker/test_equality.py -k full

# Compares the lists of USERS=1000 users by HTTP, by request topic and in `recommendations`, and
# those that are made for sessions of all that they did.
.PHONY: same-lists
same-lists:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	@SAME_LISTS=$(or $(USERS),1000) WAIT_SECONDS=1800 $(BUILD)/venv/bin/python -m pytest -q -s \
		-p no:cacheprovider tests/broker/test_serve.py -k full

# MINUTES=10 of requests to two copies of freshet-serve, whose answers wrk checks, while one is
# killed and the broker is away for a tenth of the time.
.PHONY: serve-load
serve-load:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	@LOAD_SECONDS=$$(($(or $(MINUTES),10) * 60)) WAIT_SECONDS=600 $(BUILD)/venv/bin/python \
		-m pytest -q -s -p no:cacheprovider tests/broker/test_serve_load.py

# Takes half of the first EVENTS=100000 actions of MovieLens-100k back, and compares tables and
# lists with those of the other half.
.PHONY: taken-back
taken-back:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	@TAKEN_BACK=$(or $(EVENTS),100000) WAIT_SECONDS=1800 $(BUILD)/venv/bin/python -m pytest \
		-q -s -p no:cacheprovider tests/broker/test_take_back.py

# Breaks brokers, workers, connections, disks and state under load, then compares what is
# left with a recomputation. MINUTES=5 of faults, SEED= of the schedule, MANY=300 partitions that a
# table comes to have; build/chaos.json.
.PHONY: chaos
chaos:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	@tests/chaos/run --minutes $(or $(MINUTES),5) $(if $(SEED),--seed $(SEED)) \
		$(if $(MANY),--many $(MANY))

# Plays incidents on a real Kafka, waits for the alert in a real Prometheus and mends by the
# runbook's commands. ONLY="worker-killed broker-killed": these alone.
.PHONY: gameday
gameday:
	@$(INSTALL) test
	@deploy/venv --for test
	+@$(BUILD_ALL)
	@tests/gameday/run $(if $(ONLY),--only $(ONLY))

# Says where things are built with these settings (for tests/run).
.PHONY: where
where:
	@echo $(OUT)

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(OUT) -type f -name '*.d' 2>/dev/null)

# ---- House rules: the program that checks them, and its own test ----

.PHONY: tidy
tidy:
	python3 -B tests/tidy.py
	python3 -B tests/test_tidy.py --quiet

# ---- Benchmarks: bench/bench_*.c are microbenchmarks, bench/run measures workers and broker ----
#   PEER=1       the Kafka Streams peer too, and the ratio
#   ONLY=name    these measures, comma between; RUNS=n of each
#   ONLY=wide    the figures of a wide catalogue: docs/performance.md gets their section alone

.PHONY: bench-programs
bench-programs: $(patsubst %.c,$(OUT)/%,$(wildcard bench/bench_*.c) bench/bare_hop.c \
	bench/first_actions.c bench/first_lists.c bench/http_load.c)

.PHONY: bench
bench:
	@$(INSTALL) test
	+@$(BUILD_ALL) bench-programs
	@bench/run $(if $(RUNS),--runs $(RUNS)) $(if $(ONLY),--only $(ONLY)) $(if $(PEER),--peer)
	@bench/report $(if $(filter wide,$(ONLY)),--wide)

# ---- Quality: the models evaluated on public data, beside published figures ----
#   QUALITY_DATA=../shared/data   where the data is; skipped when absent
#   SEEDS=3, ONLY=toys

QUALITY_DATA ?= ../shared/data
.PHONY: quality
quality:
	+@$(BUILD_ALL)
	@QUALITY_DATA=$(abspath $(QUALITY_DATA)) SEEDS=$(or $(SEEDS),3) ONLY=$(ONLY) bench/quality

# First lists of users and items that are new, on public data: build/coldstart.json.
.PHONY: coldstart
coldstart:
	@$(INSTALL) test
	+@$(BUILD_ALL) bench-programs
	@bench/coldstart
