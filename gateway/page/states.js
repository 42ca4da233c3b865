// SPDX-License-Identifier: ISC
// states.js: what the states of controllers and outputs mean for whoever looks after them

// In the order of concern; the tone is a colour and a shape.
const STATES = {
	quarantined: "bad",
	stalled: "warn",
	backoff: "warn",
	connecting: "busy",
	authenticating: "busy",
	subscribing: "busy",
	subscribed: "ok",
	disabled: "idle",
};
const ORDER = Object.keys(STATES);

export function toneOf(controller) {
	const tone = STATES[controller.state] ?? "idle";
	return tone === "ok" && refusedServices(controller).length > 0 ? "warn" : tone;
}

/** Small for what needs attention first. */
export function concernOf(controller) {
	const place = ORDER.indexOf(controller.state);
	const refused = controller.state === "subscribed" && refusedServices(controller).length > 0;
	return refused ? ORDER.indexOf("backoff") + 0.5 : place < 0 ? ORDER.length : place;
}

export function isProblem(controller) {
	return ["bad", "warn"].includes(toneOf(controller));
}

/** Services that were requested and not granted; an answer that is still due is no refusal. */
export function refusedServices(controller) {
	if (controller.state !== "subscribed")
		return [];
	return (controller.services ?? []).filter(one => one.requested && !one.granted);
}

export function countServices(controller, what) {
	return (controller.services ?? []).filter(one => one[what]).length;
}

export function rateOf(controller) {
	return sum(Object.values(controller.records ?? {}), one => one.per_s);
}

export function addressOf(controller) {
	const host = controller.address ?? controller.hosts?.join(", ");
	if (!host || !controller.port)
		return host;
	return host.includes(":") ? `[${host}]:${controller.port}` : `${host}:${controller.port}`;
}

export function sum(items, valueOf) {
	return items.reduce((total, item) => total + (valueOf(item) ?? 0), 0);
}
