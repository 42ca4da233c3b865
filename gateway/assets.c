/* SPDX-License-Identifier: ISC */
/* assets.c: the files of the status page, built in
 *
 * The assembler includes them as they are; the Makefile knows that this file depends on them.
 */
#include "gateway/assets.h"

#include <string.h>

#define EMBED(name, file)                             \
	__asm__(".section .rodata\n"                  \
		"asset_" #name ":\n"                  \
		".incbin \"gateway/page/" file "\"\n" \
		"asset_" #name "_end:\n"              \
		".byte 0\n"                           \
		".previous\n");                       \
	extern const char asset_##name[], asset_##name##_end[]

EMBED(index, "index.html");
EMBED(script, "app.js");
EMBED(style, "style.css");
EMBED(icon, "icon.svg");

#define HTML   "text/html; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define STYLE  "text/css; charset=utf-8"

static const struct {
	const char *path, *type, *begin, *end;
} assets[] = {
	{"/", HTML, asset_index, asset_index_end},
	{"/app.js", SCRIPT, asset_script, asset_script_end},
	{"/style.css", STYLE, asset_style, asset_style_end},
	{"/icon.svg", "image/svg+xml", asset_icon, asset_icon_end},
};

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
