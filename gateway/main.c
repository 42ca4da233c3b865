/* SPDX-License-Identifier: ISC */
/* main.c: nmsp2mqtt */
#include <signal.h>

#include "gateway/commands.h"

int
main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	return commands_run(argc, argv);
}
