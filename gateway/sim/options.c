/* SPDX-License-Identifier: ISC */
/* options.c: what the simulator is told on its command line */
#include "gateway/sim/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BATCH    1000
#define MOST_STATIONS 1000000
#define MOST_APS      4000
#define AFTER	      3 /* messages before a fault, where no number is given */

enum {
	OPTION_ADDRESS = 256,
	OPTION_NAME,
	OPTION_MODEL,
	OPTION_SOFTWARE,
	OPTION_CERTIFICATE,
	OPTION_KEY,
	OPTION_ALLOW,
	OPTION_ALLOW_ALL,
	OPTION_SERVICES,
	OPTION_GRANT,
	OPTION_APS,
	OPTION_CLIENTS,
	OPTION_TAGS,
	OPTION_ROGUES,
	OPTION_SEED,
	OPTION_TRUTH,
	OPTION_RATE,
	OPTION_COUNT,
	OPTION_BATCH,
	OPTION_SPEED,
	OPTION_SCRIPT,
	OPTION_MIN_TLS,
	OPTION_MAX_TLS,
	OPTION_LEGACY,
	OPTION_NO_DELAY,
	OPTION_FAULT,
	OPTION_VERSION,
};

static const struct option known[] = {
	{"port", required_argument, NULL, 'p'},
	{"address", required_argument, NULL, OPTION_ADDRESS},
	{"dictionary", required_argument, NULL, 'd'},
	{"name", required_argument, NULL, OPTION_NAME},
	{"model", required_argument, NULL, OPTION_MODEL},
	{"software", required_argument, NULL, OPTION_SOFTWARE},
	{"certificate", required_argument, NULL, OPTION_CERTIFICATE},
	{"key", required_argument, NULL, OPTION_KEY},
	{"allow", required_argument, NULL, OPTION_ALLOW},
	{"allow-all", no_argument, NULL, OPTION_ALLOW_ALL},
	{"services", required_argument, NULL, OPTION_SERVICES},
	{"grant", required_argument, NULL, OPTION_GRANT},
	{"aps", required_argument, NULL, OPTION_APS},
	{"clients", required_argument, NULL, OPTION_CLIENTS},
	{"tags", required_argument, NULL, OPTION_TAGS},
	{"rogues", required_argument, NULL, OPTION_ROGUES},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"truth", required_argument, NULL, OPTION_TRUTH},
	{"rate", required_argument, NULL, OPTION_RATE},
	{"count", required_argument, NULL, OPTION_COUNT},
	{"batch", required_argument, NULL, OPTION_BATCH},
	{"speed", required_argument, NULL, OPTION_SPEED},
	{"script", required_argument, NULL, OPTION_SCRIPT},
	{"min-tls", required_argument, NULL, OPTION_MIN_TLS},
	{"max-tls", required_argument, NULL, OPTION_MAX_TLS},
	{"legacy-ciphers", no_argument, NULL, OPTION_LEGACY},
	{"no-auth-delay", no_argument, NULL, OPTION_NO_DELAY},
	{"fault", required_argument, NULL, OPTION_FAULT},
	{"quiet", no_argument, NULL, 'q'},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"usage: nmsp-sim [options]\n"
	"A simulated wireless controller that speaks NMSP over TLS.\n"
	"\n"
	"Who it is and where it listens\n"
	"  -p, --port PORT          16113; 0 takes any free one\n"
	"      --address ADDRESS    127.0.0.1\n"
	"      --name, --model, --software TEXT\n"
	"  -d, --dictionary NAME    a shipped dictionary or a path; baseline\n"
	"      --certificate FILE, --key FILE   PEM; made in memory when not given\n"
	"      --min-tls, --max-tls VERSION     1.2, 1.3; down to 1.0\n"
	"      --legacy-ciphers     offers nothing but old ciphers (not TLS 1.3)\n"
	"Who may come in\n"
	"      --allow MAC=HASH     an entry of the authorisation list; may be repeated\n"
	"      --allow-all          lets every certificate in\n"
	"      --no-auth-delay      answers at once, not at a controller's pace\n"
	"What it offers\n"
	"      --services LIST      such as rssi,information:client; all\n"
	"      --grant LIST         what it grants of those; all\n"
	"The world\n"
	"      --aps 12  --clients 40  --tags 10  --rogues 5  --seed 1\n"
	"      --speed FACTOR       time runs so many times as fast, intervals too\n"
	"      --truth FILE         writes the true positions as JSON lines\n"
	"Load and tests\n"
	"      --batch N            most records in a message; 16\n"
	"      --rate N             measurements per second for every session\n"
	"      --count N            sends no more than so many of them\n"
	"      --script FILE        sends frames in hex in place of notifications\n"
	"      --fault NAME[=N]     stall, drip, no-echo; after N messages: cut, length, garbage;\n"
	"                           after N seconds: late-capability, changed-certificate\n"
	"  -q, --quiet              only warnings\n"
	"  -v, --verbose            debug too\n"
	"  -h, --help    --version\n"
	"\n"
	"Examples\n"
	"  nmsp-sim --allow 02005e102030=9e4ddd8dfcdd8458ba7b273fc37284b31a384eb9\n"
	"  nmsp-sim --port 0 --allow-all --no-auth-delay --speed 10 --truth truth.jsonl\n"
	"  nmsp-sim --allow-all --rate 100000 --batch 20 --count 1000000\n"
	"  nmsp-sim --allow-all --fault cut=20\n"
	"\n"
	"SIGUSR1 prints the controller's show nmsp status and show nmsp subscription detail.\n";

static const char *const fault_names[FAULTY_COUNT] = {
	"stall",   "cut", "length", "garbage", "drip", "late-capability", "changed-certificate",
	"no-echo",
};

/* Reads an integer of `min` to `max`; says so and returns false otherwise. */
static bool
read_number(const char *name, const char *text, uint64_t max, uint64_t *number)
{
	char *rest;

	errno = 0;
	*number = strtoull(text, &rest, 10);
	if (*text >= '0' && *text <= '9' && !*rest && errno == 0 && *number <= max)
		return true;
	fprintf(stderr, "nmsp-sim: --%s %s: expected a number of 0 to %llu\n", name, text,
		(unsigned long long)max);
	return false;
}

static bool
read_count(const char *name, const char *text, uint64_t max, uint32_t *count)
{
	uint64_t number;

	if (!read_number(name, text, max, &number))
		return false;
	*count = (uint32_t)number;
	return true;
}

static bool
read_fault(struct options *options, const char *text)
{
	size_t length = strcspn(text, "=");

	for (int i = 0; i < FAULTY_COUNT; i++) {
		struct options_fault *fault = &options->faults[i];

		if (strlen(fault_names[i]) != length || memcmp(fault_names[i], text, length) != 0)
			continue;
		fault->on = true;
		fault->argument = AFTER;
		return !text[length] ||
		       read_count("fault", text + length + 1, UINT32_MAX, &fault->argument);
	}
	fprintf(stderr, "nmsp-sim: --fault %s: there is no such fault\n", text);
	return false;
}

static bool
read_version(const char *name, const char *text, const char **version)
{
	static const char *const versions[] = {"1.0", "1.1", "1.2", "1.3"};

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		if (strcmp(versions[i], text) != 0)
			continue;
		*version = versions[i];
		return true;
	}
	fprintf(stderr, "nmsp-sim: --%s %s: expected 1.0, 1.1, 1.2 or 1.3\n", name, text);
	return false;
}

static bool
read_speed(const char *text, double *speed)
{
	char *rest;

	*speed = strtod(text, &rest);
	if (*text && !*rest && *speed > 0 && *speed <= 1000)
		return true;
	fprintf(stderr, "nmsp-sim: --speed %s: expected a factor above 0, at most 1000\n", text);
	return false;
}

static bool
read_allow(struct authlist *list, const char *text)
{
	const char *wrong = authlist_add(list, text);

	if (wrong)
		fprintf(stderr, "nmsp-sim: --allow %s: %s\n", text, wrong);
	return !wrong;
}

/* Options of the world, of load and of tests. */
static bool
take_world(struct options *options, int option, const char *text)
{
	struct world_size *size = &options->size;

	switch (option) {
	case OPTION_APS:
		return read_count("aps", text, MOST_APS, &size->aps);
	case OPTION_CLIENTS:
		return read_count("clients", text, MOST_STATIONS, &size->clients);
	case OPTION_TAGS:
		return read_count("tags", text, MOST_STATIONS, &size->tags);
	case OPTION_ROGUES:
		return read_count("rogues", text, MOST_STATIONS, &size->rogues);
	case OPTION_SEED:
		return read_number("seed", text, UINT64_MAX, &size->seed);
	case OPTION_RATE:
		return read_number("rate", text, 100000000, &options->rate);
	case OPTION_COUNT:
		return read_number("count", text, UINT64_MAX, &options->count);
	case OPTION_BATCH:
		return read_count("batch", text, MOST_BATCH, &options->batch);
	case OPTION_SPEED:
		return read_speed(text, &options->speed);
	case OPTION_FAULT:
		return read_fault(options, text);
	default:
		return false;
	}
}

/* Options that are a text, taken as it is; NULL for others. */
static const char **
text_option(struct options *options, int option)
{
	switch (option) {
	case OPTION_ADDRESS:
		return &options->address;
	case 'd':
		return &options->dictionary;
	case OPTION_NAME:
		return &options->name;
	case OPTION_MODEL:
		return &options->model;
	case OPTION_SOFTWARE:
		return &options->software;
	case OPTION_CERTIFICATE:
		return &options->tls.certificate;
	case OPTION_KEY:
		return &options->tls.key;
	case OPTION_SERVICES:
		return &options->services;
	case OPTION_GRANT:
		return &options->granted;
	case OPTION_TRUTH:
		return &options->truth;
	case OPTION_SCRIPT:
		return &options->script;
	default:
		return NULL;
	}
}

static bool *
flag_option(struct options *options, int option)
{
	switch (option) {
	case OPTION_ALLOW_ALL:
		return &options->authlist.allow_all;
	case OPTION_LEGACY:
		return &options->tls.legacy_ciphers;
	case OPTION_NO_DELAY:
		return &options->no_auth_delay;
	case 'q':
		return &options->quiet;
	case 'v':
		return &options->verbose;
	default:
		return NULL;
	}
}

static bool
take(struct options *options, int option, const char *text)
{
	const char **place = text_option(options, option);
	bool *flag = flag_option(options, option);
	uint64_t port;

	if (place)
		*place = text;
	if (flag)
		*flag = true;
	if (place || flag)
		return true;
	switch (option) {
	case 'p':
		if (!read_number("port", text, UINT16_MAX, &port))
			return false;
		options->port = (uint16_t)port;
		return true;
	case OPTION_ALLOW:
		return read_allow(&options->authlist, text);
	case OPTION_MIN_TLS:
		return read_version("min-tls", text, &options->tls.min_version);
	case OPTION_MAX_TLS:
		return read_version("max-tls", text, &options->tls.max_version);
	default:
		return take_world(options, option, text);
	}
}

/* What options say together. */
static bool
agree(struct options *options)
{
	const char *wrong = NULL;

	if (options->tls.legacy_ciphers && strcmp(options->tls.max_version, "1.3") == 0)
		options->tls.max_version = "1.2";
	if (options->batch == 0)
		wrong = "--batch 0: expected at least 1";
	else if (!options->tls.certificate != !options->tls.key)
		wrong = "--certificate and --key go together";
	else if (strcmp(options->tls.min_version, options->tls.max_version) > 0)
		wrong = "--min-tls is above --max-tls";
	else if (options->count && !options->rate)
		wrong = "--count goes with --rate";
	else if (options->rate && (!options->size.aps || !options->size.clients))
		wrong = "--rate needs access points and clients";
	if (wrong)
		fprintf(stderr, "nmsp-sim: %s\n", wrong);
	return !wrong;
}

enum options_result
options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){
		.address = "127.0.0.1",
		.port = 16113,
		.dictionary = "baseline",
		.name = "nmsp-sim",
		.model = "C9800-CL-K9",
		.software = "17.12.4",
		.tls = {.min_version = "1.2", .max_version = "1.3"},
		.size = {.aps = 12, .clients = 40, .tags = 10, .rogues = 5, .seed = 1},
		.batch = 16,
		.speed = 1,
	};
	while ((option = getopt_long(argc, argv, "p:d:qvh", known, NULL)) != -1) {
		if (option == 'h' || option == OPTION_VERSION) {
			fputs(option == 'h' ? usage : "nmsp-sim " VERSION "\n", stdout);
			return OPTIONS_DONE;
		}
		if (option == '?' || !take(options, option, optarg))
			return OPTIONS_WRONG;
	}
	if (optind < argc) {
		fprintf(stderr, "nmsp-sim: %s: there are no operands\n", argv[optind]);
		return OPTIONS_WRONG;
	}
	return agree(options) ? OPTIONS_RUN : OPTIONS_WRONG;
}

void
options_fini(struct options *options)
{
	authlist_fini(&options->authlist);
}
