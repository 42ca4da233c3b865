/* SPDX-License-Identifier: ISC */
/* assets.c: the files of the status page, built in
 *
 * The assembler includes them as they are; the Makefile knows that this file depends on them.
 */
#include "gateway/assets.h"

#include <string.h>

#define HTML   "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define STYLE  "text/css; charset=utf-8"
#define IMAGE  "image/svg+xml"

#define FILES(FILE)                               \
	FILE(accounts, "accounts.js", SCRIPT)     \
	FILE(app, "app.js", SCRIPT)               \
	FILE(chart, "chart.js", SCRIPT)           \
	FILE(controller, "controller.js", SCRIPT) \
	FILE(dom, "dom.js", SCRIPT)               \
	FILE(format, "format.js", SCRIPT)         \
	FILE(history, "history.js", SCRIPT)       \
	FILE(icon, "icon.svg", IMAGE)             \
	FILE(index, "index.html", HTML)           \
	FILE(outputs, "outputs.js", SCRIPT)       \
	FILE(overview, "overview.js", SCRIPT)     \
	FILE(states, "states.js", SCRIPT)         \
	FILE(stream, "stream.js", SCRIPT)         \
	FILE(style, "style.css", STYLE)           \
	FILE(summary, "summary.js", SCRIPT)       \
	FILE(tail, "tail.js", SCRIPT)

#define EMBED(name, file, type)                       \
	__asm__(".section .rodata\n"                  \
		"asset_" #name ":\n"                  \
		".incbin \"gateway/page/" file "\"\n" \
		"asset_" #name "_end:\n"              \
		".byte 0\n"                           \
		".previous\n");                       \
	extern const char asset_##name[], asset_##name##_end[];

FILES(EMBED)

#define ROW(name, file, type) {"/" file, type, asset_##name, asset_##name##_end},

static const struct {
	const char *path, *type, *begin, *end;
} assets[] = {{"/", HTML, asset_index, asset_index_end}, FILES(ROW)};

bool
asset_find(struct asset *asset, const char *path)
{
	for (size_t i = 0; i < sizeof assets / sizeof assets[0]; i++)
		if (strcmp(assets[i].path, path) == 0) {
			*asset = (struct asset){assets[i].type, assets[i].begin,
						(size_t)(assets[i].end - assets[i].begin)};
			return true;
		}
	return false;
}
