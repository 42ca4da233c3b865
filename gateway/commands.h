/* SPDX-License-Identifier: ISC */
/* commands.h: the commands of nmsp2mqtt, and what they share
 *
 * A command gets its own arguments: argv[0] is "nmsp2mqtt NAME", what follows is parsed with
 * getopt_long(). Its help stands in the table of commands.c, which also answers --help. It returns
 * the exit code of the program.
 */
#ifndef NMSP_GATEWAY_COMMANDS_H
#define NMSP_GATEWAY_COMMANDS_H

enum command_exit {
	COMMAND_OK = 0,
	COMMAND_ERROR = 1,
	COMMAND_FAULTS = 2, /* decode: some bytes were not understood */
			    /* probe: those of probe_exit() too */
};

/* The daemon, in the foreground. */
int cmd_run(int argc, char **argv);

/* Checks configuration, dictionaries and certificates. */
int cmd_check(int argc, char **argv);

/* Makes and shows the identity. */
int cmd_identity(int argc, char **argv);

/* Frames to JSON. */
int cmd_decode(int argc, char **argv);

/* One look at a controller, step by step. */
int cmd_probe(int argc, char **argv);

/* The JSON Schema of what is published. */
int cmd_schema(int argc, char **argv);

/* What the running gateway says of itself. */
int cmd_status(int argc, char **argv);

/* Live records of the running gateway. */
int cmd_tail(int argc, char **argv);

/* Whether the running gateway is well, as exit code. */
int cmd_healthcheck(int argc, char **argv);

/* Has the running gateway read its configuration again. */
int cmd_reload(int argc, char **argv);

/* Runs what a command line asks for; returns the exit code. */
int commands_run(int argc, char **argv);

/* Prints the help of the command `name`. Returns COMMAND_OK. */
int command_help(const char *name);

/* After wrong usage of the command `name`: says on standard error how it is used. Returns
 * COMMAND_ERROR. */
int command_usage(const char *name);

/* The path of the installed configuration, or NULL when there is none; for commands that can do
 * without -c. */
const char *command_installed_config(void);

#endif
