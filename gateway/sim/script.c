/* SPDX-License-Identifier: ISC */
/* script.c: frames written down in hex, to be sent as they are */
#define _GNU_SOURCE
#include "gateway/sim/script.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/hex.h"

/* A script that is being read. */
struct reading {
	struct script *script;
	size_t length; /* of script->bytes */
	uint32_t wait_ms;
};

/* Makes room for the bytes of a line of `digits` characters and one step. */
static bool
make_room(struct reading *reading, size_t digits)
{
	struct script *script = reading->script;
	uint8_t *bytes = realloc(script->bytes, reading->length + digits / 2 + 1);
	struct script_step *steps;

	if (bytes)
		script->bytes = bytes;
	steps = realloc(script->steps, (script->n_steps + 1) * sizeof *steps);
	if (steps)
		script->steps = steps;
	return bytes && steps;
}

/* Reads "wait MS"; false when the line is something else. */
static bool
read_wait(const char *line, uint32_t *wait_ms)
{
	static const char word[] = "wait ";
	unsigned long ms;
	char *rest;

	line += strspn(line, " \t");
	if (strncmp(line, word, strlen(word)) != 0)
		return false;
	ms = strtoul(line + strlen(word), &rest, 10);
	rest += strspn(rest, " \t\r\n");
	*wait_ms = (uint32_t)ms;
	return ms <= UINT32_MAX && (*rest == '\0' || *rest == '#');
}

/* Returns what is wrong with a line, or NULL. */
static const char *
read_line(struct reading *reading, const char *line)
{
	struct script_step step = {reading->wait_ms, reading->length, 0};
	struct script *script = reading->script;
	struct hex_reader reader = {0};
	uint32_t wait_ms;
	long length;

	if (read_wait(line, &wait_ms)) {
		reading->wait_ms += wait_ms;
		return NULL;
	}
	if (!make_room(reading, strlen(line)))
		return "out of memory";
	length = hex_read(&reader, line, strlen(line), script->bytes + reading->length);
	if (length < 0)
		return "expected hex digits or \"wait MS\"";
	if (hex_pending(&reader))
		return "expected an even number of hex digits";
	if (length == 0)
		return NULL;
	step.length = (size_t)length;
	reading->length += step.length;
	script->steps[script->n_steps++] = step;
	reading->wait_ms = 0;
	return NULL;
}

int
script_load(struct script *script, const char *path, char *error, size_t size)
{
	struct reading reading = {.script = script};
	const char *wrong = NULL;
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	int number = 0;

	*script = (struct script){0};
	if (!file) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return -1;
	}
	while (!wrong && getline(&line, &room, file) > 0) {
		number++;
		wrong = read_line(&reading, line);
	}
	free(line);
	fclose(file);
	if (!wrong)
		return 0;
	snprintf(error, size, "%s:%d: %s", path, number, wrong);
	script_fini(script);
	return -1;
}

void
script_fini(struct script *script)
{
	free(script->bytes);
	free(script->steps);
	*script = (struct script){0};
}
