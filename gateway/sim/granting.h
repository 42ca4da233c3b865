/* SPDX-License-Identifier: ISC */
/* granting.h: what a controller offers to a client, and what it grants of that */
#ifndef NMSP_SIM_GRANTING_H
#define NMSP_SIM_GRANTING_H

#include "codecs/message.h"
#include "gateway/sim/peer.h"

/* Sends the capability notification: what the controller is and offers now. */
void granting_announce(struct peer *peer);

/* Turn on and off what a request asks for, and answer it. */
void granting_subscribe(struct peer *peer, const struct message *message);
void granting_unsubscribe(struct peer *peer, const struct message *message);

#endif
