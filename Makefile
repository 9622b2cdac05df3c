# arsignup: make, make install, make install-programs, make installcheck, make unit

EXTENSION  = arsignup
RELEASE    = $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" $(EXTENSION).control)

# Capabilities in the order in which their tables and functions need each other.
CAPABILITIES = base password attempt realm account org login recovery signup operations api_key http core web

FRAGMENTS  = src/install/head.sql \
             $(wildcard $(foreach c,$(CAPABILITIES),src/$(c)/schema.sql src/$(c)/api.sql)) \
             src/install/tail.sql
SCRIPT     = $(EXTENSION)--$(RELEASE).sql

MODULE_big = $(EXTENSION)
OBJS       = src/arsignup.o $(patsubst %.c,%.o,$(sort $(wildcard $(CAPABILITIES:%=src/%/*.c))))
DATA_built = $(SCRIPT)
PG_CPPFLAGS = -I$(CURDIR)/src
SHLIB_LINK = -lsodium -largon2 -lzxcvbn -ljansson -lcrypto -lcrypt -lm

REGRESS      = $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=$(EXTENSION)
ISOLATION    = $(sort $(patsubst test/isolation/specs/%.spec,%,$(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=test/isolation --load-extension=$(EXTENSION)

PROGRAMS   = programs/arsignup-mail programs/arsignup-webhook

UNIT       = $(patsubst %.c,%,$(sort $(wildcard test/unit/*.c)))
EXTRA_CLEAN = $(UNIT) $(PROGRAMS) src/web/stylesheet.inc test/isolation/results test/isolation/output_iso test/isolation/regression.*

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS does not track headers.
$(OBJS): $(wildcard src/*.h src/*/*.h)

# The stylesheet has one source, the file that nginx serves.
src/web/stylesheet.inc: web/static/arsignup.css
	od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g' > $@

src/web/stylesheet.o src/web/stylesheet.bc: src/web/stylesheet.inc

# A fresh install creates what an upgrade would replace.
$(SCRIPT): $(FRAGMENTS) Makefile
	sed 's/^CREATE OR REPLACE /CREATE /' $(FRAGMENTS) > $@

# The programs, of which there is one copy whatever versions of PostgreSQL there are: PREFIX is theirs, not the server's.
PREFIX     = /usr/local

programs/arsignup-%: programs/delivery.py programs/%.py
	{ echo '#!/usr/bin/python3'; cat $^; } > $@
	chmod 755 $@

programs: $(PROGRAMS)

install-programs: $(PROGRAMS)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/lib/systemd/system' '$(DESTDIR)$(PREFIX)/share/arsignup/templates'
	install -m 755 $(PROGRAMS) '$(DESTDIR)$(PREFIX)/bin'
	for unit in arsignup-mail.service arsignup-webhook.service; do \
		sed 's|@PREFIX@|$(PREFIX)|' programs/$$unit.in | install -m 644 /dev/stdin '$(DESTDIR)$(PREFIX)'/lib/systemd/system/$$unit || exit 1; \
	done
	install -m 644 programs/mail.conf programs/webhook.conf '$(DESTDIR)$(PREFIX)/share/arsignup'
	install -m 644 $(wildcard programs/templates/*) '$(DESTDIR)$(PREFIX)/share/arsignup/templates'

uninstall-programs:
	rm -f $(PROGRAMS:programs/%='$(DESTDIR)$(PREFIX)/bin/%') $(PROGRAMS:programs/%='$(DESTDIR)$(PREFIX)/lib/systemd/system/%.service')
	rm -rf '$(DESTDIR)$(PREFIX)/share/arsignup/templates'
	rm -f '$(DESTDIR)$(PREFIX)/share/arsignup/mail.conf' '$(DESTDIR)$(PREFIX)/share/arsignup/webhook.conf'

# The pure parts, without a server: TAP from every program in test/unit.
PURE = $(addprefix src/,base/encode.c base/key.c base/text.c base/token.c password/phc.c password/form.c realm/url.c account/identity.c \
         login/jwt.c login/key_material.c http/html.c http/params.c http/request.c http/urlencoded.c \
         web/input.c web/page.c web/route.c)

# Clang also sees arithmetic on null pointers; it is taken where it has its sanitizers.
UNIT_CC = $(shell echo 'int main(void) { return 0; }' | $(CLANG) -fsanitize=address,undefined -x c - -o /dev/null 2>/dev/null \
            && echo $(CLANG) || echo $(CC))

unit: $(UNIT)
	@status=0; for t in $(UNIT); do ./$$t || status=1; done; exit $$status

$(UNIT): %: %.c test/unit/tap.h $(PURE) $(wildcard src/*/*.h)
	$(UNIT_CC) -std=gnu11 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover -Isrc $< $(PURE) -lsodium -largon2 -ljansson -lcrypto -lcrypt -o $@

.PHONY: unit programs install-programs uninstall-programs
