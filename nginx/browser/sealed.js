/* sealed.js - what was encrypted under a password: the thing itself, and which scheme it names. */
import { PBES2Params } from "pkijs";

export const PBES2 = "1.2.840.113549.1.5.13";

/** A sealed thing: an AlgorithmIdentifier with its parameters, and the ciphertext. */
export class Sealed {
	constructor(algorithm, octets) {
		this.algorithm = algorithm;
		this.octets = octets;
	}
}

export function isPbes2(algorithm) {
	return algorithm.algorithmId === PBES2;
}

/** Dotted name of a scheme, to be told when it is not known. */
export function schemeOf(algorithm) {
	if (!isPbes2(algorithm))
		return algorithm.algorithmId;
	const params = new PBES2Params({ schema: algorithm.algorithmParams });
	return params.encryptionScheme.algorithmId;
}
