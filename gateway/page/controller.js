// SPDX-License-Identifier: ISC
// controller.js: the page of one controller, with all that an MSE shows on its "NMSP Status" page

import { fillAccount } from "./accounts.js";
import { draw, drawFigure } from "./chart.js";
import { KeyedList, partsOf, setAttribute, setState, setText, setTexts } from "./dom.js";
import { number, plural, rate, setTime } from "./format.js";
import { messageKey } from "./history.js";
import { addressOf, refusedServices, toneOf } from "./states.js";

export class Controller {
	constructor(section) {
		const parts = this.parts = partsOf(section);
		this.charts = new KeyedList(parts.charts, "chart-figure");
		this.services = new KeyedList(parts.services, "service-row");
		this.messages = new KeyedList(parts.messages, "message-row");
		this.records = new KeyedList(parts.records, "record-row");
		this.accounts = new KeyedList(parts.accounts, "account-row");
	}

	get title() {
		return this.name;
	}

	enter({ name }) {
		this.name = name;
		setText(this.parts.name, name);
	}

	leave() {}

	update({ status, history }) {
		const parts = this.parts;
		const controller = status.controllers.find(one => one.name === this.name);
		parts.known.hidden = !controller;
		parts.missing.hidden = Boolean(controller);
		setText(parts.missing, `No controller “${this.name}” is configured now.`);
		if (!controller)
			return;
		this.#showState(controller);
		this.#showSummary(controller);
		this.#showEcho(controller);
		this.#showCharts(controller, history);
		this.#showServices(controller);
		this.#showMessages(controller, history);
		this.#showRecords(controller, history);
		this.#showAccounts(status.outputs);
	}

	#showState(controller) {
		const parts = this.parts;
		setState(parts.state, toneOf(controller), controller.state);
		setText(parts.reason, controller.reason ?? "");
		setTime(parts.since, controller.since, "the start");
		parts.retry.hidden = !controller.retry_at;
		setTime(parts.retryAt, controller.retry_at);
		setText(parts.attempt, number(controller.attempt) ?? "");
		const filter = new URLSearchParams({ controller: this.name });
		setAttribute(parts.tail, "href", `#/tail?${filter}`);
	}

	#showSummary(controller) {
		const { device = {}, tls = {}, dictionary, tags = {}, hosts = [] } = controller;
		setTexts(this.parts, {
			address: addressOf(controller),
			model: device.model,
			software: device.software,
			deviceName: deviceName(device),
			nmspStatus: statusText(controller.state),
			clock: clockText(controller.clock_skew_ms),
			connections: number(controller.connections),
			faults: faultsText(controller.faults),
			macs: macsText(controller.macs),
			session: controller.session,
			dictionary: dictionary && dictionaryText(dictionary),
			tags: Object.entries(tags).map(tag => tag.join("=")).join(", ") || "none",
			hosts: hosts.join(", ") || undefined,
			tls: tls.description,
			fingerprint: tls.fingerprint,
		});
		setTime(this.parts.lastMessage, controller.last_message);
	}

	#showEcho({ echo = {} }) {
		setTexts(this.parts, {
			echoRequests: number(echo.requests),
			echoResponses: number(echo.responses),
			roundTrip: echo.round_trip_ms === 0 ? "under 1 ms"
				: withUnit(echo.round_trip_ms, "ms"),
		});
		setTime(this.parts.echoRequest, echo.last_request);
		setTime(this.parts.echoResponse, echo.last_response);
	}

	#showCharts({ name }, history) {
		const format = value => `${rate(value)}/s`;
		const charts = [
			{ title: "Records", name: `records/${name}`, format },
			{ title: "Messages in", name: `messages/${name}/in`, format },
			{ title: "Messages out", name: `messages/${name}/out`, format },
		];
		this.charts.update(charts, one => one.name, (figure, one) =>
			drawFigure(figure, history, one));
	}

	#showServices(controller) {
		const services = controller.services ?? [];
		const refused = refusedServices(controller).map(one => one.name);
		setText(this.parts.servicesNote, refused.length
			? `Requested and not granted: ${refused.join(", ")}.`
			: "Offered: what the controller is capable of. "
				+ "Delivering: a record came lately.");
		this.services.update(services, one => one.name, (row, service) => {
			setText(row.name, service.name);
			for (const what of ["offered", "requested", "granted", "delivering"])
				setAnswer(row[what], service[what]);
			if (refused.includes(service.name))
				setState(row.granted, "warn", "no");
			setText(row.interval, withUnit(service.interval_s, "s") ?? "–");
			setTime(row.last, service.last_record);
		});
	}

	#showMessages({ name, messages = [] }, history) {
		this.parts.noMessages.hidden = messages.length > 0;
		this.messages.update(messages, messageKey, (row, message) => {
			const series = `messages/${name}/${messageKey(message)}`;
			setTexts(row, {
				type: message.type,
				id: message.id ?? "–",
				direction: message.direction.toUpperCase(),
				count: number(message.count),
				bytes: number(message.bytes),
				rate: rate(history.latest(series)),
			});
			setTime(row.last, message.last);
			draw(row.chart, history, series);
		});
	}

	#showRecords({ name, state, records = {} }, history) {
		const kinds = Object.entries(records);
		this.parts.noRecords.hidden = kinds.length > 0;
		setText(this.parts.noRecords, `No records yet: the controller is ${state}.`);
		this.records.update(kinds, ([kind]) => kind, (row, [kind, record]) => {
			setTexts(row, {
				kind,
				count: number(record.count),
				rate: rate(record.per_s ?? 0),
			});
			setTime(row.last, record.last);
			draw(row.chart, history, `records/${name}/${kind}`);
		});
	}

	#showAccounts(outputs) {
		const accounts = outputs.flatMap(output => {
			const kinds = Object.entries(output.controllers?.[this.name] ?? {});
			return kinds.map(([kind, account]) =>
				({ name: `${output.name}: ${kind}`, account }));
		});
		this.parts.noAccounts.hidden = accounts.length > 0;
		this.accounts.update(accounts, one => one.name, (row, one) =>
			fillAccount(row, one.name, one.account));
	}
}

function setAnswer(element, yes) {
	setState(element, yes ? "ok" : "idle", yes ? "yes" : "no");
}

function dictionaryText({ name, hash }) {
	return `${name} ${hash.slice(0, 12)}`;
}

function statusText(state) {
	return state === "subscribed" ? "active" : `not active: ${state}`;
}

function withUnit(value, unit) {
	return value === undefined ? undefined : `${number(value)} ${unit}`;
}

function deviceName({ name, mac, address }) {
	return [name, mac, address].filter(Boolean).join(", ") || undefined;
}

function clockText(skew) {
	if (skew === undefined)
		return undefined;
	if (Math.abs(skew) < 1000)
		return "as the gateway's";
	return `${rate(Math.abs(skew) / 1000)} s ${skew > 0 ? "ahead of" : "behind"} the gateway's`;
}

function faultsText(faults) {
	return faults && ["record", "message", "frame"]
		.map(level => plural(faults[level] ?? 0, level)).join(", ");
}

function macsText(macs) {
	if (!macs)
		return undefined;
	const total = macs.local + macs.universal;
	const share = total > 0 ? ` (${Math.round(100 * macs.local / total)} %)` : "";
	return `${number(macs.local)}${share} randomised, ${number(macs.universal)} universal`;
}
