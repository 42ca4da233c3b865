/* SPDX-License-Identifier: ISC */
/* notify.h: what a session sends after it was asked once: answers, notifications, load, script */
#ifndef NMSP_SIM_NOTIFY_H
#define NMSP_SIM_NOTIFY_H

#include "gateway/sim/peer.h"

/* Goes on with the answers that are waiting, first come first served, while there is room. */
void notify_answers(struct peer *peer);

/* Sends the notifications of the subscriptions that are due. What there is no room for is skipped
 * and counted. */
void notify_subscribed(struct peer *peer);

/* Sends measurements at the rate of the options, for a client that subscribed to them. */
void notify_bulk(struct peer *peer);

/* Sends the steps of the script that are due. */
void notify_script(struct peer *peer);

#endif
