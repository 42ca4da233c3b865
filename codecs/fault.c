/* SPDX-License-Identifier: ISC */
/* fault.c: names for what went wrong */
#include "codecs/fault.h"

#include <stdio.h>

static const char *
why_name(enum fault_why why)
{
	switch (why) {
	case FAULT_SHORT:
		return "short";
	case FAULT_LEFT_OVER:
		return "bytes left over";
	case FAULT_LENGTH:
		return "impossible length";
	case FAULT_COUNT:
		return "count of more than the bytes that are left";
	case FAULT_SIZE:
		return "wrong size";
	case FAULT_MISSING:
		return "missing";
	case FAULT_MEMORY:
		return "too large for memory";
	}
	return "?";
}

char *
fault_text(const struct fault *fault, char *text, size_t size)
{
	snprintf(text, size, "%s: %s at byte %u", fault->what, why_name(fault->why), fault->offset);
	return text;
}

const char *
fault_level_name(enum fault_level level)
{
	switch (level) {
	case FAULT_NONE:
		return "none";
	case FAULT_RECORD:
		return "record";
	case FAULT_MESSAGE:
		return "message";
	case FAULT_FRAME:
		return "frame";
	}
	return "?";
}
