# assets.mk - build/assets/static, what nginx serves at /static/: nginx/static as it is, the key tools of
# nginx/browser bundled by esbuild, and a gzipped copy beside each text for gzip_static.
#
# A page loads one file (tools.js, browser_key.js, browser_pfx.js); the library lies in chunk/, shared by them under
# a name with its hash, and comes when somebody begins to work with keys. password_meter.js comes, with all of its own,
# when somebody begins with a new password. npm runs only when the lock file changed.

ASSETS  := build/assets
BUNDLES := tools browser_key browser_pfx password_meter
NPM_LOCK := nginx/node_modules/.package-lock.json
ASSETS_FROM := $(shell find nginx/static nginx/browser -type f) nginx/assets.mk

assets: $(ASSETS)/.built

$(NPM_LOCK): nginx/package.json nginx/package-lock.json
	cd nginx && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(ASSETS)/.built: $(ASSETS_FROM) $(NPM_LOCK)
	@rm -rf $(ASSETS)/new $(ASSETS)/old && mkdir -p $(ASSETS)/new
	cp -R nginx/static/. $(ASSETS)/new/
	esbuild $(BUNDLES:%=nginx/browser/%.js) --bundle --splitting --format=esm --minify --target=es2022 \
		--chunk-names=chunk/[name]-[hash] --legal-comments=none --log-level=warning --outdir=$(ASSETS)/new
	@for name in pkijs asn1js bytestreamjs @noble/hashes @peculiar/utils node-forge @zxcvbn-ts/core \
		@zxcvbn-ts/language-common @zxcvbn-ts/dictionary-compression fastest-levenshtein; do \
		printf '%s\n\n' "$$name" && cat nginx/node_modules/$$name/LICENSE* && printf '\n\n'; \
	done >$(ASSETS)/new/licences.txt
	find $(ASSETS)/new -type f \( -name '*.js' -o -name '*.css' -o -name '*.svg' -o -name '*.txt' \) \
		-exec gzip -9 -n -k {} +
	@if [ -d $(ASSETS)/static ]; then mv $(ASSETS)/static $(ASSETS)/old; fi
	@mv $(ASSETS)/new $(ASSETS)/static && rm -rf $(ASSETS)/old
	@touch $@

.PHONY: assets
