/* SPDX-License-Identifier: ISC */
/* cmd_decode.c: nmsp2mqtt decode: frames in, the records out as the daemon would publish them */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codecs/message.h"
#include "conf/dictionary.h"
#include "gateway/commands.h"
#include "gateway/hex.h"
#include "gateway/process.h"
#include "gateway/stream.h"
#include "outputs/timestamp.h"

#define READ_SIZE   65536
#define ARENA_LIMIT (64U * 1024 * 1024)

struct decode {
	struct dict *dict;
	struct arena arena;
	struct process process;
	struct stream stream;
	uint64_t received_at;
	bool hex;
	struct hex_reader hex_reader;
	unsigned faults;
};

static void
print_fault(const char *what, uint64_t start, const struct fault *fault)
{
	char text[128];

	fprintf(stderr,
		"%s fault in the frame at byte %" PRIu64 " of the input: %s (byte %" PRIu64
		" of the input)\n",
		what, start, fault_text(fault, text, sizeof text), start + fault->offset);
}

static void
print_line(void *context, const struct record *record, const struct jsonw *json)
{
	const uint64_t *start = context;

	fwrite(json->data, 1, json->length, stdout);
	putchar('\n');
	if (record->kind == KIND_UNKNOWN && record->reason == UNKNOWN_MALFORMED)
		print_fault(fault_level_name(record->fault.level), *start, &record->fault);
}

static bool
take_frame(void *context, const struct frame *frame, uint64_t offset)
{
	const struct process_printer printer = {print_line, &offset};
	struct decode *decode = context;
	struct message message;

	arena_reset(&decode->arena);
	message_open(&message, decode->dict, frame, &decode->arena);
	decode->faults += process_print(&decode->process, &message, decode->received_at, &printer);
	return true;
}

/* Feeds what was read; returns -1 when nothing after it can be read. */
static int
feed(struct decode *decode, uint8_t *bytes, size_t size)
{
	const struct stream_taker taker = {take_frame, decode};
	struct fault fault;

	if (decode->hex) {
		long length = hex_read(&decode->hex_reader, (const char *)bytes, size, bytes);

		if (length < 0) {
			fprintf(stderr,
				"line %u: '%c' is no hex digit, expected pairs of 0-9 a-f, "
				"white space or # comments\n",
				decode->hex_reader.line, decode->hex_reader.wrong);
			decode->faults++;
			return -1;
		}
		size = (size_t)length;
	}
	if (stream_feed(&decode->stream, bytes, size, &taker, &fault) == 0)
		return 0;
	print_fault("frame", decode->stream.offset, &fault);
	decode->faults++;
	return -1;
}

static void
finish(struct decode *decode)
{
	if (decode->hex && hex_pending(&decode->hex_reader)) {
		fprintf(stderr, "line %u: the input ends with half a byte\n",
			decode->hex_reader.line);
		decode->faults++;
	}
	if (!decode->stream.have)
		return;
	fprintf(stderr,
		"the input ends inside the frame at byte %" PRIu64 ": %zu bytes of it are there\n",
		decode->stream.offset, decode->stream.have);
	decode->faults++;
}

static int
decode_file(struct decode *decode, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "rb");
	uint8_t *buffer = malloc(READ_SIZE);
	int status = 0;
	size_t size;

	if (!file || !buffer) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		status = COMMAND_ERROR;
	}
	while (!status && (size = fread(buffer, 1, READ_SIZE, file)) > 0)
		if (feed(decode, buffer, size))
			break;
	if (!status && ferror(file)) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		status = COMMAND_ERROR;
	}
	if (!status && feof(file))
		finish(decode);
	if (file && !standard)
		fclose(file);
	free(buffer);
	return status;
}

static int
parse_time(const char *text, uint64_t *ms)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	unsigned long fraction = 0;
	char *end;

	if (!rest)
		return -1;
	if (*rest == '.') {
		fraction = strtoul(rest + 1, &end, 10);
		if (end != rest + 4)
			return -1;
		rest = end;
	}
	if (strcmp(rest, "Z") != 0)
		return -1;
	*ms = (uint64_t)timegm(&tm) * 1000 + fraction;
	return 0;
}

static const struct option options[] = {
	{"dictionary", required_argument, NULL, 'd'},
	{"hex", no_argument, NULL, 'x'},
	{"controller", required_argument, NULL, 'n'},
	{"received-at", required_argument, NULL, 't'},
	{NULL, 0, NULL, 0},
};

/* Returns the exit code for the command line, or -1 to go on. */
static int
parse_options(struct decode *decode, const char **dictionary, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "d:", options, NULL)) != -1) {
		switch (option) {
		case 'd':
			*dictionary = optarg;
			break;
		case 'x':
			decode->hex = true;
			break;
		case 'n':
			decode->process.source.controller = optarg;
			break;
		case 't':
			if (parse_time(optarg, &decode->received_at) == 0)
				break;
			fprintf(stderr,
				"--received-at %s: expected a time such as "
				"2026-11-22T17:00:00.123Z\n",
				optarg);
			return command_usage("decode");
		default:
			return command_usage("decode");
		}
	}
	if (argc - optind <= 1)
		return -1;
	fprintf(stderr, "%s: one file at the most\n", argv[optind + 1]);
	return command_usage("decode");
}

int
cmd_decode(int argc, char **argv)
{
	struct decode decode = {.received_at = timestamp_now()};
	const char *dictionary = "baseline";
	int status;

	decode.process.source =
		(struct envelope_source){.gateway = "decode", .controller = "decode"};
	status = parse_options(&decode, &dictionary, argc, argv);
	if (status >= 0)
		return status;
	decode.dict = dictionary_load(dictionary, &report_to_stderr);
	if (!decode.dict)
		return COMMAND_ERROR;
	arena_init(&decode.arena, ARENA_LIMIT);
	stream_init(&decode.stream, decode.dict);
	decode.process.scratch = scratch_new();
	if (!decode.process.scratch || process_begin(&decode.process, "00000000"))
		return COMMAND_ERROR;
	status = decode_file(&decode, optind < argc ? argv[optind] : "-");
	process_end(&decode.process);
	scratch_free(decode.process.scratch);
	stream_fini(&decode.stream);
	arena_fini(&decode.arena);
	dictionary_free(decode.dict);
	return status ? status : decode.faults ? COMMAND_FAULTS : COMMAND_OK;
}
