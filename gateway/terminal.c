/* SPDX-License-Identifier: ISC */
/* terminal.c: what the commands may use when they print for people */
#include "gateway/terminal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct terminal
terminal_of(FILE *file)
{
	const char *plain = getenv("NO_COLOR"), *type = getenv("TERM");

	setlocale(LC_CTYPE, "");
	return (struct terminal){
		.colours = isatty(fileno(file)) && !(plain && *plain) && type &&
			   strcmp(type, "dumb") != 0,
		.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	};
}
