/* SPDX-License-Identifier: ISC */
/* path.h: paths that stand in files */
#ifndef NMSP_CONF_PATH_H
#define NMSP_CONF_PATH_H

/* `path` against the directory of `file`, malloc'ed; "", "-" and absolute ones as they are. */
char *path_beside(const char *file, const char *path);

#endif
