/* SPDX-License-Identifier: ISC */
/* dictionary.h: from a dictionary file to codecs/dict.h */
#ifndef NMSP_CONF_DICTIONARY_H
#define NMSP_CONF_DICTIONARY_H

#include "codecs/dict.h"
#include "conf/report.h"

/* Reads, checks and compiles the dictionary `name`: a path when it contains a slash, else
 * "<name>.conf" in the directory of the shipped ones. Every error goes to `report` with file and
 * line. Returns the dictionary (dictionary_free) or NULL. */
struct dict *dictionary_load(const char *name, const struct report *report);

/* Frees a dictionary and all it owns; takes NULL. */
void dictionary_free(struct dict *dict);

/* The directory that the shipped dictionaries are in: of $NMSP2MQTT_DATA, the source tree or the
 * installation that the running program belongs to, the first that is there. Static memory. */
const char *dictionary_directory(void);

#endif
