/* fault.js - what a person can mend. The code names a sentence among the page's words; args fill its {holes}. */

export class Fault extends Error {
	/** @param {string} code a key of Words.Tools.Js.fault; @param {object} [args] values for its {holes} */
	constructor(code, args = {}) {
		super(code);
		this.code = code;
		this.args = args;
	}
}
