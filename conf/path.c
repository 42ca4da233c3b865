/* SPDX-License-Identifier: ISC */
/* path.c: paths that stand in files */
#include "conf/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
path_beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	size_t size;
	char *joined;

	if (path[0] == '\0' || path[0] == '/' || strcmp(path, "-") == 0 || !slash)
		return strdup(path);
	size = (size_t)(slash - file) + strlen(path) + 2;
	joined = malloc(size);
	if (joined)
		snprintf(joined, size, "%.*s/%s", (int)(slash - file), file, path);
	return joined;
}
