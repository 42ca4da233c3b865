// SPDX-License-Identifier: ISC
// play.js FLOW < MESSAGES: what the function nodes of a flow make of messages, one JSON a line
"use strict";

const { readFileSync } = require("fs");

// The nodes run one after the other, as they are wired, each with a context of its own.
function load(path) {
	const nodes = JSON.parse(readFileSync(path, "utf8"));
	return nodes.filter(node => node.type === "function").map(node => {
		const kept = {};
		const context = {
			get: key => kept[key],
			set: (key, value) => { kept[key] = value; },
		};
		const run = new Function("msg", "context", node.func);
		return msg => [run(msg, context)].flat(2).filter(Boolean);
	});
}

const functions = load(process.argv[2]);
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
	const first = [{ topic: "nmsp/gw1/hq/rssi", payload: JSON.parse(line) }];
	const made = functions.reduce((messages, run) => messages.flatMap(run), first);
	console.log(JSON.stringify(made));
}
