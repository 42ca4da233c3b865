/* SPDX-License-Identifier: ISC */
/* tail.c: live records for who wants to look on */
#include "gateway/tail.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAC_BITS 48

struct tail {
	struct tail *next;
	struct tails *tails;
	struct tail_filter filter;
	struct buffer *lines[TAIL_LINES]; /* a ring */
	size_t first, n;
	size_t bytes;  /* of the lines in it */
	size_t offset; /* of the first line, so much was read */
	uint64_t taken;
	uint64_t missed; /* since the last line in the ring */
	bool waiting;
};

bool
tail_filter_kinds(struct tail_filter *filter, const char *text)
{
	char word[32];

	while (*text) {
		size_t length = strcspn(text, ",");
		enum kind kind;

		if (length >= sizeof word)
			return false;
		memcpy(word, text, length);
		word[length] = '\0';
		kind = kind_named(word);
		if (kind == KIND_NONE)
			return false;
		filter->kinds |= 1U << kind;
		text += length;
		text += *text == ',';
	}
	return true;
}

bool
tail_filter_mac(struct tail_filter *filter, const char *text)
{
	unsigned shift = MAC_BITS;

	filter->mac = filter->mac_mask = 0;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == ':' || c == '-' || c == '.')
			continue;
		if (!isxdigit(c) || shift == 0)
			return false;
		shift -= 4;
		filter->mac |= (uint64_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10) << shift;
		filter->mac_mask |= UINT64_C(15) << shift;
	}
	return true;
}

bool
tail_filter_count(struct tail_filter *filter, const char *text)
{
	char *end;

	errno = 0;
	filter->count = strtoull(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && filter->count;
}

bool
tail_filter_controller(struct tail_filter *filter, const char *text)
{
	if (strlen(text) >= sizeof filter->controller)
		return false;
	memcpy(filter->controller, text, strlen(text) + 1);
	return true;
}

struct tail *
tail_open(struct tails *tails, const struct tail_filter *filter)
{
	struct tail *tail = tails->n < TAIL_CLIENTS ? calloc(1, sizeof *tail) : NULL;

	if (!tail)
		return NULL;
	tail->tails = tails;
	tail->filter = *filter;
	tail->next = tails->first;
	tails->first = tail;
	tails->n++;
	return tail;
}

static struct buffer *
pop(struct tail *tail)
{
	struct buffer *line = tail->lines[tail->first];

	tail->first = (tail->first + 1) % TAIL_LINES;
	tail->n--;
	tail->bytes -= line->length;
	tail->offset = 0;
	return line;
}

void
tail_close(struct tail *tail)
{
	struct tail **link = &tail->tails->first;

	while (*link != tail)
		link = &(*link)->next;
	*link = tail->next;
	tail->tails->n--;
	while (tail->n)
		buffer_unref(pop(tail));
	free(tail);
}

static bool
wants(const struct tail *tail, const struct tail_record *record)
{
	const struct tail_filter *filter = &tail->filter;

	return (!filter->kinds || filter->kinds >> record->kind & 1) &&
	       (record->mac & filter->mac_mask) == filter->mac &&
	       (record->mac || !filter->mac_mask) &&
	       (!*filter->controller || strcmp(filter->controller, record->controller) == 0) &&
	       (!filter->count || tail->taken < filter->count);
}

static bool
push(struct tail *tail, struct buffer *line)
{
	if (tail->n == TAIL_LINES || tail->bytes + line->length > TAIL_BYTES)
		return false;
	tail->lines[(tail->first + tail->n++) % TAIL_LINES] = buffer_ref(line);
	tail->bytes += line->length;
	return true;
}

/* Says how many lines are missing here. */
static bool
push_missed(struct tail *tail)
{
	char text[48];
	int length = snprintf(text, sizeof text, "{\"missed\":%" PRIu64 "}", tail->missed);
	struct buffer *line = buffer_new(text, (size_t)length);
	bool pushed = line && push(tail, line);

	buffer_unref(line);
	if (pushed)
		tail->missed = 0;
	return pushed;
}

static void
offer(struct tail *tail, const struct tail_record *record)
{
	/* Room for two lines, or the second would be missed at once. */
	if (tail->missed && (tail->n + 2 > TAIL_LINES || !push_missed(tail))) {
		tail->missed++;
		return;
	}
	if (!push(tail, record->text)) {
		tail->missed++;
		return;
	}
	tail->taken++;
}

void
tails_offer(struct tails *tails, const struct tail_record *record)
{
	bool wake = false;

	for (struct tail *tail = tails->first; tail; tail = tail->next) {
		if (!wants(tail, record))
			continue;
		offer(tail, record);
		wake |= tail->waiting;
		tail->waiting = false;
	}
	if (wake)
		tails->wake(tails->context);
}

/* Copies from the first line and its end. */
static size_t
copy_line(struct tail *tail, char *out, size_t size)
{
	struct buffer *line = tail->lines[tail->first];
	size_t left = line->length - tail->offset;
	size_t n = left < size ? left : size;

	memcpy(out, line->data + tail->offset, n);
	tail->offset += n;
	if (n == size)
		return n;
	out[n] = '\n';
	buffer_unref(pop(tail));
	return n + 1;
}

size_t
tail_read(struct tail *tail, char *out, size_t size)
{
	size_t done = 0;

	while (done < size && tail->n) {
		done += copy_line(tail, out + done, size - done);
		if (!tail->n && tail->missed)
			push_missed(tail);
	}
	if (done == 0)
		tail->waiting = true;
	return done;
}

bool
tail_ready(const struct tail *tail)
{
	return tail->n || tail_ended(tail);
}

bool
tail_ended(const struct tail *tail)
{
	return tail->filter.count && tail->taken == tail->filter.count && !tail->n;
}
