/* SPDX-License-Identifier: ISC */
/* text.h: files that are text, as far as bytes go, and the paths that stand in them */
#ifndef NMSP_CONF_TEXT_H
#define NMSP_CONF_TEXT_H

#include <stdbool.h>

#include "conf/report.h"

/* Reads the whole file `path`. Bytes that are not text in UTF-8 are reported and made "?". Returns
 * the text, to be freed; NULL with `errno` when the file cannot be read. */
char *text_read(const char *path, const struct report *report);

/* Whether a value is text in UTF-8 without control characters. */
bool text_is_plain(const char *text);

/* `path` against the directory of `file`, malloc'ed; "", "-" and absolute ones as they are. */
char *text_path(const char *file, const char *path);

#endif
