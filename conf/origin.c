/* SPDX-License-Identifier: ISC */
/* origin.c: which line of which file the members of a configuration come from */
#include "conf/origin.h"

#include <stdlib.h>
#include <string.h>

#include "conf/array.h"

static const char *
keep_file(struct origins *origins, const char *file)
{
	char **files;

	for (size_t i = origins->n_files; i > 0; i--)
		if (strcmp(origins->files[i - 1], file) == 0)
			return origins->files[i - 1];
	files = array_grow(origins->files, origins->n_files, sizeof *files);
	if (!files)
		return NULL;
	origins->files = files;
	files[origins->n_files] = strdup(file);
	return files[origins->n_files] ? files[origins->n_files++] : NULL;
}

bool
origins_add(struct origins *origins, const void *member, struct report_place place, bool given)
{
	struct origin *list = array_grow(origins->list, origins->n, sizeof *list);

	if (!list)
		return false;
	origins->list = list;
	place.file = keep_file(origins, place.file);
	list[origins->n] = (struct origin){member, place, given};
	origins->n += place.file != NULL;
	return place.file != NULL;
}

const struct origin *
origins_find(const struct origins *origins, const void *member)
{
	for (size_t i = 0; i < origins->n; i++)
		if (origins->list[i].member == member)
			return &origins->list[i];
	return NULL;
}

void
origins_fini(struct origins *origins)
{
	for (size_t i = 0; i < origins->n_files; i++)
		free(origins->files[i]);
	free(origins->files);
	free(origins->list);
	*origins = (struct origins){0};
}
