/* SPDX-License-Identifier: ISC */
/* pin.c: the certificate that a controller showed first (trust on first use) */
#include "gateway/pin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/store.h"

int
pin_path(const char *state_dir, const char *name, char *path, size_t size)
{
	int length = snprintf(path, size, "%s/controllers/%s.pin", state_dir, name);

	return length < 0 || (size_t)length >= size ? -1 : 0;
}

int
pin_load(const char *path, char *pin, char *error, size_t size)
{
	char line[PIN_TEXT + 2] = "";
	FILE *file = fopen(path, "re");

	if (!file && errno == ENOENT)
		return 0;
	if (!file) {
		snprintf(error, size, "cannot read %s: %s", path, strerror(errno));
		return -1;
	}
	char *got = fgets(line, sizeof line, file);
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (!got || strlen(line) != PIN_TEXT - 1 ||
	    strspn(line, "0123456789abcdef") != PIN_TEXT - 1) {
		snprintf(error, size,
			 "%s does not hold 64 hex digits: delete it to trust the "
			 "controller's present certificate",
			 path);
		return -1;
	}
	memcpy(pin, line, PIN_TEXT);
	return 1;
}

int
pin_store(const char *path, const char *pin, char *error, size_t size)
{
	char text[PIN_TEXT + 1];

	snprintf(text, sizeof text, "%s\n", pin);
	return store_text(path, 0644, text, error, size);
}
