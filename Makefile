# SPDX-License-Identifier: ISC
# nmsp2mqtt: make run, make test, make install; V=1 shows the commands.

VERSION    ?= 0.1.0
BUILD      ?= build
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
EXAMPLEDIR ?= $(DATADIR)/doc/nmsp2mqtt/examples
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
DESTDIR    ?=

INSTALL      ?= install
CLANG        ?= clang
CLANG_FORMAT ?= clang-format
CLANG_TIDY   ?= clang-tidy
CPPCHECK     ?= cppcheck
MANDOC       ?= mandoc
SHELLCHECK   ?= shellcheck
PYTHON       ?= /usr/bin/python3
MINUTES      ?= 10
SEED         ?=
SECONDS      ?= 300
JOBS         ?= $(shell nproc)
WORKERS      ?= $(shell expr 2 '*' $(JOBS))

# What it is made of: one word a file. A unit test is tests/unit/<folder>/test_<word>.c.
codecs  := arena civic compile decode dict encode fault frame geo message places
conf    := config config_check config_diff config_filter config_lists config_topic \
	   dictionary dictionary_check dictionary_read dictionary_shapes options origin \
	   report scan source suggest text token
outputs := account backoff buffer document envelope file histogram jsonw mqtt mqtt_commands mqtt_dial \
	   mqtt_inbox mqtt_output mqtt_reason mqtt_rival mqtt_send mqtt_settings output queue queue_index \
	   record_json retained schema spool spool_check spool_file spool_index spool_item \
	   spool_owner spool_record spooler spooler_write timestamp topic window
gateway := account_log advice assets build check cmd_check cmd_decode cmd_healthcheck \
	   cmd_identity cmd_probe cmd_reload cmd_run cmd_schema cmd_status cmd_tail \
	   command command_args command_controller command_gateway command_query commands \
	   control_client control_options controller controller_trace documents draft \
	   enrich filter gate gateway handover harden hex http http_live http_request \
	   identity ledger link link_end listen log log_limit log_line log_settings \
	   log_sink lru mac mailbox metrics metrics_write offer pacer pages parts pin \
	   probe probe_document probe_print probe_report probe_text probe_walk process \
	   process_arrange questions ready reload reload_check reload_outputs routes scratch session \
	   session_ask session_send status status_draft status_print store stream subject \
	   subscription supervisor systemd table tail terminal tls tls_reason tls_stream \
	   tls_trace traffic unix_path variant
sim     := air authlist bulk catalog connection feed form granting notify options peer port \
	   records script server status tls_server truth world
units   := codecs/arena codecs/civic codecs/compile codecs/cursor codecs/decode \
	   codecs/dict codecs/encode codecs/frame codecs/geo codecs/message codecs/places \
	   codecs/roundtrip codecs/vectors conf/config conf/config_diff conf/config_errors \
	   conf/config_filter conf/config_options conf/dictionary conf/dictionary_errors \
	   outputs/account outputs/backoff outputs/buffer outputs/document \
	   outputs/envelope outputs/file outputs/histogram outputs/jsonw \
	   outputs/mqtt_commands outputs/queue outputs/queue_index outputs/queue_random \
	   outputs/queue_threads outputs/record_json outputs/retained outputs/spool \
	   outputs/spool_index outputs/spool_random outputs/spooler outputs/spooler_random \
	   outputs/timestamp outputs/topic outputs/window gateway/advice gateway/command \
	   gateway/draft gateway/enrich gateway/filter gateway/gate gateway/harden \
	   gateway/hex gateway/identity gateway/ledger gateway/link gateway/listen \
	   gateway/log gateway/log_limit gateway/log_line gateway/log_sink gateway/lru \
	   gateway/mailbox gateway/metrics_write gateway/offer gateway/pacer \
	   gateway/probe_print gateway/probe_report gateway/probe_text gateway/probe_walk \
	   gateway/process gateway/process_filter gateway/session gateway/session_ask \
	   gateway/session_initial gateway/session_retry gateway/sim_authlist \
	   gateway/sim_world gateway/stream gateway/subscription gateway/systemd \
	   gateway/table gateway/tail gateway/tls gateway/traffic
page    := $(addprefix gateway/page/,accounts.js app.js chart.js controller.js dom.js format.js \
	   history.js icon.svg index.html outputs.js overview.js states.js stream.js style.css \
	   summary.js tail.js)
benches := decode publish spool
helpers := feeder
man     := nmsp-sim.1 nmsp2mqtt.1 nmsp2mqtt.conf.5 nmsp2mqtt-dictionary.5
dictionaries := baseline.conf
examples     := conf/nmsp2mqtt.conf.example conf/nmsp2mqtt.conf
consumers    := README.md home_assistant.py node-red-flow.json prometheus-rules.test.yml \
		prometheus-rules.yml prometheus.yml telegraf.conf to_sqlite.py \
		bridge/central.acl bridge/central.conf bridge/site.acl bridge/site.conf

# What `make install` puts where, each as mode:file:place.
installed = $(foreach f,$(programs),0755:$f:$(BINDIR)/$(notdir $f)) \
	    $(foreach f,$(dictionaries),0644:conf/dictionary/$f:$(DATADIR)/nmsp2mqtt/dictionary/$f) \
	    $(foreach f,$(examples),0644:$f:$(EXAMPLEDIR)/$(notdir $f)) \
	    $(foreach f,$(filter-out %.py,$(consumers)),0644:docs/examples/$f:$(EXAMPLEDIR)/$f) \
	    $(foreach f,$(filter %.py,$(consumers)),0755:docs/examples/$f:$(EXAMPLEDIR)/$f) \
	    $(foreach f,$(man),0644:docs/man/$f:$(MANDIR)/man$(subst .,,$(suffix $f))/$f) \
	    0644:$(BUILD)/nmsp2mqtt.service:$(UNITDIR)/nmsp2mqtt.service \
	    0644:conf/systemd/nmsp2mqtt.sysusers:$(SYSUSERSDIR)/nmsp2mqtt.conf \
	    0644:conf/systemd/nmsp2mqtt.tmpfiles:$(TMPFILESDIR)/nmsp2mqtt.conf

BUILD_PACKAGES := gcc libc6-dev make libssl-dev libuv1-dev libmosquitto-dev libjansson-dev \
		  libconfuse-dev liblmdb-dev libmicrohttpd-dev
RUN_PACKAGES   := $(BUILD_PACKAGES) mosquitto mosquitto-clients
TEST_PACKAGES  := $(RUN_PACKAGES) libcmocka-dev clang clang-format clang-tidy cppcheck \
		  mandoc shellcheck python3 python3-pytest python3-pytest-xdist python3-paho-mqtt \
		  python3-jsonschema python3-prometheus-client python3-selenium chromium \
		  chromium-driver prometheus
# Debian's npm, where there is no other: that of a later Node.js conflicts with it.
TEST_PACKAGES  += $(if $(shell command -v npm),,nodejs npm)

DEB_PACKAGES   := $(BUILD_PACKAGES) build-essential debhelper libcmocka-dev \
		  python3-pytest python3-jsonschema
SHIP_PACKAGES  := $(RUN_PACKAGES) $(DEB_PACKAGES) python3-paho-mqtt lintian mmdebstrap podman \
		  crun docker-compose python3-kubernetes python3-yaml yamllint

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	    -Wswitch-enum -Wvla -Wformat=2
ifdef SANITIZE
CFLAGS    ?= -O1 -g
HARDENING ?= -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDENING_LD ?= -fsanitize=address,undefined
else
CFLAGS    ?= -O2 -g
HARDENING ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
	     -fPIE
HARDENING_LD ?= -pie -Wl,-z,relro,-z,now,-z,noexecstack
endif
WERROR  ?=
STD     := -std=gnu11
DEFINES := -I. -DVERSION=\"$(VERSION)\" -DDATADIR=\"$(DATADIR)\"
LDLIBS  := -lmosquitto -lssl -lcrypto -luv -ljansson -lconfuse -llmdb -lmicrohttpd -lm -pthread
COMPILE  = $(CC) $(DEFINES) $(CPPFLAGS) $(STD) $(WARNINGS) $(if $(WERROR),-Werror) $(HARDENING) $(CFLAGS)
LINK     = $(CC) $(HARDENING_LD) $(CFLAGS) $(LDFLAGS)
PYTEST   = BUILD=$(abspath $(BUILD)) PYTHONDONTWRITEBYTECODE=1 timeout 900 $(PYTHON) -m pytest -q
# Of tests that wait most of the time.
PYTEST_WAITING = $(PYTEST) -n $(WORKERS)

sources := $(codecs:%=codecs/%.c) $(conf:%=conf/%.c) $(outputs:%=outputs/%.c) \
	   $(gateway:%=gateway/%.c) $(sim:%=gateway/sim/%.c)
mains   := gateway/main.c gateway/sim/main.c
objects := $(sources:%.c=$(BUILD)/%.o)
library := $(BUILD)/libnmsp.a
programs      := $(BUILD)/nmsp2mqtt $(BUILD)/nmsp-sim
unit_sources  := $(foreach unit,$(units),tests/unit/$(dir $(unit))test_$(notdir $(unit)).c)
bench_sources := $(benches:%=tests/bench/%.c)
helper_sources := $(helpers:%=tests/e2e/%.c)
unit_programs  := $(unit_sources:%.c=$(BUILD)/%)
bench_programs := $(bench_sources:%.c=$(BUILD)/%)
helper_programs := $(helper_sources:%.c=$(BUILD)/%)
all_sources    := $(sources) $(mains) $(unit_sources) $(bench_sources) \
		  $(helper_sources)
folders := codecs conf outputs gateway tests
scripts := .ci/deps .ci/run .ci/stages .ci/units conf/demo/run.sh docker/make-secrets \
	   debian/nmsp2mqtt.prerm debian/nmsp2mqtt.postrm

ifeq ($(V),)
quiet = @echo '  $(1)	$(patsubst $(BUILD)/%,%,$@)';
endif

all: $(programs)

$(BUILD)/nmsp2mqtt: $(BUILD)/gateway/main.o $(library)
$(BUILD)/nmsp-sim: $(BUILD)/gateway/sim/main.o $(library)
$(programs):
	$(call quiet,LINK)$(LINK) -o $@ $^ $(LDLIBS)

$(unit_programs): %: %.o $(library)
	$(call quiet,LINK)$(LINK) -o $@ $^ -lcmocka $(LDLIBS)

$(bench_programs) $(helper_programs): %: %.o $(library)
	$(call quiet,LINK)$(LINK) -o $@ $^ $(LDLIBS)

# P: two folders may have a file of the same name.
$(library): $(objects)
	$(call quiet,AR)rm -f $@ && $(AR) rcsP $@ $^

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call quiet,CC)mkdir -p $(@D) && $(COMPILE) -MMD -MP -c -o $@ $<

# Embedded by the assembler, which nobody asks for dependencies.
$(BUILD)/gateway/assets.o: $(page)

# Other flags, other objects.
$(BUILD)/flags: force
	@mkdir -p $(@D); echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' >$@

-include $(all_sources:%.c=$(BUILD)/%.d)

# Packages first, then what is built with them: hence the second make.
run:
	@.ci/deps $(RUN_PACKAGES)
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@exec env BUILD=$(BUILD) conf/demo/run.sh $(CONF)

STAGES := programs clang style cppcheck tidy unit vectors e2e core-faults page-test examples \
	  sanitize
test:
	@.ci/deps $(TEST_PACKAGES)
	@MAKE='$(MAKE)' JOBS=$(JOBS) WERROR=1 .ci/stages $(STAGES) \
		$(if $(SHIP_WITHIN),--within $(SHIP_WITHIN) ship)

# With the image, the packages and the manifests.
test-all:
	@.ci/deps $(TEST_PACKAGES)
	@MAKE='$(MAKE)' JOBS=$(JOBS) WERROR=1 .ci/stages $(STAGES) ship

deps:
	@.ci/deps $(TEST_PACKAGES)

programs: all $(unit_programs) $(helper_programs)

unit: $(unit_programs)
	@.ci/units $^

vectors: all
	@$(PYTEST) tests/vectors

e2e: all $(helper_programs)
	@$(PYTEST_WAITING) tests/e2e

page-test: all
	@$(PYTEST) tests/page

# The pictures in docs/; SECONDS is how long the charts are given to fill.
screenshots: all
	@BUILD=$(abspath $(BUILD)) PYTHONDONTWRITEBYTECODE=1 SECONDS=$(SECONDS) \
		$(PYTHON) -m pytest -q -s tests/page/screenshots.py

# The cases that take no time; `make faults` has all of them.
core-faults: all
	@$(PYTEST_WAITING) tests/faults -m core

faults: all
	@$(PYTEST) -s tests/faults

# docs/asyncapi.yaml and docs/examples with the programs that they are for.
examples: all
	@$(PYTEST) tests/examples

# Faults at random for MINUTES; SEED repeats a run.
soak: all
	@BUILD=$(abspath $(BUILD)) PYTHONDONTWRITEBYTECODE=1 MINUTES=$(MINUTES) SEED=$(SEED) \
		$(PYTHON) -m pytest -q -s tests/faults/soak.py

style: format-check man-check unlisted-check
	@$(PYTHON) tests/style/layering.py
	@$(PYTHON) tests/style/limits.py
	@$(SHELLCHECK) $(scripts)
	@$(PYTEST) tests/style

format:
	@find $(folders) -name '*.[ch]' -exec $(CLANG_FORMAT) -i {} +

format-check:
	@find $(folders) -name '*.[ch]' -exec $(CLANG_FORMAT) --dry-run --Werror {} +

man-check:
	@$(MANDOC) -T lint -W warning $(man:%=docs/man/%)

unlisted-check:
	@for f in $$(find $(folders) -name '*.c'); do case ' $(all_sources) ' in *" $$f "*) ;; \
		*) echo "$$f: not in the Makefile"; bad=1 ;; esac; done; test -z "$$bad"

# It counts suppressed warnings on stderr even when quiet, so it is heard only when it fails.
tidy:
	@printf '%s\n' $(sources) $(mains) | xargs -P $(JOBS) -I @ sh -c \
		'said=$$($(CLANG_TIDY) --quiet @ -- $(DEFINES) $(STD) 2>&1) || { echo "$$said"; exit 1; }'

cppcheck:
	@$(CPPCHECK) --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--library=tests/style/jansson.cfg --error-exitcode=1 -j $(JOBS) $(DEFINES) $(sources) $(mains)

clang:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)-clang CC=$(CLANG) WERROR=1 programs

sanitize:
	@ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=print_stacktrace=1 $(MAKE) --no-print-directory \
		BUILD=$(BUILD)-sanitize SANITIZE=1 sanitized
sanitized: unit
	@$(MAKE) --no-print-directory vectors
	@$(MAKE) --no-print-directory e2e
	@$(MAKE) --no-print-directory core-faults

# Debian packages of the tree as it is.
deb:
	@.ci/deps $(DEB_PACKAGES)
	@rm -rf $(BUILD)/deb && mkdir -p $(BUILD)/deb/source
	@tar -c --exclude='./build*' --exclude=./.git --exclude=__pycache__ . | tar -x -C $(BUILD)/deb/source
	@cd $(BUILD)/deb/source && env -u BUILD -u MAKEFLAGS -u MAKELEVEL \
		dpkg-buildpackage -us -uc -b >../log 2>&1 || { tail -n 100 ../log; exit 1; }
	@rm -rf $(BUILD)/deb/source
	@printf '%s\n' $(BUILD)/deb/*.deb

# Image, packages and manifests; they share a Debian base, which is made once a day.
image-test deb-test manifest-test: %-test:
	@.ci/deps $(SHIP_PACKAGES)
	@$(PYTEST) -rs tests/ship/test_$*.py
deb-test: deb

# The image's build runs the tests that the packages' build leaves out here.
ship: all
	@.ci/deps $(SHIP_PACKAGES)
	@DEB_BUILD_OPTIONS=nocheck $(MAKE) --no-print-directory deb
	@$(PYTEST) -rs --durations=5 tests/ship

bench: all $(bench_programs)
	@BUILD=$(abspath $(BUILD)) $(PYTHON) tests/bench/bench.py docs/benchmarks.md

schema: $(BUILD)/nmsp2mqtt
	@$< schema -o docs/schema

$(BUILD)/nmsp2mqtt.service: conf/systemd/nmsp2mqtt.service.in force
	@sed -e 's|@BINDIR@|$(BINDIR)|' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|' $< >$@

install: $(programs) $(BUILD)/nmsp2mqtt.service
	@for file in $(installed); do IFS=:; set -- $$file; \
		$(INSTALL) -v -D -m "$$1" "$$2" "$(DESTDIR)$$3" || exit 1; done

# The configuration and the state stay.
uninstall:
	@for file in $(installed); do rm -fv "$(DESTDIR)$${file##*:}"; done
	@for folder in $(DATADIR)/nmsp2mqtt/dictionary $(DATADIR)/nmsp2mqtt $(EXAMPLEDIR)/bridge \
		$(EXAMPLEDIR) $(dir $(EXAMPLEDIR)); do rmdir "$(DESTDIR)$$folder" 2>/dev/null || :; done

clean:
	rm -rf $(BUILD) $(BUILD)-clang $(BUILD)-sanitize

.PHONY: all run test test-all deps programs unit vectors e2e page-test screenshots core-faults \
	faults soak \
	examples style format format-check man-check unlisted-check tidy \
	cppcheck clang sanitize sanitized bench schema install uninstall deb image-test \
	deb-test manifest-test ship clean force
.DELETE_ON_ERROR:
