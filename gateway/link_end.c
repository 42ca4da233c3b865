/* SPDX-License-Identifier: ISC */
/* link_end.c: why a connection to a controller ended */
#include "gateway/link_end.h"

#include <stdarg.h>
#include <stdio.h>

const char *
link_failure_name(enum link_failure failure)
{
	switch (failure) {
	case LINK_NAME_NOT_FOUND:
		return "name_not_found";
	case LINK_UNREACHABLE:
		return "unreachable";
	case LINK_REFUSED:
		return "refused";
	case LINK_CONNECT_TIMEOUT:
		return "connect_timeout";
	case LINK_HANDSHAKE_TIMEOUT:
		return "handshake_timeout";
	case LINK_TLS_INCOMPATIBLE:
		return "tls_incompatible";
	case LINK_CONTROLLER_NOT_TRUSTED:
		return "controller_not_trusted";
	case LINK_IDENTITY_REFUSED:
		return "identity_refused";
	case LINK_CLOSED_BY_PEER:
		return "closed_by_peer";
	case LINK_RESET:
		return "reset";
	case LINK_TLS_FAILED:
		return "tls_failed";
	case LINK_FAILURES:
		break;
	}
	return "unknown";
}

void
link_end_set(struct link_end *end, enum link_failure failure, const char *format, ...)
{
	va_list arguments;

	end->failure = failure;
	end->alert = LINK_NO_ALERT;
	va_start(arguments, format);
	vsnprintf(end->reason, sizeof end->reason, format, arguments);
	va_end(arguments);
}
