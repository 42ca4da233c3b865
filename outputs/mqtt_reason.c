/* SPDX-License-Identifier: ISC */
/* mqtt_reason.c: what a broker means by a number */
#include "outputs/mqtt_reason.h"

#include <stddef.h>

struct reason {
	int code;
	const char *text;
};

/* MQTT 3.1.1, table 3.1; MQTT 5.0, section 2.4. */
static const struct reason reasons[] = {
	{0x01, "unacceptable protocol version"},
	{0x02, "client id rejected"},
	{0x03, "server unavailable"},
	{0x04, "bad user name or password"},
	{0x05, "not authorised"},
	{0x80, "unspecified error"},
	{0x81, "malformed packet"},
	{0x82, "protocol error"},
	{0x83, "implementation specific error"},
	{0x84, "unacceptable protocol version"},
	{0x85, "client id not valid"},
	{0x86, "bad user name or password"},
	{0x87, "not authorised"},
	{0x88, "server unavailable"},
	{0x89, "server busy"},
	{0x8a, "banned"},
	{0x8b, "server is shutting down"},
	{0x8c, "bad authentication method"},
	{0x8d, "keep alive timeout"},
	{0x8e, "session taken over by another client with the same client id"},
	{0x90, "topic name invalid"},
	{0x91, "packet identifier in use"},
	{0x93, "receive maximum exceeded"},
	{0x94, "topic alias invalid"},
	{0x95, "packet too large"},
	{0x96, "message rate too high"},
	{0x97, "quota exceeded"},
	{0x98, "administrative action"},
	{0x99, "payload format invalid"},
	{0x9a, "retain not supported"},
	{0x9b, "QoS not supported"},
	{0x9c, "use another server"},
	{0x9d, "server moved"},
	{0x9f, "connection rate exceeded"},
};

const char *
mqtt_reason_refusal(int code)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].text;
	return "unknown reason";
}

const char *
mqtt_reason_text(int code)
{
	return mqtt_reason_refusal(code < MQTT_REASON_FIRST_FAILURE ? 0 : code);
}

enum drop_reason
mqtt_reason_drop(int code)
{
	switch (code) {
	case 0x87:
		return DROP_NOT_AUTHORIZED;
	case MQTT_REASON_TOO_LARGE:
		return DROP_TOO_LARGE;
	default:
		return DROP_REFUSED;
	}
}
