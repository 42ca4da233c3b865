/* SPDX-License-Identifier: ISC */
/* control_options.c: the options that all commands to a running gateway have, and others of them */
#include "gateway/control_options.h"

#include <assert.h>
#include <getopt.h>
#include <stddef.h>

enum {
	SHARED = 2,
	FIRST_OWN = 256, /* behind all letters */
};

/* What getopt_long() is to be given. */
struct known {
	struct option options[SHARED + CONTROL_OPTIONS_OWN + 1];
	char letters[2 + 2 * CONTROL_OPTIONS_OWN + 1];
};

static void
add(struct known *known, size_t place, const struct control_option *own)
{
	char *letters = known->letters;

	known->options[SHARED + place] =
		(struct option){own->name, own->text ? required_argument : no_argument, NULL,
				own->letter ? own->letter : FIRST_OWN + (int)place};
	if (!own->letter)
		return;
	while (*letters)
		letters++;
	letters[0] = own->letter;
	letters[1] = own->text ? ':' : '\0';
}

static const struct control_option *
find(const struct known *known, const struct control_option *own, int value)
{
	for (size_t i = 0; own && own[i].name; i++)
		if (known->options[SHARED + i].val == value)
			return &own[i];
	return NULL;
}

bool
control_options(int argc, char **argv, struct control_target *target,
		const struct control_option *own)
{
	struct known known = {{{"config", required_argument, NULL, 'c'},
			       {"socket", required_argument, NULL, 's'}},
			      "c:"};
	const struct control_option *found;
	int option;

	for (size_t i = 0; own && own[i].name; i++) {
		assert(i < CONTROL_OPTIONS_OWN);
		add(&known, i, &own[i]);
	}
	while ((option = getopt_long(argc, argv, known.letters, known.options, NULL)) != -1) {
		found = find(&known, own, option);
		if (option == 'c')
			target->config = optarg;
		else if (option == 's')
			target->socket = optarg;
		else if (!found)
			return false;
		else if (found->text)
			*found->text = optarg;
		else
			*found->given = true;
	}
	return true;
}
