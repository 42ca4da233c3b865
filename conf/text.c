/* SPDX-License-Identifier: ISC */
/* text.c: files that are text, as far as bytes go, and the paths that stand in them */
#include "conf/text.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SIZE_LIMIT ((size_t)16 << 20)

/* The bytes that a sequence of UTF-8 has by its first one, 0 when that begins none. */
static size_t
sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc0 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* Length of the UTF-8 sequence at `text`, which a NUL ends; 0 when it is none. */
static size_t
utf8_length(const char *text)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *bytes = (const unsigned char *)text;
	size_t n = sequence_length(bytes[0]);
	unsigned code = n > 1 ? bytes[0] & (0x7fU >> n) : bytes[0];

	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : n;
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

bool
text_is_plain(const char *text)
{
	while (*text && !is_control(*text)) {
		size_t n = utf8_length(text);
		if (n == 0)
			return false;
		text += n;
	}
	return !*text;
}

/* One error a line is enough. */
static void
check_bytes(char *text, size_t length, const char *path, const struct report *report)
{
	struct report_place place = {path, 1};
	int told = 0;
	size_t n;

	for (char *at = text; at < text + length; at += n) {
		bool space = *at == '\n' || *at == '\t' || *at == '\r';
		bool control = is_control(*at) && !space;

		place.line += *at == '\n';
		n = utf8_length(at);
		if (n > 0 && !control)
			continue;
		if (told != place.line)
			report_error(report, place, "%s, expected text in UTF-8",
				     control ? "a control character" : "a byte that is not UTF-8");
		told = place.line;
		*at = '?';
		n = 1;
	}
}

static char *
read_stream(FILE *stream, size_t *length)
{
	struct stat status;
	size_t most = SIZE_LIMIT;
	char *text;

	if (fstat(fileno(stream), &status) < 0)
		return NULL;
	if (S_ISREG(status.st_mode) && status.st_size < (off_t)SIZE_LIMIT)
		most = (size_t)status.st_size;
	errno = S_ISDIR(status.st_mode) ? EISDIR : ENOMEM;
	text = S_ISDIR(status.st_mode) ? NULL : malloc(most + 1);
	if (!text)
		return NULL;
	errno = EFBIG;
	*length = fread(text, 1, most + 1, stream);
	if (!ferror(stream) && *length <= most) {
		text[*length] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

char *
text_read(const char *path, const struct report *report)
{
	FILE *stream = fopen(path, "re");
	size_t length = 0;
	char *text = NULL;
	int error;

	if (!stream)
		return NULL;
	text = read_stream(stream, &length);
	error = errno;
	fclose(stream);
	errno = error;
	if (text)
		check_bytes(text, length, path, report);
	return text;
}

char *
text_path(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	size_t size;
	char *joined;

	if (path[0] == '\0' || path[0] == '/' || strcmp(path, "-") == 0 || !slash)
		return strdup(path);
	size = (size_t)(slash - file) + strlen(path) + 2;
	joined = malloc(size);
	if (joined)
		snprintf(joined, size, "%.*s/%s", (int)(slash - file), file, path);
	return joined;
}
