# mailcert: everything is done from here. `make help` lists the targets.
#
# Every build variant has its own folder (build/plain, build/asan, …), so objects never mix. A room in lib/ is
# one static archive; the line that links a program is its privilege boundary: what is not named there is not
# in it.

PORT   ?= 8080
VAR    ?= var
V      ?= plain
B      := build/$(V)
CC     ?= gcc
CFLAGS ?= -O2 -g1
PREFIX ?= /usr/local
DATA_DIR ?= $(PREFIX)/share/mailcert

HARDEN.plain := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
SAN.asan     := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN.fault    := -DFAULT_POINTS
# Built by clang (make V=fuzz CC=clang), whose warnings are others; gcc's are the ones we heed.
SAN.fuzz     := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -w
SAN.cover    := -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping -w
WARN := -Werror -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Wpointer-arith \
	-Wvla -Wformat=2 -Wno-format-truncation
# ClearSilver's headers name each other from their own top.
ALL_CFLAGS  := -std=c11 -D_GNU_SOURCE -DOPENSSL_API_COMPAT=30000 -I. -isystem /usr/include/ClearSilver \
	-isystem /usr/include/mariadb -fPIE $(WARN) $(HARDEN.$(V)) $(SAN.$(V)) $(CFLAGS)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack $(SAN.$(V)) $(LDFLAGS)

ROOMS := base db ipc mail pki flow
lib    = $(1:%=$(B)/lib/%.a)
objs   = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))

CRYPTO  := -lcrypto
SMTP    := -lesmtp -lssl
MARIADB := -lmariadb
HDF     := -lneo_utl -lz
PAGES   := -lneo_cgi -lneo_cs $(HDF)

PROGRAMS := mailcert-web mailcert-signer mailcert-mailer mailcert-callback mailcertctl

all: programs assets
programs: $(PROGRAMS:%=$(B)/%)

# The worker: pages and FastCGI, nothing that can sign. The signer: no templates, no FastCGI.
$(B)/mailcert-web: $(call objs,cgi) $(call lib,flow pki db ipc base)
	$(LINK) -lfcgi -lcrack -lfido2 $(PAGES) -ljansson -lidn2 -lunbound -lresolv $(MARIADB) $(CRYPTO)
$(B)/mailcert-signer: $(call objs,tools/signer) $(call lib,flow pki db ipc base)
	$(LINK) -lseccomp -lunbound -lidn2 -ljansson $(HDF) $(MARIADB) $(CRYPTO)
$(B)/mailcert-mailer: $(call objs,tools/mailer) $(call lib,flow mail db ipc base)
	$(LINK) $(SMTP) $(PAGES) -lidn2 $(MARIADB) $(CRYPTO)
$(B)/mailcert-callback: $(call objs,tools/callback) $(call lib,flow db ipc base)
	$(LINK) -lcurl $(HDF) $(MARIADB) $(CRYPTO)
$(B)/mailcertctl: $(call objs,tools/mailcertctl) $(call lib,flow pki db ipc base)
	$(LINK) -lcrack -lunbound -lidn2 -ljansson $(HDF) $(MARIADB) $(CRYPTO)

LINK = @echo '  LINK $@'; $(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

define room
$(B)/lib/$(1).a: $(call objs,lib/$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	@$$(AR) rcs $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC   $<'
	@$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# See there.
$(B)/cgi/heap.o: ALL_CFLAGS += -fno-builtin

# The defaults of Hdf.Dir and Sql.Dir follow from where `make install` will put things.
$(B)/lib/base/conf.o: ALL_CFLAGS += -DDATA_DIR='"$(DATA_DIR)"'
$(B)/lib/base/conf.o: $(B)/data-dir
$(B)/data-dir: FORCE
	@mkdir -p $(@D)
	@echo '$(DATA_DIR)' | cmp -s - $@ || echo '$(DATA_DIR)' >$@

# Unit tests: every tests/unit/test_*.c is a program of its own. They see the worker's parts too, but its main.
$(B)/cgi.a: $(filter-out %/main.o,$(call objs,cgi))
	@rm -f $@
	@$(AR) rcs $@ $^
UNIT := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
$(B)/tests/unit/test_%: $(B)/tests/unit/test_%.o $(B)/cgi.a $(call lib,$(ROOMS))
	$(LINK) -lcmocka -lcrack -lfido2 $(SMTP) $(PAGES) -lresolv -lunbound -lidn2 -ljansson $(MARIADB) $(CRYPTO)
unit-programs: $(UNIT) $(B)/tests/lib/odd_token.so

# A PKCS #11 module that goes wrong as a test says.
$(B)/tests/lib/odd_token.so: tests/lib/odd_token.c
	@mkdir -p $(@D)
	@echo '  LINK $@'
	@$(CC) $(ALL_CFLAGS) -fPIC -shared $(LDFLAGS) -o $@ $<

# Fuzz targets, for tests/fuzz/run.
$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/cgi.a $(call lib,$(ROOMS))
	$(LINK) -fsanitize=fuzzer $(LDLIBS_fuzz) -lcrack -lfido2 $(SMTP) $(PAGES) -lresolv -lunbound -lidn2 -ljansson $(MARIADB) $(CRYPTO)

# The one for requests is the worker itself, with a database of paper behind it; what the paper has not is the real one's.
$(B)/tests/fuzz/fuzz_request: $(B)/tests/fuzz/paper_db.o
$(B)/tests/fuzz/fuzz_request: LDLIBS_fuzz := -lfcgi -Wl,-z,muldefs

# Golden pages: what tests/golden/run renders them with.
$(B)/tests/golden/render: $(B)/tests/golden/render.o $(B)/cgi/template.o $(call lib,base)
	$(LINK) $(PAGES) $(CRYPTO)

$(B)/tests/bench/empty: $(B)/tests/bench/empty.o
	$(LINK) -lfcgi
$(B)/tests/bench/commits: $(B)/tests/bench/commits.o
	$(LINK) $(MARIADB)
$(B)/tests/bench/token: $(B)/tests/bench/token.o $(call lib,pki base)
	$(LINK) -lidn2 -ljansson $(HDF) $(CRYPTO)
$(B)/tests/bench/offer: $(B)/tests/bench/offer.o
	$(LINK)

# CRLs by their size, and what judging a request costs: `make bench-pki`.
$(B)/tests/bench/crl $(B)/tests/bench/checks: %: %.o $(call lib,pki base)
	$(LINK) -lcmocka -lunbound -lidn2 -ljansson $(HDF) $(CRYPTO)

-include nginx/assets.mk
assets:

.PHONY: all programs assets unit-programs FORCE
.DELETE_ON_ERROR:
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
include tools/targets.mk
