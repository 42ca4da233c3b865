// SPDX-License-Identifier: ISC
// tail.js: records as they come, the newest first

import { copyOf, partsOf, setText } from "./dom.js";
import { plural } from "./format.js";
import { followLines, troubleOf } from "./stream.js";
import { indented, kindOf, summaryOf } from "./summary.js";

const KEPT = 200;
const AGAIN_MS = 2000;
const FILTERS = ["kind", "controller", "mac"];

export class Tail {
	constructor(section) {
		this.parts = partsOf(section);
		this.pending = [];
		this.#listen();
	}

	get title() {
		return "Live records";
	}

	/** Begins to follow; the filters are those of the address. */
	enter(filters) {
		for (const name of FILTERS)
			this.#setFilter(name, filters[name] ?? "");
		this.#restart();
	}

	leave() {
		this.connection?.abort();
	}

	update({ status }) {
		const names = status.controllers.map(one => one.name);
		const known = new Set(Array.from(this.parts.controller.options, one => one.value));
		for (const name of names.filter(one => !known.has(one)))
			this.parts.controller.append(new Option(name));
	}

	#listen() {
		const { form, pause, clear, lines } = this.parts;
		form.addEventListener("submit", event => event.preventDefault());
		form.addEventListener("change", () => this.#refilter());
		pause.addEventListener("click", () => this.#setPaused(!this.paused));
		clear.addEventListener("click", () => this.#clear());
		// Whoever is reading a line must not see it move away.
		lines.addEventListener("focusin", () => this.#setPaused(true));
	}

	#setFilter(name, value) {
		const field = this.parts[name];
		field.value = value;
		// The gateway may not have told yet which controllers there are.
		if (name === "controller" && field.value !== value)
			field.append(new Option(value, value, true, true));
	}

	/** Puts the filters into the address, so that it can be kept or sent to somebody. */
	#refilter() {
		const mac = this.parts.mac;
		const digits = mac.value.replace(/[:.\-\s]/g, "").toLowerCase();
		const good = /^[0-9a-f]{0,12}$/.test(digits);
		setText(this.parts.fault, good ? ""
			: "A MAC address has up to 12 hexadecimal digits, such as a4:83:e7.");
		if (!good)
			return;
		mac.value = digits.match(/..?/g)?.join(":") ?? "";
		history.replaceState(null, "", `#/tail${this.#query()}`);
		this.#restart();
	}

	#query() {
		const used = FILTERS.map(name => [name, this.parts[name].value])
			.filter(([, value]) => value);
		return used.length ? `?${new URLSearchParams(used)}` : "";
	}

	#restart() {
		this.connection?.abort();
		this.connection = new AbortController();
		this.trouble = "";
		this.#clear();
		this.#setPaused(false);
		this.#follow(this.connection.signal);
	}

	async #follow(signal) {
		while (!signal.aborted) {
			try {
				await followLines(`api/v1/tail${this.#query()}`, signal, {
					onOpen: () => this.#tellTrouble(""),
					onLine: line => signal.aborted || this.#take(line),
				});
				this.#tellTrouble("the gateway ended the stream", signal);
			} catch (error) {
				this.#tellTrouble(troubleOf(error), signal);
			}
			await new Promise(resolve => { setTimeout(resolve, AGAIN_MS); });
		}
	}

	#take(line) {
		const missed = /^\{"missed":(\d+)\}/.exec(line);
		if (missed)
			this.missed += Number(missed[1]);
		else if (this.paused)
			this.unseen++;
		else
			this.pending.push(line);
		// Of a flood only what will stay is looked at.
		if (this.pending.length > KEPT)
			this.pending.shift();
		this.drawing ??= requestAnimationFrame(() => this.#draw());
	}

	#draw() {
		this.drawing = undefined;
		const { lines, empty } = this.parts;
		const made = this.pending.splice(0).map(newLine);
		lines.prepend(...made.reverse());
		while (lines.children.length > KEPT)
			lines.lastElementChild.remove();
		empty.hidden = lines.children.length > 0;
		this.#tell();
	}

	#clear() {
		this.pending = [];
		this.missed = this.unseen = 0;
		this.parts.lines.replaceChildren();
		this.parts.empty.hidden = false;
		this.#tell();
	}

	#setPaused(paused) {
		if (paused === this.paused)
			return;
		this.paused = paused;
		// What waits to be drawn could push away the line that is being read.
		this.unseen = this.pending.splice(0).length;
		setText(this.parts.pause, paused ? "Resume" : "Pause");
		this.#tell();
	}

	#tellTrouble(trouble, signal) {
		if (signal?.aborted)
			return;
		this.trouble = trouble;
		this.#tell();
	}

	#tell() {
		const { note, counts } = this.parts;
		setText(note, this.trouble ? `Not live: ${this.trouble}. Trying again.`
			: this.paused ? "Paused." : `Live; the last ${KEPT} records stay.`);
		const unseen = this.paused ? `${plural(this.unseen, "record")} since. ` : "";
		const missed = this.missed
			? `${plural(this.missed, "record")} came too fast and were left out.` : "";
		setText(counts, unseen + missed);
	}
}

function newLine(text) {
	const record = JSON.parse(text);
	const parts = copyOf("tail-line");
	const received = new Date(record.received_at);
	parts.time.dateTime = parts.time.title = record.received_at;
	const milliseconds = record.received_at.slice(-4, -1);
	setText(parts.time, `${received.toLocaleTimeString("en-GB")}.${milliseconds}`);
	setText(parts.controller, record.controller);
	setText(parts.kind, kindOf(record));
	setText(parts.mac, record.mac ?? "");
	setText(parts.text, summaryOf(record));
	parts.root.firstElementChild.addEventListener("toggle", () =>
		setText(parts.json, indented(text)), { once: true });
	return parts.root;
}
