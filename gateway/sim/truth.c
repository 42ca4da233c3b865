/* SPDX-License-Identifier: ISC */
/* truth.c: where everything really is, as JSON lines */
#include "gateway/sim/truth.h"

#include "gateway/mac.h"
#include "outputs/timestamp.h"

static void
write_station(FILE *file, const struct world_station *station, const char *time)
{
	uint8_t bytes[MAC_SIZE];
	char mac[MAC_TEXT];

	for (unsigned i = 0; i < MAC_SIZE; i++)
		bytes[i] = (uint8_t)(station->mac >> 8 * (MAC_SIZE - 1 - i));
	fprintf(file,
		"{\"time\":\"%s\",\"kind\":\"%s\",\"mac\":\"%s\","
		"\"x\":%.2f,\"y\":%.2f,\"floor\":%d}\n",
		time, world_kind_name(station->kind), mac_text(bytes, ':', mac), station->at.x,
		station->at.y, station->at.floor);
}

void
truth_write(FILE *file, const struct world *world, uint64_t wall_ms)
{
	char time[TIMESTAMP_LENGTH + 1];

	timestamp_write(time, wall_ms);
	for (uint32_t i = 0; i < world->n_stations; i++)
		write_station(file, &world->stations[i], time);
	fflush(file);
}
