/* SPDX-License-Identifier: ISC */
/* mac.c: MAC addresses of devices, and one for this gateway */
#include "gateway/mac.h"

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	GROUP_BIT = 0x01,
	LOCAL_BIT = 0x02,
	ETHERNET = 1, /* ARPHRD_ETHER */
};

static int
digit(char c)
{
	if (!isxdigit((unsigned char)c))
		return -1;
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

static bool
is_device(const uint8_t *mac)
{
	static const uint8_t none[MAC_SIZE];

	return !(mac[0] & GROUP_BIT) && memcmp(mac, none, sizeof none) != 0;
}

int
mac_parse(const char *text, uint8_t *mac)
{
	uint8_t parsed[MAC_SIZE];

	for (int i = 0; i < MAC_SIZE; i++) {
		if (i > 0 && *text && strchr(":-.", *text))
			text++;
		int high = digit(text[0]);
		int low = high < 0 ? -1 : digit(text[1]);
		if (low < 0)
			return -1;
		parsed[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text || !is_device(parsed))
		return -1;
	memcpy(mac, parsed, sizeof parsed);
	return 0;
}

char *
mac_text(const uint8_t *mac, char separator, char *text)
{
	char *end = text;

	for (int i = 0; i < MAC_SIZE; i++) {
		if (i > 0 && separator)
			*end++ = separator;
		end += sprintf(end, "%02x", mac[i]);
	}
	return text;
}

uint64_t
mac_number(const uint8_t *mac)
{
	uint64_t number = 0;

	for (int i = 0; i < MAC_SIZE; i++)
		number = number << 8 | mac[i];
	return number;
}

/* Reads the first line of <directory>/<interface>/<attribute>. */
static bool
read_attribute(const char *directory, const char *interface, const char *attribute, char line[64])
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s/%s", directory, interface, attribute);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool got = fgets(line, 64, file) != NULL;
	fclose(file);
	line[got ? strcspn(line, "\n") : 0] = '\0';
	return got;
}

/* The index of an interface that has hardware behind it and a MAC, else INT_MAX. */
static int
look_at(const char *directory, const char *interface, uint8_t *mac)
{
	char line[64], device[PATH_MAX];

	snprintf(device, sizeof device, "%s/%s/device", directory, interface);
	if (access(device, F_OK) < 0)
		return INT_MAX;
	if (!read_attribute(directory, interface, "type", line) ||
	    strtol(line, NULL, 10) != ETHERNET)
		return INT_MAX;
	if (!read_attribute(directory, interface, "address", line) || mac_parse(line, mac))
		return INT_MAX;
	return read_attribute(directory, interface, "ifindex", line) ? (int)strtol(line, NULL, 10)
								     : INT_MAX;
}

static bool
find_real(const char *directory, uint8_t *mac)
{
	int lowest = INT_MAX;
	uint8_t candidate[MAC_SIZE];
	DIR *interfaces = opendir(directory);

	if (!interfaces)
		return false;
	for (struct dirent *entry = readdir(interfaces); entry; entry = readdir(interfaces)) {
		int index = entry->d_name[0] == '.' ? INT_MAX
						    : look_at(directory, entry->d_name, candidate);
		if (index >= lowest)
			continue;
		lowest = index;
		memcpy(mac, candidate, sizeof candidate);
	}
	closedir(interfaces);
	return lowest < INT_MAX;
}

void
mac_choose_in(const char *directory, uint8_t *mac)
{
	if (find_real(directory, mac))
		return;
	if (getrandom(mac, MAC_SIZE, 0) != MAC_SIZE)
		abort();
	mac[0] = (uint8_t)((mac[0] | LOCAL_BIT) & ~GROUP_BIT);
}

void
mac_choose(uint8_t *mac)
{
	mac_choose_in("/sys/class/net", mac);
}
