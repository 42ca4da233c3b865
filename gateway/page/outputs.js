// SPDX-License-Identifier: ISC
// outputs.js: the outputs with their queues, and what became of the records

import { addAccounts, fillAccount } from "./accounts.js";
import { drawFigure } from "./chart.js";
import { KeyedList, partsOf, setAttribute, setState, setTexts } from "./dom.js";
import { bytes, number, plural } from "./format.js";

export class Outputs {
	constructor(section) {
		this.parts = partsOf(section);
		this.panels = new KeyedList(this.parts.list, "output-panel");
	}

	get title() {
		return "Outputs";
	}

	enter() {}

	leave() {}

	update({ status: { outputs }, history }) {
		this.parts.empty.hidden = outputs.length > 0;
		this.panels.update(outputs, one => one.name, (panel, output) => {
			fillPanel(panel, output);
			fillAccounts(panel, output);
			fillCharts(panel, output, history);
		});
	}
}

function fillPanel(panel, output) {
	setState(panel.state, output.connected ? "ok" : "bad",
		output.connected ? "connected" : "not connected");
	setTexts(panel, {
		name: output.name,
		reason: output.reason ?? "",
		type: output.type,
		messages: number(output.queued_messages),
		bytes: output.queue_size
			? `${bytes(output.queued_bytes)} of ${bytes(output.queue_size)}`
			: bytes(output.queued_bytes),
		reconnects: number(output.reconnects),
		spool: spoolText(output.spool),
	});
	panel.meter.hidden = !output.queue_size;
	panel.meter.value = output.queue_size ? output.queued_bytes / output.queue_size : 0;
	setAttribute(panel.region, "aria-label", `Records of ${output.name}`);
}

function fillCharts(panel, output, history) {
	panel.list ??= new KeyedList(panel.charts, "chart-figure");
	panel.list.update([`queued/${output.name}`], name => name, (figure, name) =>
		drawFigure(figure, history, { title: "Queued", name, format: bytes }));
}

function fillAccounts(panel, output) {
	const { controllers, former } = output; // former: those that left the configuration
	const total = addAccounts(Object.values({ ...former, ...controllers }));
	const kinds = Object.keys(total).sort();
	panel.rows ??= new KeyedList(panel.accounts, "account-row");
	panel.empty.hidden = kinds.length > 0;
	panel.region.hidden = kinds.length === 0;
	panel.rows.update(kinds, kind => kind, (row, kind) =>
		fillAccount(row, kind, total[kind]));
}

function spoolText(spool) {
	if (!spool)
		return "none";
	const parts = [
		spool.active ? "active" : `not active: ${spool.reason ?? "no reason given"}`,
		plural(spool.messages ?? 0, "message"),
		bytes(spool.bytes ?? 0),
	];
	if (spool.damaged)
		parts.push(plural(spool.damaged, "damaged message"));
	return parts.join(", ");
}
