/* SPDX-License-Identifier: ISC */
/* advice.c: the lines that let this gateway into a controller, to be pasted there */
#include "gateway/advice.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static size_t
write_ios_xe(const struct identity *identity, char *text, size_t size)
{
	char mac[MAC_TEXT];
	int length = snprintf(
		text, size,
		"IOS-XE, in configuration mode (not confirmed on a device; see Cisco's guide):\n"
		"  aaa new-model\n"
		"  aaa attribute list NMSP\n"
		"   attribute type password %s\n"
		"   exit\n"
		"  username %s mac aaa attribute list NMSP\n"
		"  aaa authorization credential-download wcm_loc_serv_cert local\n"
		"  nmsp enable\n"
		"and to see whether it works:\n"
		"  show nmsp status\n"
		"  show nmsp subscription detail\n",
		identity->hashes.sha256, mac_text(identity->mac, '\0', mac));

	return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

static size_t
write_aireos(const struct identity *identity, char *text, size_t size)
{
	char mac[MAC_TEXT];
	int length;

	mac_text(identity->mac, ':', mac);
	length = snprintf(text, size,
			  "AireOS, one of the two, the second where it is known:\n"
			  "  config auth-list add lbs-ssc %s %s\n"
			  "  config auth-list add sha256-lbs-ssc %s %s\n"
			  "and to see whether it works:\n"
			  "  show auth-list\n"
			  "  show nmsp status\n",
			  mac, identity->hashes.sha1, mac, identity->hashes.sha256);
	return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

char *
advice_text(enum advice_kind kind, const struct identity *identity, char *text, size_t size)
{
	size_t used = 0;

	*text = '\0';
	if (kind != ADVICE_AIREOS)
		used = write_ios_xe(identity, text, size);
	if (kind == ADVICE_UNKNOWN)
		used += (size_t)snprintf(text + used, size - used, "\n");
	if (kind != ADVICE_IOS_XE)
		write_aireos(identity, text + used, size - used);
	return text;
}

enum advice_kind
advice_kind_named(const char *name)
{
	if (strcmp(name, "ios-xe") == 0)
		return ADVICE_IOS_XE;
	return strcmp(name, "aireos") == 0 ? ADVICE_AIREOS : ADVICE_UNKNOWN;
}

enum advice_kind
advice_kind_of(const char *text)
{
	static const struct {
		const char *part;
		enum advice_kind kind;
	} signs[] = {
		{"IOS-Self-Signed", ADVICE_IOS_XE}, {"C9800", ADVICE_IOS_XE},
		{"WS-C3", ADVICE_IOS_XE},	    {"AIR-CT", ADVICE_AIREOS},
		{"AIR-WLC", ADVICE_AIREOS},
	};

	for (size_t i = 0; i < COUNT(signs); i++)
		if (strstr(text, signs[i].part))
			return signs[i].kind;
	return ADVICE_UNKNOWN;
}
