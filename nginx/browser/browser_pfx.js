/* browser_pfx.js - the order's page once the certificate is there: join it with the key into a PFX. */
import { attachBuilder } from "./builder.js";
import { ready } from "./ui.js";

if (ready())
	attachBuilder(document.querySelector("[data-builder]"));
