/* SPDX-License-Identifier: ISC */
/* controller_trace.h: lines at debug that cost something to make */
#ifndef NMSP_GATEWAY_CONTROLLER_TRACE_H
#define NMSP_GATEWAY_CONTROLLER_TRACE_H

#include "codecs/message.h"
#include "gateway/controller.h"

/* A message that came, or what is wrong with it. */
void controller_trace_message(const struct controller *controller, const struct message *message);

/* What the controller is and offers, and what was asked for and granted of it. */
void controller_trace_offer(const struct controller *controller);

#endif
