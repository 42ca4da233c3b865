/* SPDX-License-Identifier: ISC */
/* envelope.c: records in their envelope */
#include "outputs/envelope.h"

#include "outputs/record_json.h"
#include "outputs/timestamp.h"

#define TIME_MEMBER_ROOM (sizeof ",\"received_at\":\"\"" + TIMESTAMP_LENGTH)

static void
raw(struct jsonw *json, const char *text)
{
	jsonw_raw(json, text, strlen(text));
}

static void
string(struct jsonw *json, const char *text)
{
	jsonw_string(json, (const uint8_t *)text, strlen(text));
}

static void
write_head(struct jsonw *json, enum kind kind, const struct envelope_source *source)
{
	raw(json, "{\"schema\":\"nmsp.");
	raw(json, kind_name(kind));
	raw(json, "/1\",\"gateway\":");
	string(json, source->gateway);
	raw(json, ",\"controller\":");
	string(json, source->controller);
	raw(json, ",\"session\":");
	string(json, source->session);
	raw(json, ",\"seq\":");
}

static void
write_tags(struct jsonw *json, const struct envelope_source *source)
{
	for (size_t i = 0; i < source->n_tags; i++) {
		raw(json, i ? "," : ",\"tags\":{");
		string(json, source->tags[i].name);
		raw(json, ":");
		string(json, source->tags[i].value);
	}
	if (source->n_tags)
		raw(json, "}");
}

int
envelope_init(struct envelope *envelope, const struct envelope_source *source)
{
	jsonw_init(&envelope->heads);
	jsonw_init(&envelope->tags);
	for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
		envelope->starts[kind] = envelope->heads.length;
		write_head(&envelope->heads, (enum kind)kind, source);
	}
	envelope->starts[KIND_COUNT] = envelope->heads.length;
	write_tags(&envelope->tags, source);
	if (!envelope->heads.failed && !envelope->tags.failed)
		return 0;
	envelope_fini(envelope);
	return -1;
}

void
envelope_fini(struct envelope *envelope)
{
	jsonw_fini(&envelope->heads);
	jsonw_fini(&envelope->tags);
}

static char *
put_time_member(char *p, const char *key, size_t key_length, uint64_t ms)
{
	memcpy(p, key, key_length);
	p += key_length;
	p += timestamp_write(p, ms);
	*p++ = '"';
	return p;
}

#define PUT_TIME_MEMBER(p, key, ms) put_time_member((p), (key), sizeof(key) - 1, (ms))

/* Everything up to "received_at". */
static void
begin(const struct envelope *envelope, struct jsonw *json, const struct envelope_item *item)
{
	enum kind kind = item->record->kind;
	size_t length = envelope->starts[kind + 1] - envelope->starts[kind];
	char *p;

	if (!jsonw_reserve(json, length + JSONW_UINT + 2 * TIME_MEMBER_ROOM))
		return;
	p = json->data + json->length;
	memcpy(p, envelope->heads.data + envelope->starts[kind], length);
	p = jsonw_put_uint(p + length, item->seq);
	p = PUT_TIME_MEMBER(p, ",\"received_at\":\"", item->received_at);
	json->length = (size_t)(p - json->data);
}

static void
add_seq(struct jsonw *json, uint64_t seq)
{
	raw(json, ",\"seq\":");
	if (jsonw_reserve(json, JSONW_UINT))
		json->length =
			(size_t)(jsonw_put_uint(json->data + json->length, seq) - json->data);
}

static void
add_ts(struct jsonw *json, const struct envelope_item *item)
{
	uint64_t ts;
	char *p;

	if (!record_json_time(item->message, item->record, item->received_at, &ts) ||
	    !jsonw_reserve(json, TIME_MEMBER_ROOM))
		return;
	p = PUT_TIME_MEMBER(json->data + json->length, ",\"ts\":\"", ts);
	json->length = (size_t)(p - json->data);
}

static void
add_common(const struct envelope *envelope, struct jsonw *json, const struct message *message)
{
	if (message->solicited)
		raw(json, ",\"solicited\":true");
	if (envelope->tags.length)
		jsonw_raw(json, envelope->tags.data, envelope->tags.length);
}

static void
add_members(struct jsonw *json, const struct envelope_item *item)
{
	record_json_members(json, item->message, item->record);
	if (!item->more)
		return;
	json->failed |= item->more->failed;
	if (item->more->length)
		jsonw_raw(json, item->more->data, item->more->length);
}

void
envelope_record(const struct envelope *envelope, struct jsonw *json,
		const struct envelope_item *item)
{
	begin(envelope, json, item);
	add_ts(json, item);
	add_common(envelope, json, item->message);
	add_members(json, item);
	jsonw_char(json, '}');
}

void
envelope_batch_begin(const struct envelope *envelope, struct jsonw *json,
		     const struct envelope_item *first)
{
	begin(envelope, json, first);
	add_common(envelope, json, first->message);
	raw(json, ",\"records\":[");
}

void
envelope_batch_add(struct jsonw *json, const struct envelope_item *item, bool numbered)
{
	size_t start = json->length;

	if (numbered)
		add_seq(json, item->seq);
	add_ts(json, item);
	add_members(json, item);
	if (json->length == start)
		jsonw_char(json, '{');
	else
		json->data[start] = '{';
	raw(json, "},");
}

void
envelope_batch_end(struct jsonw *json)
{
	if (!json->failed)
		json->length--;
	raw(json, "]}");
}
