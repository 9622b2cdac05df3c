# arsignup: make, make install, make programs, make install-programs, make uninstall-programs, make installcheck, make unit, make dist

# Also from elsewhere: make -f DIR/Makefile VPATH=DIR. What says $(srcdir) is expanded late, since PGXS sets it. DIR may have no
# space, at which make splits, so call it `..` or by a link; nor may DESTDIR, where there is bitcode (with_llvm=no: none).

EXTENSION  = arsignup
RELEASE    = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(srcdir)/$(EXTENSION).control)

# Capabilities in the order in which their types and functions need each other.
CAPABILITIES = base password attempt realm account org login recovery signup http once operations api_key core web install

FRAGMENTS  = $(srcdir)/src/install/head.sql $(srcdir)/src/install/schemas.sql \
             $(wildcard $(foreach c,$(CAPABILITIES),$(srcdir)/src/$(c)/types.sql $(srcdir)/src/$(c)/api.sql)) \
             $(srcdir)/src/install/tail.sql

# Tables in the order in which they need each other.
TABLES     = $(patsubst %,$(srcdir)/src/%.sql,base/tables/events realm/tables/realms realm/tables/deleted_realms realm/tables/connected_apps realm/tables/app_routes \
             account/tables/users account/tables/credentials org/tables/orgs org/tables/memberships \
             login/tables/sessions login/tables/signing_keys login/tables/login_sources recovery/tables/one_time_tokens \
             signup/tables/signup_tokens once/tables/submissions operations/tables/failed_deliveries operations/tables/app_hooks operations/tables/hook_deliveries api_key/tables/api_keys install/tables/installation)
SCRIPT     = $(EXTENSION)--$(RELEASE).sql

# What changes tables from one version to the next, in the order of the versions. Beside it may be what changes members of the
# extension.
STEPS      = $(shell printf '%s\n' $(filter-out %.members.sql,$(wildcard $(srcdir)/src/upgrade/*--*.sql)) | sort -V)
EARLIER    = $(foreach step,$(STEPS),$(firstword $(subst --, ,$(notdir $(step)))))
UPDATES    = $(EARLIER:%=$(EXTENSION)--%--$(RELEASE).sql)

MODULE_big = $(EXTENSION)
OBJS       = src/arsignup.o $(patsubst $(srcdir)/%.c,%.o,$(sort $(wildcard $(CAPABILITIES:%=$(srcdir)/src/%/*.c))))
DATA_built = $(SCRIPT) $(UPDATES)
PG_CPPFLAGS = -Isrc -I$(srcdir)/src -DARSIGNUP_VERSION='"$(RELEASE)"'
SHLIB_LINK = $(SODIUM) -largon2 -lzxcvbn -ljansson -lcrypto -lcrypt -lm

# What makes the extension in the new database comes first.
REGRESS      = create $(filter-out create,$(sort $(basename $(notdir $(wildcard $(srcdir)/sql/*.sql)))))
ISOLATION    = create $(filter-out create,$(sort $(basename $(notdir $(wildcard $(srcdir)/test/isolation/specs/*.spec)))))
ISOLATION_OPTS = --inputdir=$(srcdir)/test/isolation --outputdir=test/isolation

DELIVERERS = programs/arsignup-mail programs/arsignup-webhook
PROGRAMS   = $(DELIVERERS) programs/arsignup-import

UNIT       = $(patsubst $(srcdir)/%.c,%,$(sort $(wildcard $(srcdir)/test/unit/*.c)))
EXTRA_CLEAN = $(UNIT) $(PURE) $(PROGRAMS) src/base/tables.inc src/install/steps.inc src/web/stylesheet.inc test/isolation/results test/isolation/output_iso test/isolation/regression.*

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Only sources are looked for in the source directory: what was built there is no part of a build elsewhere.
srcdir := $(srcdir)
override VPATH :=
vpath %.c $(srcdir)
vpath %.control $(srcdir)

# libsodium's archive, where there is one that can be part of a library: then its mmap is ours (src/password/block.c), and a hash
# takes two thirds of the time. Else the shared library. SODIUM=-lsodium takes that in any case.
ARCHIVE   := -Wl,--wrap=mmap -l:libsodium.a -Wl,--exclude-libs,libsodium.a
SODIUM    := $(shell echo 'extern int crypto_pwhash(); int (*hash)() = crypto_pwhash; void __wrap_mmap() {}' | \
              $(CC) -fPIC -shared -x c - -o /dev/null $(LDFLAGS) $(ARCHIVE) 2>/dev/null && echo '$(ARCHIVE)' || echo -lsodium)

src/password/block.o src/password/block.bc: override CPPFLAGS += $(if $(findstring wrap,$(SODIUM)),-DARSIGNUP_WRAPS_MMAP)

# PGXS makes no directories to build in, and does not track headers.
$(shell mkdir -p $(sort $(dir $(OBJS) $(UNIT) $(PROGRAMS))))
INCLUDED = $(wildcard $(srcdir)/src/*.h $(srcdir)/src/*/*.h)
$(OBJS): $(INCLUDED)

# The stylesheet has one source, the file that nginx serves.
src/web/stylesheet.inc: $(srcdir)/web/static/arsignup.css
	od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' > $@

src/web/stylesheet.o src/web/stylesheet.bc: src/web/stylesheet.inc

# The library has the tables: {"name", "statements"}, for each.
src/base/tables.inc: $(TABLES) $(srcdir)/Makefile
	for table in $(TABLES); do \
		echo "{\"$$(basename $$table .sql)\","; sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $$table; echo '},'; \
	done > $@

src/base/tables.o src/base/tables.bc: src/base/tables.inc

# So it has the steps: {"from", "to", "statements"}, for each.
src/install/steps.inc: $(STEPS) $(srcdir)/Makefile
	for step in $(STEPS); do \
		name=$$(basename $$step .sql); \
		echo "{\"$${name%--*}\", \"$${name#*--}\","; sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $$step; echo '},'; \
	done > $@

src/install/install.o src/install/install.bc: src/install/steps.inc

# A fresh install creates what an upgrade would replace.
$(SCRIPT): $(FRAGMENTS) $(srcdir)/Makefile
	sed 's/^CREATE OR REPLACE /CREATE /' $(FRAGMENTS) > $@

# An update leads here from each earlier version at once: members change step by step, functions are replaced as a whole, and
# create_tables, at the end, changes the tables.
$(UPDATES): $(EXTENSION)--%--$(RELEASE).sql: $(FRAGMENTS) $(wildcard $(srcdir)/src/upgrade/*.sql) $(srcdir)/Makefile
	{ \
		sed 's/CREATE EXTENSION arsignup/ALTER EXTENSION arsignup UPDATE/' $(srcdir)/src/install/head.sql; \
		cat $(srcdir)/src/upgrade/head.sql; \
		for step in $$(printf '%s\n' $(STEPS) | sed -n '\|/$*--|,$$p'); do \
			! test -e $${step%.sql}.members.sql || cat $${step%.sql}.members.sql; \
		done; \
		cat $(filter %/api.sql %/tail.sql,$(FRAGMENTS)) $(srcdir)/src/upgrade/tail.sql; \
	} > $@

# The programs, of which there is one copy whatever versions of PostgreSQL there are: PREFIX is theirs, not the server's.
PREFIX     = /usr/local

$(DELIVERERS): programs/arsignup-%: $(srcdir)/programs/common.py $(srcdir)/programs/delivery.py $(srcdir)/programs/%.py
	{ echo '#!/usr/bin/python3'; cat $^; } > $@
	chmod 755 $@

programs/arsignup-import: $(srcdir)/programs/common.py $(srcdir)/programs/import.sql $(srcdir)/programs/import.py
	{ echo '#!/usr/bin/python3'; cat $<; echo 'FUNCTIONS = r"""'; cat $(word 2,$^); echo '"""'; cat $(word 3,$^); } > $@
	chmod 755 $@

programs: $(PROGRAMS)

install-programs: $(PROGRAMS)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/lib/systemd/system' '$(DESTDIR)$(PREFIX)/share/arsignup/templates'
	install -m 755 $(PROGRAMS) '$(DESTDIR)$(PREFIX)/bin'
	for unit in $(DELIVERERS:programs/%=%.service); do \
		sed 's|@PREFIX@|$(PREFIX)|' $(srcdir)/programs/$$unit.in | install -m 644 /dev/stdin '$(DESTDIR)$(PREFIX)'/lib/systemd/system/$$unit || exit 1; \
	done
	install -m 644 $(srcdir)/programs/mail.conf $(srcdir)/programs/webhook.conf '$(DESTDIR)$(PREFIX)/share/arsignup'
	install -m 644 $(wildcard $(srcdir)/programs/templates/*) '$(DESTDIR)$(PREFIX)/share/arsignup/templates'
	install -d '$(DESTDIR)$(PREFIX)/share/man/man1'
	install -m 644 $(PROGRAMS:%=$(srcdir)/%.1) '$(DESTDIR)$(PREFIX)/share/man/man1'

uninstall-programs:
	rm -f $(PROGRAMS:programs/%='$(DESTDIR)$(PREFIX)/bin/%') $(DELIVERERS:programs/%='$(DESTDIR)$(PREFIX)/lib/systemd/system/%.service')
	rm -f $(PROGRAMS:programs/%='$(DESTDIR)$(PREFIX)/share/man/man1/%.1')
	rm -rf '$(DESTDIR)$(PREFIX)/share/arsignup/templates'
	rm -f '$(DESTDIR)$(PREFIX)/share/arsignup/mail.conf' '$(DESTDIR)$(PREFIX)/share/arsignup/webhook.conf'

# The archive that PGXN takes: what is committed, as it is.
dist:
	git -C $(srcdir) archive --format=zip --prefix=$(EXTENSION)-$(RELEASE)/ HEAD > $(EXTENSION)-$(RELEASE).zip

# The pure parts, without a server: TAP from every program in test/unit.
PURE = $(patsubst %,src/%.unit.o,base/base64url base/encode base/key base/machine base/text base/token password/block password/phc password/form realm/url account/identity \
         login/jwt login/jwt_json login/key_material login/plain http/html http/instant http/params http/request http/urlencoded once/submission_key web/input web/page web/route)

# Clang also sees arithmetic on null pointers; it is taken where it has its sanitizers.
UNIT_CC = $(shell echo 'int main(void) { return 0; }' | $(CLANG) -fsanitize=address,undefined -x c - -o /dev/null 2>/dev/null \
            && echo $(CLANG) || echo $(CC))

UNIT_FLAGS = -std=gnu11 -D_GNU_SOURCE -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover -I$(srcdir)/src

unit: $(UNIT)
	@status=0; for t in $(UNIT); do ./$$t || status=1; done; exit $$status

$(PURE): %.unit.o: %.c $(INCLUDED)
	$(UNIT_CC) $(UNIT_FLAGS) -c $< -o $@

$(UNIT): %: %.c $(srcdir)/test/unit/tap.h $(PURE) $(INCLUDED)
	$(UNIT_CC) $(UNIT_FLAGS) $< $(PURE) -lsodium -largon2 -ljansson -lcrypto -lcrypt -o $@

.PHONY: dist unit programs install-programs uninstall-programs
