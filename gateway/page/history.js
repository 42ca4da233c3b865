// SPDX-License-Identifier: ISC
// history.js: the last five minutes of rates and sizes, from one reply of the gateway to the next

import { sum } from "./states.js";

export const SPAN_MS = 5 * 60 * 1000;
const SAMPLES = 160; // a little more than five minutes of a poll each two seconds

/** Series of numbers by name; all have a place in the same ring of sampling times. */
export class History {
	constructor() {
		this.times = new Float64Array(SAMPLES).fill(NaN);
		this.series = new Map();
		this.counts = new Map();
		this.taken = 0;
		this.session = undefined;
	}

	/** Takes a sample of everything that is drawn from a reply of api/v1/status. */
	add(status) {
		const time = Date.parse(status.ts);
		// The gateway may give the same document twice.
		if (time === this.now)
			return;
		this.#begin(time, status.gateway.session);
		for (const controller of status.controllers)
			this.#addController(controller);
		this.#count("records", sum(status.controllers, recordsOf));
		for (const output of status.outputs)
			this.#set(`queued/${output.name}`, output.queued_bytes);
		this.#set("queued", sum(status.outputs, one => one.queued_bytes));
	}

	/** The samples of a series, oldest first, as [time, value]; NaN where nothing is known. */
	points(name) {
		const values = this.series.get(name);
		const points = [];
		for (let i = Math.max(0, this.taken - SAMPLES); values && i < this.taken; i++)
			points.push([this.times[i % SAMPLES], values[i % SAMPLES]]);
		return points;
	}

	/** The latest value of a series, 0 before there is one. */
	latest(name) {
		return this.series.get(name)?.[this.#slot()] || 0;
	}

	get now() {
		return this.times[this.#slot()];
	}

	#slot() {
		return (this.taken - 1) % SAMPLES;
	}

	#begin(time, session) {
		this.elapsed = time - this.now;
		this.taken++;
		this.times[this.#slot()] = time;
		for (const values of this.series.values())
			values[this.#slot()] = NaN;
		// Another process counts from 0 again.
		if (session !== this.session)
			this.counts.clear();
		this.session = session;
	}

	#addController(controller) {
		const { name } = controller;
		this.#count(`records/${name}`, recordsOf(controller));
		for (const [kind, record] of Object.entries(controller.records ?? {}))
			this.#count(`records/${name}/${kind}`, record.count);
		for (const direction of ["in", "out"]) {
			const messages = (controller.messages ?? [])
				.filter(one => one.direction === direction);
			const series = `messages/${name}`;
			this.#count(`${series}/${direction}`, sum(messages, one => one.count));
			for (const message of messages)
				this.#count(`${series}/${messageKey(message)}`, message.count);
		}
	}

	#count(name, count) {
		const grown = count - this.counts.get(name);
		this.counts.set(name, count);
		if (grown >= 0 && this.elapsed > 0)
			this.#set(name, grown * 1000 / this.elapsed);
	}

	#set(name, value) {
		if (!this.series.has(name))
			this.series.set(name, new Float32Array(SAMPLES).fill(NaN));
		this.series.get(name)[this.#slot()] = value;
	}
}

/** What tells the rows of a message table apart. */
export function messageKey(message) {
	return `${message.direction}/${message.id}/${message.type}`;
}

function recordsOf(controller) {
	return sum(Object.values(controller.records ?? {}), one => one.count);
}
