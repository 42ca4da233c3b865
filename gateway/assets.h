/* SPDX-License-Identifier: ISC */
/* assets.h: the files of the status page, built in */
#ifndef NMSP_GATEWAY_ASSETS_H
#define NMSP_GATEWAY_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct asset {
	const char *type; /* for Content-Type */
	const char *data;
	size_t length;
};

/* Looks up what is at a path ("/", "/app.js"); false when there is nothing. */
bool asset_find(struct asset *asset, const char *path);

#endif
