// SPDX-License-Identifier: ISC
// format.js: numbers, sizes and times for people

import { setAttribute, setText } from "./dom.js";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en-US", {
	minimumFractionDigits: 1, maximumFractionDigits: 1,
});

export function number(value) {
	return value === undefined ? undefined : whole.format(value);
}

/** A rate per second: tenths where they matter. */
export function rate(value) {
	return value > 0 && value < 99.95 ? tenths.format(value) : whole.format(value);
}

export function bytes(value) {
	if (value < 1024)
		return `${whole.format(value)} B`;
	const units = ["KiB", "MiB", "GiB", "TiB"];
	let size = value / 1024, unit = 0;
	while (size >= 1023.95 && unit < units.length - 1) {
		size /= 1024;
		unit++;
	}
	return `${tenths.format(size)} ${units[unit]}`;
}

export function duration(ms) {
	if (ms < MINUTE)
		return `${Math.floor(ms / SECOND)} s`;
	if (ms < HOUR)
		return `${Math.floor(ms / MINUTE)} min`;
	if (ms < 2 * DAY)
		return `${Math.floor(ms / HOUR)} h`;
	return `${Math.floor(ms / DAY)} d`;
}

export function plural(count, one, many = `${one}s`) {
	return `${number(count)} ${count === 1 ? one : many}`;
}

// Ages are by the gateway's clock: the browser's may be another.
let clockOffset = 0;

export function setClock(ts) {
	clockOffset = Date.parse(ts) - Date.now();
}

function relative(ts) {
	const away = Date.parse(ts) - Date.now() - clockOffset;
	if (Math.abs(away) < SECOND)
		return "now";
	return away > 0 ? `in ${duration(away)}` : `${duration(-away)} ago`;
}

/** Fills a time element: how long ago in the text, the exact time in the title. */
export function setTime(element, ts, absent = "never") {
	if (ts) {
		setAttribute(element, "datetime", ts);
		setAttribute(element, "title", ts);
		setText(element, relative(ts));
	} else {
		element.removeAttribute("datetime");
		element.removeAttribute("title");
		setText(element, absent);
	}
}

/** Lets the times of a part of the page grow older. */
export function ageTimes(root) {
	for (const element of root.querySelectorAll("time[datetime]:not([data-fixed])"))
		setText(element, relative(element.dateTime));
}
