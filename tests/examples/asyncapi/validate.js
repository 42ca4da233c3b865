// SPDX-License-Identifier: ISC
// validate.js FILE: what AsyncAPI's parser has against a document; then its channels, as JSON
"use strict";

const { readFileSync } = require("fs");
const { createRequire } = require("module");
// The packages are beside the build, not beside this file.
const { Parser } = createRequire(process.cwd() + "/")("@asyncapi/parser");

const WARNING = 1;

function described(channel) {
	const messages = {};
	for (const message of channel.messages().all())
		messages[message.id()] = message.payload().json();
	const bindings = channel.operations().all().map(one => one.bindings().get("mqtt").value());
	return { messages, bindings };
}

async function main(path) {
	const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"),
		{ source: path });
	const faults = diagnostics.filter(one => one.severity <= WARNING);
	for (const one of faults)
		console.error(`${one.path.join(".")}: ${one.message}`);
	if (!document || faults.length > 0)
		process.exit(1);
	const channels = {};
	for (const channel of document.channels().all())
		channels[channel.address()] = described(channel);
	console.log(JSON.stringify(channels));
}

main(process.argv[2]);
