// SPDX-License-Identifier: ISC
// app.js: asks the gateway every two seconds and shows the page that the address names

import { Controller } from "./controller.js";
import { setAttribute, setState, setText } from "./dom.js";
import { ageTimes, duration, plural, setClock } from "./format.js";
import { History } from "./history.js";
import { Outputs } from "./outputs.js";
import { Overview } from "./overview.js";
import { isProblem } from "./states.js";
import { fetchDocument, troubleOf } from "./stream.js";
import { Tail } from "./tail.js";

const POLL_MS = 2000;
const BUSY_SHARE = 10; // of the time at most a tenth is spent on asking

const element = id => document.getElementById(id);
const views = {
	overview: new Overview(element("overview")),
	controller: new Controller(element("controller")),
	outputs: new Outputs(element("outputs")),
	tail: new Tail(element("tail")),
	nowhere: { title: "No such page", enter() {}, leave() {}, update() {} },
};
const model = { status: undefined, history: new History() };
let route, view, timer, polling = false, answeredAt = performance.now();

/** The view that a hash names, and what it is about. */
function routeOf(hash) {
	const [path, query] = hash.replace(/^#?\/?/, "").split("?");
	const [first, ...rest] = path.split("/");
	const about = Object.fromEntries(new URLSearchParams(query));
	if (first === "")
		return { name: "overview", about };
	if (first === "controller" && rest.length === 1)
		return { name: "controller", about: { name: unescaped(rest[0]) } };
	const known = (first === "outputs" || first === "tail") && rest.length === 0;
	return { name: known ? first : "nowhere", about };
}

function unescaped(text) {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

function go() {
	const first = !route;
	view?.leave();
	route = routeOf(location.hash);
	view = views[route.name];
	view.enter(route.about);
	for (const link of document.querySelectorAll("nav a")) {
		const here = link.dataset.route === route.name;
		setAttribute(link, "aria-current", here ? "page" : "false");
	}
	show();
	if (!first) {
		scrollTo(0, 0);
		element(route.name).querySelector("h1").focus();
	}
}

function show() {
	const { status } = model;
	element("waiting").hidden = Boolean(status);
	for (const name of Object.keys(views))
		element(name).hidden = !status || name !== route.name;
	if (!status)
		return;
	view.update(model);
	const problems = status.controllers.filter(isProblem).length;
	document.title = `${problems ? `(${plural(problems, "problem")}) ` : ""}${view.title}`
		+ ` · ${status.gateway.name} · nmsp2mqtt`;
	setText(element("gateway-name"), status.gateway.name);
}

async function poll() {
	if (polling || document.hidden)
		return;
	polling = true;
	const began = performance.now();
	try {
		await ask();
	} finally {
		polling = false;
		clearTimeout(timer);
		const took = performance.now() - began;
		timer = setTimeout(poll, Math.max(POLL_MS, BUSY_SHARE * took));
	}
}

async function ask() {
	let status;
	try {
		status = await fetchDocument("api/v1/status");
	} catch (error) {
		tellConnection(troubleOf(error));
		return;
	}
	answeredAt = performance.now();
	model.status = status;
	model.history.add(status);
	setClock(status.ts);
	tellConnection();
	show();
}

/** Says whether the data is live; without a trouble it is. */
function tellConnection(trouble) {
	setState(element("connection"), trouble ? "bad" : "ok", trouble ? "not live" : "live");
	element("banner").hidden = !trouble;
	setText(element("banner-text"),
		trouble ? `The gateway cannot be reached: ${trouble}.` : "");
}

function tick() {
	if (document.hidden)
		return;
	const age = duration(performance.now() - answeredAt);
	setText(element("banner-age"), model.status
		? `What is shown is ${age} old. Trying again every ${POLL_MS / 1000} s.`
		: `Nothing was received yet. Trying again every ${POLL_MS / 1000} s.`);
	ageTimes(element(route.name));
}

addEventListener("hashchange", go);
document.addEventListener("visibilitychange", () => {
	clearTimeout(timer);
	poll();
});
document.querySelector(".skip").addEventListener("click", event => {
	// The address names the page here, so the link cannot.
	event.preventDefault();
	element("main").focus();
});
go();
poll();
setInterval(tick, 1000);
