/* SPDX-License-Identifier: ISC */
/* http_live.c: who looks on at live records over HTTP */
#define _GNU_SOURCE
#include "gateway/http_live.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>

#include "gateway/tail.h"

#define LIVE_BLOCK     16384
#define TAIL_TIMEOUT_S 300U /* of one that looks on and does not read */

/* One that looks on. */
struct onlooker {
	struct onlooker *next;
	struct http_live *live;
	struct MHD_Connection *connection;
	struct tail *tail;
	bool suspended;
	bool gone; /* the client is */
};

static ssize_t
read_live(void *context, uint64_t position, char *out, size_t size)
{
	struct onlooker *onlooker = context;
	size_t n = onlooker->gone ? 0 : tail_read(onlooker->tail, out, size);

	(void)position;
	if (n > 0)
		return (ssize_t)n;
	if (onlooker->gone || tail_ended(onlooker->tail))
		return MHD_CONTENT_READER_END_OF_STREAM;
	onlooker->suspended = true;
	MHD_suspend_connection(onlooker->connection);
	return 0;
}

static void
free_onlooker(void *context)
{
	struct onlooker *onlooker = context, **link = &onlooker->live->onlookers;

	while (*link != onlooker)
		link = &(*link)->next;
	*link = onlooker->next;
	tail_close(onlooker->tail);
	free(onlooker);
}

struct MHD_Response *
http_live_response(struct http_live *live, struct MHD_Connection *connection, struct tail *tail)
{
	struct onlooker *onlooker = malloc(sizeof *onlooker);
	struct MHD_Response *response;

	if (!onlooker) {
		tail_close(tail);
		return NULL;
	}
	*onlooker = (struct onlooker){
		.next = live->onlookers, .live = live, .connection = connection, .tail = tail};
	live->onlookers = onlooker;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, LIVE_BLOCK, read_live,
						     onlooker, free_onlooker);
	if (!response)
		free_onlooker(onlooker);
	else
		MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
					  TAIL_TIMEOUT_S);
	return response;
}

static void
resume(struct onlooker *onlooker)
{
	if (!onlooker->suspended)
		return;
	onlooker->suspended = false;
	MHD_resume_connection(onlooker->connection);
}

void
http_live_sweep(struct http_live *live, uint64_t now_ms)
{
	for (struct onlooker *onlooker = live->onlookers; onlooker; onlooker = onlooker->next) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			onlooker->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		struct pollfd fd = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};

		if (poll(&fd, 1, 0) > 0)
			onlooker->gone = true;
	}
	live->next_sweep = now_ms + HTTP_SWEEP_MS;
}

void
http_live_run(struct http_live *live, uint64_t now_ms)
{
	if (live->onlookers && now_ms >= live->next_sweep)
		http_live_sweep(live, now_ms);
	for (struct onlooker *onlooker = live->onlookers; onlooker; onlooker = onlooker->next)
		if (onlooker->gone || tail_ready(onlooker->tail))
			resume(onlooker);
}

void
http_live_resume(struct http_live *live, bool end)
{
	for (struct onlooker *onlooker = live->onlookers; onlooker; onlooker = onlooker->next) {
		onlooker->gone |= end;
		resume(onlooker);
	}
}
