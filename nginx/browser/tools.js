/* tools.js - the page /tools: generator, PFX builder, viewer. */
import { attachBuilder } from "./builder.js";
import { attachGenerator } from "./generator.js";
import { ready } from "./ui.js";
import { attachViewer } from "./viewer.js";

if (ready()) {
	const builder = attachBuilder(document.querySelector("[data-builder]"));
	attachGenerator(document.querySelector("[data-generator]"), () => builder.offerKept());
	attachViewer(document.querySelector("[data-viewer]"));
}
