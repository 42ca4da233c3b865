// SPDX-License-Identifier: ISC
// stream.js: what the gateway's API answers: documents, and lines without end

const PATIENCE_MS = 5000;

/** The JSON document at a path. */
export async function fetchDocument(path) {
	const signal = AbortSignal.timeout(PATIENCE_MS);
	const response = await fetch(path, { signal, cache: "no-store" });
	if (!response.ok)
		throw new Error(await complaintOf(response));
	return response.json();
}

/** Calls onLine with each line of a path until the gateway or the signal ends it. */
export async function followLines(path, signal, { onOpen, onLine }) {
	const response = await fetch(path, { signal, cache: "no-store" });
	if (!response.ok)
		throw new Error(await complaintOf(response));
	onOpen();
	const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (;;) {
		const { done, value } = await reader.read();
		if (done)
			return;
		const lines = (rest + value).split("\n");
		rest = lines.pop();
		lines.forEach(onLine);
	}
}

/** What went wrong, in words. */
export function troubleOf(error) {
	if (error.name === "TimeoutError")
		return `no answer within ${PATIENCE_MS / 1000} s`;
	return error instanceof TypeError ? "no connection" : error.message;
}

async function complaintOf(response) {
	const text = await response.text();
	try {
		return JSON.parse(text).error ?? `it answers ${response.status}`;
	} catch {
		return `it answers ${response.status}`;
	}
}
