# install.mk - make install, uninstall, deb: what lies where on a machine that runs mailcert for real.
#
# DESTDIR is put before every path, PREFIX is where the programs go (/usr/local; the package has /usr). Configuration
# is in /etc/mailcert and the state in /var/lib/mailcert whatever PREFIX is. tools/README.md is the operator's guide.

LIBEXEC := $(PREFIX)/libexec/mailcert
MAN     := $(PREFIX)/share/man
DOC     := $(PREFIX)/share/doc/mailcert
NGINX   := $(DATA_DIR)/nginx
UNITS   ?= $(PREFIX)/lib/systemd/system
SITE    := /etc/nginx/sites-available/mailcert
D       := $(DESTDIR)
PUT     := install -m 644

MAN8 := cgi/mailcert-web.8 tools/signer/mailcert-signer.8 tools/mailer/mailcert-mailer.8 \
	tools/callback/mailcert-callback.8 tools/mailcertctl/mailcertctl.8
FILL := sed -e 's,@LIBEXEC@,$(LIBEXEC),g' -e 's,@SBIN@,$(PREFIX)/sbin,g' -e 's,@NGINX@,$(NGINX),g' -e 's,@STATIC@,$(DATA_DIR)/static,g' \
	-e 's,@ERRORS@,$(DATA_DIR)/errors,g' -e 's,@PUBLIC@,/var/lib/mailcert/public,g' \
	-e 's,@WEB_SOCKET@,/run/mailcert/web.sock,g' -e 's,@ERROR_LOG@,/var/log/nginx/error.log,g' \
	-e 's,@TRUSTED@,/etc/ssl/certs/ca-certificates.crt,g' \
	-e 's,@METRICS_PORT@,9464,g' -e 's,@WORKERS_CONF@,/etc/mailcert/nginx-workers.conf,g' -e 's,@QUEUE@,128,g'

# A file of the admin's: what was changed there stays, and the new one is put beside it.
define keep
	if [ -e '$(D)$(2)' ] && ! cmp -s $(1) '$(D)$(2)'; then \
		$(PUT) $(1) '$(D)$(2).new'; echo 'kept $(D)$(2); the new one is $(2).new'; \
	else $(PUT) -D $(1) '$(D)$(2)'; fi
endef

$(B)/mailcert.hdf.5: hdf/mailcert.hdf.5.in tools/settings-man.py $(B)/mailcertctl
	@$(B)/mailcertctl config list --csv | tools/settings-man.py >$@.settings
	@sed -e '/^@SETTINGS@$$/{' -e 'r $@.settings' -e d -e '}' $< >$@

# What the programs and the scripts for browsers are made of, in CycloneDX.
SBOM := build/sbom.json
$(SBOM): tools/sbom.py nginx/package-lock.json $(wildcard tools/debian/changelog debian/changelog) $(PROGRAMS:%=$(B)/%)
	@echo '  SBOM $@'; mkdir -p $(@D) && tools/sbom.py $(PAGES) $(PROGRAMS:%=$(B)/%) >$@.new && mv $@.new $@
sbom: $(SBOM)

# Which of those parts are behind: of the bill as it is now, since packages may have come after the build.
advisories: $(PROGRAMS:%=$(B)/%)
	@rm -f $(SBOM) && $(MAKE) --no-print-directory $(SBOM)
	@tools/advisories $(SBOM)

install: all $(B)/mailcert.hdf.5 $(SBOM)
	install -d $(D)$(PREFIX)/sbin $(D)$(LIBEXEC) $(D)$(MAN)/man5 $(D)$(MAN)/man8 $(D)$(DOC) $(D)$(NGINX) \
		$(D)/etc/mailcert
	install $(B)/mailcertctl $(D)$(PREFIX)/sbin/
	install $(filter %-web %-signer %-mailer %-callback,$(PROGRAMS:%=$(B)/%)) tools/audit-export tools/backup tools/db-room \
		$(D)$(LIBEXEC)/
	$(PUT) $(MAN8) $(D)$(MAN)/man8/
	$(PUT) $(B)/mailcert.hdf.5 $(D)$(MAN)/man5/
	$(PUT) tools/README.md $(D)$(DOC)/README.md
	$(PUT) sql/README.md $(D)$(DOC)/sql.md
	$(PUT) $(SBOM) $(D)$(DOC)/sbom.json
	for folder in hdf/words hdf/pages hdf/mails $(wildcard sql sql/migrations sql/reports); do \
		install -d $(D)$(DATA_DIR)/$$folder && find $$folder -maxdepth 1 -type f \
			\( -name '*.hdf' -o -name '*.cs' -o -name '*.sql' \) -exec $(PUT) -t $(D)$(DATA_DIR)/$$folder {} +; done
	$(PUT) hdf/products.hdf $(D)$(DATA_DIR)/hdf/
	rm -rf $(D)$(DATA_DIR)/static
	cp -R build/assets/static $(D)$(DATA_DIR)/static
	install -d $(D)$(DATA_DIR)/errors
	$(PUT) nginx/errors/* $(D)$(DATA_DIR)/errors/
	$(PUT) tools/systemd/mariadb.cnf tools/systemd/mariadb-encryption.cnf $(D)$(DATA_DIR)/
	for part in http server site public tls stapling fastcgi metrics; do \
		$(FILL) nginx/$$part.conf.in >$(D)$(NGINX)/$$part.conf && chmod 644 $(D)$(NGINX)/$$part.conf || exit 1; done
	@$(MAKE) --no-print-directory install-units
	@$(FILL) nginx/installed.conf.in >$(B)/nginx-site
	@$(call keep,$(B)/nginx-site,$(SITE))
	@$(FILL) nginx/workers.conf.in >$(B)/nginx-workers.conf
	@$(call keep,$(B)/nginx-workers.conf,/etc/mailcert/nginx-workers.conf)
	@$(call keep,hdf/mailcert.hdf,/etc/mailcert/mailcert.hdf)
	@$(call keep,hdf/products.hdf,/etc/mailcert/products.hdf)
	@$(call keep,tools/systemd/softhsm2.conf,/etc/mailcert/softhsm2.conf)
	@$(call keep,tools/systemd/default,/etc/default/mailcert)
	@[ -n '$(D)' ] || echo 'Now: systemd-sysusers; systemd-tmpfiles --create; systemctl daemon-reload. Then $(DOC)/README.md.'

# What systemd is told, on its own for tests/operate/test_exposure.sh.
install-units:
	install -d $(D)$(PREFIX)/lib/sysusers.d $(D)$(PREFIX)/lib/tmpfiles.d
	install -d $(D)$(UNITS)/mailcert-.service.d
	$(PUT) tools/systemd/mailcert-.service.d/*.conf $(D)$(UNITS)/mailcert-.service.d/
	for unit in $(notdir $(wildcard tools/systemd/mailcert*.service tools/systemd/mailcert*.socket \
		tools/systemd/mailcert*.timer tools/systemd/mailcert*.target)); do \
		$(FILL) tools/systemd/$$unit >$(D)$(UNITS)/$$unit && chmod 644 $(D)$(UNITS)/$$unit || exit 1; done
	$(PUT) tools/systemd/sysusers.conf $(D)$(PREFIX)/lib/sysusers.d/mailcert.conf
	$(PUT) tools/systemd/tmpfiles.conf $(D)$(PREFIX)/lib/tmpfiles.d/mailcert.conf

# What the admin made stays: /etc/mailcert, /etc/default/mailcert, the nginx site, /var/lib/mailcert, the database.
uninstall:
	rm -f $(D)$(PREFIX)/sbin/mailcertctl $(addprefix $(D)$(MAN)/man8/,$(notdir $(MAN8))) $(D)$(MAN)/man5/mailcert.hdf.5
	rm -f $(addprefix $(D)$(UNITS)/,$(notdir $(wildcard tools/systemd/mailcert*.service \
		tools/systemd/mailcert*.socket tools/systemd/mailcert*.timer tools/systemd/mailcert*.target)))
	rm -f $(D)$(PREFIX)/lib/sysusers.d/mailcert.conf $(D)$(PREFIX)/lib/tmpfiles.d/mailcert.conf
	rm -rf $(D)$(LIBEXEC) $(D)$(DATA_DIR) $(D)$(DOC) $(D)$(UNITS)/mailcert-.service.d

.PHONY: advisories install install-units uninstall sbom

# The Debian package: built by debhelper from a copy of the source beside tools/debian, with what npm brought built
# already, as a package's build reaches no network. The result is build/mailcert_VERSION_ARCHITECTURE.deb.
DEB := build/deb
deb-setup:
	@$(LOCKED) tools/setup.sh run package
deb: deb-setup
	@$(LOCKED) $(MAKE) --no-print-directory assets
	@rm -rf $(DEB) build/mailcert_*.deb
	@mkdir -p $(DEB)/mailcert/build
	@tar -c --exclude=node_modules Makefile README.md cgi lib hdf sql nginx tools | tar -x -C $(DEB)/mailcert
	@mv $(DEB)/mailcert/tools/debian $(DEB)/mailcert/debian
	@cp -a build/assets $(DEB)/mailcert/build/
	cd $(DEB)/mailcert && DEB_BUILD_OPTIONS='noautodbgsym parallel=2' dpkg-buildpackage -b -us -uc
	@cp $(DEB)/mailcert_*.deb build/
	lintian --fail-on error --tag-display-limit 0 $(DEB)/mailcert_*.changes
	@ls -l build/mailcert_*.deb

exposure:
	@tests/operate/test_exposure.sh

install-test: test-setup deb
	@tests/install/run

.PHONY: deb deb-setup exposure install-test
