/* SPDX-License-Identifier: ISC */
/* log_settings.h: settings of the log that are owned, and what they let through; for log.c, under
 * its lock */
#ifndef NMSP_GATEWAY_LOG_SETTINGS_H
#define NMSP_GATEWAY_LOG_SETTINGS_H

#include "gateway/log.h"

/* Makes a copy that owns its text. Returns false without memory; log_settings_fini is to be called
 * in both cases. */
bool log_settings_copy(struct log_settings *copy, const struct log_settings *from);
void log_settings_fini(struct log_settings *settings);

/* What log_set_level() does for a subject, and log_set_trace(). */
int log_settings_set_level(struct log_settings *settings, const char *subject,
			   enum log_level level);
int log_settings_set_trace(struct log_settings *settings, const char *controller, bool on);

/* Whether lines of `level` about `subject` are to be written. */
bool log_settings_want(const struct log_settings *settings, const char *subject,
		       enum log_level level);

/* The level that no line that is to be written exceeds. */
enum log_level log_settings_most(const struct log_settings *settings);

#endif
