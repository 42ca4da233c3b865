// SPDX-License-Identifier: ISC
// overview.js: all controllers at a glance, and the gateway itself

import { draw } from "./chart.js";
import { KeyedList, partsOf, setAttribute, setState, setText, setTexts } from "./dom.js";
import { bytes, duration, plural, rate, setTime } from "./format.js";
import {
	addressOf, concernOf, countServices, isProblem, rateOf, refusedServices, sum, toneOf,
} from "./states.js";

const PAGE = 100; // rows that are drawn at once

const byName = (a, b) => a.name.localeCompare(b.name, "en", { numeric: true });
const byRate = (a, b) => rateOf(b) - rateOf(a);
const SORTS = {
	problems: (a, b) => concernOf(a) - concernOf(b) || byName(a, b),
	state: (a, b) => a.state.localeCompare(b.state) || byName(a, b),
	name: byName,
	rate: (a, b) => byRate(a, b) || byName(a, b),
};

export class Overview {
	constructor(section) {
		this.parts = partsOf(section);
		this.rows = new KeyedList(this.parts.rows, "controller-row");
		this.order = [];
		this.limit = PAGE;
		this.#listen();
	}

	get title() {
		return "Controllers";
	}

	enter() {}

	leave() {}

	update(model) {
		this.model = model;
		this.#showFigures(model);
		this.#showControllers(model);
		this.#showGateway(model.status.gateway);
	}

	#listen() {
		const { form, filter, sort, more } = this.parts;
		const again = () => {
			this.order = [];
			this.#showControllers(this.model);
		};
		form.addEventListener("submit", event => event.preventDefault());
		filter.addEventListener("input", again);
		sort.addEventListener("change", again);
		more.addEventListener("click", () => {
			this.limit += PAGE;
			this.#showControllers(this.model);
		});
	}

	#showFigures({ status: { controllers, outputs }, history }) {
		const parts = this.parts;
		const subscribed = controllers.filter(one => one.state === "subscribed").length;
		const problems = controllers.filter(isProblem).length;
		const connected = outputs.filter(one => one.connected).length;
		setTexts(parts, {
			controllers: `${subscribed} of ${controllers.length}`,
			records: `${rate(sum(controllers, rateOf))}/s`,
			outputs: `${connected} of ${outputs.length}`,
			queued: bytes(sum(outputs, one => one.queued_bytes)),
		});
		setState(parts.problems, problems ? "warn" : "ok",
			problems ? plural(problems, "problem") : "no problems");
		setState(parts.outputTrouble, connected < outputs.length ? "bad" : "ok",
			connected < outputs.length ? "not all connected" : "no problems");
		draw(parts.recordsChart, history, "records");
		draw(parts.queuedChart, history, "queued");
	}

	#showControllers({ status: { controllers }, history }) {
		const { filter, empty, table, more, shown } = this.parts;
		const wanted = words(filter.value);
		const matching = this.#sort(controllers.filter(one => matches(one, wanted)));
		const visible = matching.slice(0, this.limit);
		this.rows.update(visible, one => one.name, (row, one) =>
			fillRow(row, one, history));
		table.hidden = visible.length === 0;
		empty.hidden = visible.length > 0;
		setText(empty, controllers.length === 0 ? "No controllers are configured."
			: `“${filter.value.trim()}” is in no name, state, address or tag.`);
		setText(shown, visible.length === controllers.length
			? plural(controllers.length, "controller")
			: `${visible.length} of ${controllers.length} controllers`);
		more.hidden = visible.length === matching.length;
		setText(more, `Show ${Math.min(PAGE, matching.length - visible.length)} more`);
	}

	#sort(controllers) {
		const { sort, rows } = this.parts;
		controllers.sort(SORTS[sort.value]);
		// Rates change all the time: a row must not move away under a hand.
		if (sort.value === "rate" && rows.matches(":hover, :focus-within")) {
			const places = new Map(this.order.map((name, place) => [name, place]));
			const placeOf = one => places.get(one.name) ?? places.size;
			controllers.sort((a, b) => placeOf(a) - placeOf(b));
		}
		this.order = controllers.map(one => one.name);
		return controllers;
	}

	#showGateway(gateway) {
		const { mac, sha1, sha256 } = gateway.identity ?? {};
		setTexts(this.parts, {
			name: gateway.name,
			version: gateway.version,
			pid: `${gateway.pid}, up ${duration(gateway.uptime_s * 1000)}`,
			session: gateway.session,
			config: gateway.config,
			mac, sha1, sha256,
		});
		setTime(this.parts.started, gateway.started_at);
	}
}

function fillRow(row, controller, history) {
	setText(row.name, controller.name);
	setAttribute(row.name, "href", `#/controller/${encodeURIComponent(controller.name)}`);
	setText(row.address, addressOf(controller) ?? "");
	setState(row.state, toneOf(controller), controller.state);
	setText(row.reason, reasonOf(controller));
	setAttribute(row.reason, "title", controller.reason ?? "");
	row.root.classList.toggle("problem", isProblem(controller));
	setTime(row.since, controller.since, "not known");
	setText(row.rate, rate(rateOf(controller)));
	draw(row.chart, history, `records/${controller.name}`);
	setTime(row.last, controller.last_message);
	for (const what of ["requested", "granted", "delivering"])
		setText(row[what], countServices(controller, what));
}

function reasonOf(controller) {
	const refused = refusedServices(controller);
	return refused.length === 0 ? controller.reason ?? ""
		: `not granted: ${refused.map(one => one.name).join(", ")}`;
}

function words(text) {
	return text.toLowerCase().split(/\s+/).filter(Boolean);
}

function matches(controller, wanted) {
	const { name, state, reason, address, hosts, device, tags } = controller;
	const text = [
		name, state, reason, address, ...(hosts ?? []), ...Object.values(device ?? {}),
		...Object.entries(tags ?? {}).map(tag => tag.join("=")),
	].join(" ").toLowerCase();
	return wanted.every(word => text.includes(word));
}
