// SPDX-License-Identifier: ISC
// accounts.js: rows that tell what became of the records that an output was given

import { setText } from "./dom.js";
import { number } from "./format.js";
import { sum } from "./states.js";

const FIELDS = ["received", "published", "filtered", "conflated", "queued"];

export function fillAccount(row, name, account) {
	const reasons = Object.entries(account.dropped ?? {});
	setText(row.name, name);
	for (const field of FIELDS)
		setText(row[field], number(account[field] ?? 0));
	setText(row.dropped, number(sum(reasons, ([, count]) => count)));
	setText(row.reasons,
		reasons.map(([reason, count]) => `${reason} ${number(count)}`).join(", "));
	row.root.classList.toggle("problem", reasons.length > 0);
}

/** The accounts of several controllers, {kind: account} each, added up by kind. */
export function addAccounts(controllers) {
	const total = {};
	for (const kinds of controllers) {
		for (const [kind, account] of Object.entries(kinds))
			addTo(total[kind] ??= { dropped: {} }, account);
	}
	return total;
}

function addTo(total, account) {
	for (const field of FIELDS)
		total[field] = (total[field] ?? 0) + (account[field] ?? 0);
	for (const [reason, count] of Object.entries(account.dropped ?? {}))
		total.dropped[reason] = (total.dropped[reason] ?? 0) + count;
}
