/* keys.js - everything that needs the library, in one module the pages load when somebody begins to work. */
export { same } from "./bytes.js";
export { certificatesIn, leafAndChain, nameOf } from "./certificate.js";
export { makeRequest } from "./csr.js";
export { describe } from "./describe.js";
export { readKey, sealKey } from "./keyfile.js";
export { exportPrivate, exportPublic, fingerprint, generate, keyName, publicOf } from "./keypair.js";
export { buildPfx, checkPfx, looksLikePfx, readPfx } from "./pfx.js";
