// SPDX-License-Identifier: ISC
// summary.js: a record in a few words, and as JSON to read

const dbm = value => value === undefined ? undefined : `${value} dBm`;
const named = (name, value) => value === undefined ? undefined : `${name} ${value}`;

const SUMMARIES = {
	rssi: one => [one.entity, dbm(one.readings?.[0]?.rssi_dbm), one.readings?.[0]?.ap,
		named("readings", one.readings?.length)],
	info: one => [one.entity, one.status, one.ssid, one.username, one.ip?.join(" "),
		one.rogue?.class],
	statistics: one => [one.entity, dbm(one.rssi_dbm), named("received", one.bytes_rx),
		named("sent", one.bytes_tx)],
	attachment: one => [one.event, one.entity, one.interface, one.ip?.join(" "), one.username],
	location: one => [one.type, one.interface, one.location_id, one.elin,
		...Object.values(one.civic ?? {})],
	ap: one => [one.name, one.status, one.ip, one.model, named("radios", one.radios?.length)],
	interferer: one => [one.type, named("severity", one.severity), dbm(one.rssi_dbm)],
	air_quality: one => [one.ap, named("channel", one.channel), named("index", one.index)],
	wips: one => [named("signature", one.signature_id), named("severity", one.severity),
		one.ap],
	unknown: one => [one.reason, named("message", one.message_id), one.detail],
};

/** rssi of {"schema":"nmsp.rssi/1",…}. */
export function kindOf(record) {
	return /^nmsp\.(\w+)\//.exec(record.schema)?.[1] ?? "unknown";
}

export function summaryOf(record) {
	const values = SUMMARIES[kindOf(record)]?.(record) ?? [];
	return values.filter(value => ["string", "number"].includes(typeof value)).join(", ");
}

/** JSON text with a line for each member. It is not parsed: numbers of 64 bits would suffer. */
export function indented(json) {
	let depth = 0;
	const line = () => `\n${"  ".repeat(depth)}`;
	return json.replace(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]|,|:/g, token => {
		if ("[{".includes(token)) {
			depth++;
			return token + line();
		}
		if ("]}".includes(token)) {
			depth--;
			return line() + token;
		}
		return token === "," ? token + line() : token === ":" ? ": " : token;
	});
}
