/* SPDX-License-Identifier: ISC */
/* log_line.c: one line of the log as text or JSON
 *
 * Text off the wire may be in it: a terminal must not see control characters, nor a reader of JSON
 * bytes that are no UTF-8.
 */
#include "gateway/log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *to;
	size_t size;
	size_t length;
};

/* All of the text, or nothing and never anything more. */
static void
put(struct out *out, const char *text, size_t length)
{
	if (length > out->size - out->length) {
		out->size = out->length;
		return;
	}
	memcpy(out->to + out->length, text, length);
	out->length += length;
}

static void
put_text(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

/* How many bytes the character at `text` has; 0: they are no UTF-8. */
static size_t
character_length(const unsigned char *text)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;

	if ((text[0] >= 0x80 && text[0] < 0xc2) || text[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* longer than need be, a surrogate, or beyond Unicode */
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

static bool
is_control(const unsigned char *text)
{
	return text[0] < 0x20 || text[0] == 0x7f || (text[0] == 0xc2 && text[1] < 0xa0);
}

static void
put_printable(struct out *out, const char *text)
{
	while (*text) {
		const unsigned char *c = (const unsigned char *)text;
		size_t length = character_length(c);

		if (*text == '\t')
			put_text(out, " ");
		else if (!length || is_control(c))
			put_text(out, "?");
		else
			put(out, text, length);
		text += length ? length : 1;
	}
}

static void
put_escaped(struct out *out, const unsigned char *c)
{
	char escaped[8];

	if (*c == '"' || *c == '\\')
		snprintf(escaped, sizeof escaped, "\\%c", *c);
	else
		snprintf(escaped, sizeof escaped, "\\u%04x", *c == 0xc2 ? c[1] : *c);
	put_text(out, escaped);
}

/* The inside of a JSON string. */
static void
put_json(struct out *out, const char *text, const char *end)
{
	while (text < end) {
		const unsigned char *c = (const unsigned char *)text;
		size_t length = character_length(c);

		if (!length)
			put_text(out, "\\ufffd");
		else if (is_control(c) || *text == '"' || *text == '\\')
			put_escaped(out, c);
		else
			put(out, text, length);
		text += length ? length : 1;
	}
}

static void
put_time(struct out *out, const struct timespec *time)
{
	char text[48];
	struct tm utc;
	size_t n;

	gmtime_r(&time->tv_sec, &utc);
	n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + n, sizeof text - n, ".%03dZ", (int)(time->tv_nsec / 1000000) % 1000);
	put_text(out, text);
}

size_t
log_line_text(const struct log_line *line, bool with_time, char *to, size_t size)
{
	struct out out = {to, size, 0};
	char missed[48];

	if (with_time) {
		put_time(&out, &line->time);
		put_text(&out, " ");
	}
	put_text(&out, log_level_name(line->level));
	put_text(&out, " ");
	put_printable(&out, line->subject);
	put_text(&out, ": ");
	put_printable(&out, line->message);
	if (line->missed) {
		snprintf(missed, sizeof missed, " (%" PRIu64 " like it were held back)",
			 line->missed);
		put_text(&out, missed);
	}
	return out.length;
}

size_t
log_line_json(const struct log_line *line, char *to, size_t size)
{
	static const char end[] = "\"}";
	struct out out = {to, size - strlen(end), 0};
	const char *subsystem_end = line->subject + strcspn(line->subject, " ");
	char missed[48];

	put_text(&out, "{\"ts\":\"");
	put_time(&out, &line->time);
	put_text(&out, "\",\"level\":\"");
	put_text(&out, log_level_name(line->level));
	put_text(&out, "\",\"subsystem\":\"");
	put_json(&out, line->subject, subsystem_end);
	if (*subsystem_end) {
		put_text(&out, "\",\"subject\":\"");
		put_json(&out, subsystem_end + 1, subsystem_end + strlen(subsystem_end));
	}
	put_text(&out, "\",");
	if (line->missed) {
		snprintf(missed, sizeof missed, "\"missed\":%" PRIu64 ",", line->missed);
		put_text(&out, missed);
	}
	put_text(&out, "\"message\":\"");
	put_json(&out, line->message, line->message + strlen(line->message));
	memcpy(out.to + out.length, end, strlen(end));
	return out.length + strlen(end);
}
