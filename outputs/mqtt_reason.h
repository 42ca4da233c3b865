/* SPDX-License-Identifier: ISC */
/* mqtt_reason.h: what a broker means by a number */
#ifndef NMSP_OUTPUTS_MQTT_REASON_H
#define NMSP_OUTPUTS_MQTT_REASON_H

#include "outputs/account.h"

#define MQTT_REASON_TOO_LARGE	  0x95
#define MQTT_REASON_TAKEN_OVER	  0x8e
#define MQTT_REASON_FIRST_FAILURE 0x80

/* Why a CONNACK refuses: return codes of MQTT 3.1.1 (1 to 5) and reason codes of MQTT 5. */
const char *mqtt_reason_refusal(int code);

/* A reason code of MQTT 5 in words. */
const char *mqtt_reason_text(int code);

/* What a message that was refused with this reason code is counted as. */
enum drop_reason mqtt_reason_drop(int code);

#endif
