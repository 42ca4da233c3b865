/* SPDX-License-Identifier: ISC */
/* commands.c: the command line of nmsp2mqtt */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/suggest.h"
#include "gateway/commands.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *title; /* argv[0] of the command */
	const char *summary;
	const char *usage; /* what follows the name */
	const char *options;
};

#define CONFIG_OPTION "  -c, --config FILE      the configuration\n"
#define SOCKET_OPTIONS                                                                           \
	"  -c, --config FILE      of the running gateway; default the installed configuration\n" \
	"      --socket PATH      its control socket, in place of that\n"
#define DICT_OPTION "  -d, --dictionary NAME  a shipped dictionary, or a path; default baseline\n"

static const struct command commands[] = {
	{"run", cmd_run, "nmsp2mqtt run", "run the gateway in the foreground", "-c FILE [-v]",
	 CONFIG_OPTION "  -v, --verbose          the log at debug, to standard error\n"},
	{"check", cmd_check, "nmsp2mqtt check",
	 "check configuration, dictionaries and certificates", "-c FILE", CONFIG_OPTION},
	{"identity", cmd_identity, "nmsp2mqtt identity",
	 "make the key and certificate, and print what controllers must know",
	 "[-c FILE] [--spki FILE]",
	 CONFIG_OPTION
	 "      --spki FILE        print the hashes of a DER public key and nothing else\n"},
	{"probe", cmd_probe, "nmsp2mqtt probe",
	 "try out a controller step by step, and say what to do about the step that fails",
	 "[-c FILE | --state-dir DIR] [OPTION]... CONTROLLER",
	 CONFIG_OPTION
	 "      --json             print one JSON object\n"
	 "      --port PORT        in place of the configured one, or of 16113\n"
	 "      --state-dir DIR    where the identity is; default: the current directory\n"
	 "      --timeout SECONDS  for each step; default 10\n"
	 "      --type TYPE        ios-xe or aireos, where it does not show\n"
	 "      --wait SECONDS     for the first notification; default 10\n"
	 "CONTROLLER is a controller of the configuration, else a host.\n"
	 "Exit code 10 to 18, by the step that failed; nmsp2mqtt(1) lists them.\n"},
	{"decode", cmd_decode, "nmsp2mqtt decode", "turn frames from a file into JSON",
	 "[-d DICTIONARY] [--hex] [--controller NAME] [--received-at TIME] [FILE|-]",
	 DICT_OPTION
	 "      --hex              the input is hexadecimal, with white space and # comments\n"
	 "      --controller NAME  the name of the controller in the records\n"
	 "      --received-at TIME the time of all frames, RFC 3339\n"
	 "Exit code 2 when some bytes were not understood.\n"},
	{"schema", cmd_schema, "nmsp2mqtt schema", "print the JSON Schema of what is published",
	 "[-d DICTIONARY] [--output DIR] [KIND]",
	 DICT_OPTION "      --output DIR       write nmsp.KIND.1.json files instead\n"},
	{"status", cmd_status, "nmsp2mqtt status", "show what the running gateway does",
	 "[--json] [-c FILE | --socket PATH] [CONTROLLER]",
	 SOCKET_OPTIONS
	 "      --json             the whole document, as it is at /api/v1/status\n"},
	{"tail", cmd_tail, "nmsp2mqtt tail", "show the records of the running gateway as they come",
	 "[--kind KIND,...] [--mac PREFIX] [--controller NAME] [-n COUNT]\n"
	 "                      [-c FILE | --socket PATH]",
	 SOCKET_OPTIONS "      --kind KIND,...    only these kinds, like rssi,info\n"
			"      --mac PREFIX       only about addresses that begin so, like a4:83\n"
			"      --controller NAME  only from this controller\n"
			"  -n, --count COUNT      end after so many\n"},
	{"healthcheck", cmd_healthcheck, "nmsp2mqtt healthcheck",
	 "tell by the exit code whether the running gateway is well",
	 "[--ready] [-c FILE | --socket PATH]",
	 SOCKET_OPTIONS
	 "      --ready            whether it publishes and all controllers are there,\n"
	 "                         not only whether it turns\n"},
	{"reload", cmd_reload, "nmsp2mqtt reload",
	 "have the running gateway read its configuration again", "[-c FILE | --socket PATH]",
	 SOCKET_OPTIONS},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static int
print_help(void)
{
	puts("Usage: nmsp2mqtt COMMAND [OPTION]...\n"
	     "Publishes the location data of wireless controllers (NMSP) as JSON to MQTT.\n\n"
	     "Commands:");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-11s %s\n", commands[i].name, commands[i].summary);
	puts("\n  --help     this, or with a command its options\n"
	     "  --version  the version");
	return COMMAND_OK;
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

int
command_help(const char *name)
{
	const struct command *command = find_command(name);

	printf("Usage: %s %s\n%c%s.\n\nOptions:\n%s", command->title, command->usage,
	       command->summary[0] - 'a' + 'A', command->summary + 1, command->options);
	return COMMAND_OK;
}

int
command_usage(const char *name)
{
	const struct command *command = find_command(name);

	fprintf(stderr, "Usage: %s %s\nTry '%s --help'.\n", command->title, command->usage,
		command->title);
	return COMMAND_ERROR;
}

const char *
command_installed_config(void)
{
	static const char path[] = "/etc/nmsp2mqtt/nmsp2mqtt.conf";

	return access(path, F_OK) == 0 ? path : NULL;
}

static int
complain(const char *word)
{
	struct suggest suggest = suggest_for(word);
	char hint[64];

	for (size_t i = 0; i < COMMANDS; i++)
		suggest_offer(&suggest, commands[i].name);
	fprintf(stderr, "nmsp2mqtt: unknown %s \"%s\"%s\nTry 'nmsp2mqtt --help'.\n",
		word[0] == '-' ? "option" : "command", word,
		suggest_text(&suggest, hint, sizeof hint));
	return COMMAND_ERROR;
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

int
commands_run(int argc, char **argv)
{
	const struct command *command = NULL;

	if (argc < 2) {
		fputs("nmsp2mqtt: no command\nTry 'nmsp2mqtt --help'.\n", stderr);
		return COMMAND_ERROR;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_help();
	if (strcmp(argv[1], "--version") == 0)
		return printf("nmsp2mqtt %s\n", VERSION) < 0 ? COMMAND_ERROR : COMMAND_OK;
	command = find_command(argv[1]);
	if (!command)
		return complain(argv[1]);
	if (wants_help(argc - 1, argv + 1))
		return command_help(command->name);
	argv[1] = (char *)command->title;
	return command->run(argc - 1, argv + 1);
}
