/* SPDX-License-Identifier: ISC */
/* frame.c: where one message ends and the next begins */
#include "codecs/frame.h"

#include "codecs/cursor.h"

static uint64_t
header_uint(const struct dict *dict, const uint8_t *bytes, struct header_field field)
{
	return field.width ? cursor_load(bytes + field.offset, field.width, dict->little_endian)
			   : 0;
}

/* The length of the whole message as the header gives it; beyond max_length where it would
 * overflow. */
static uint64_t
total_length(const struct dict *dict, const uint8_t *bytes)
{
	const struct frame_layout *layout = &dict->frame;
	uint64_t length = header_uint(dict, bytes, layout->length);

	if (length > layout->max_length)
		return (uint64_t)layout->max_length + 1;
	return layout->length_is_body ? length + layout->header : length;
}

long
frame_parse(const struct dict *dict, const uint8_t *bytes, size_t size, struct frame *frame,
	    struct fault *fault)
{
	const struct frame_layout *layout = &dict->frame;
	uint64_t length;

	*frame = (struct frame){.bytes = bytes};
	if (size < layout->header)
		return 0;
	length = total_length(dict, bytes);
	if (length < layout->header || length > layout->max_length) {
		*fault = (struct fault){FAULT_FRAME, FAULT_LENGTH, "length", layout->length.offset};
		return -1;
	}
	frame->length = (uint32_t)length;
	if (size < length)
		return 0;
	frame->body = bytes + layout->header;
	frame->body_length = (uint32_t)length - layout->header;
	frame->version = header_uint(dict, bytes, layout->version);
	frame->more = header_uint(dict, bytes, layout->flags) >> layout->more_bit & 1;
	frame->id = (uint32_t)header_uint(dict, bytes, layout->id);
	frame->transaction = (uint32_t)header_uint(dict, bytes, layout->transaction);
	return (long)length;
}
