/* SPDX-License-Identifier: ISC */
/* build.h: from the configuration to the parts of a gateway
 *
 * Every error goes to the log; functions return 0 or -1, or NULL.
 */
#ifndef NMSP_GATEWAY_BUILD_H
#define NMSP_GATEWAY_BUILD_H

#include "gateway/gateway.h"
#include "outputs/queue.h"

/* Makes identity, dictionaries, outputs and controllers of `gateway` as its configuration says;
 * nothing is started. What was made stays in the gateway either way. */
int build_all(struct gateway *gateway);

/* Loads the identity that the configuration names, or makes it. */
int build_identity(const struct config *config, struct identity *identity);

/* Logs who the gateway is. */
void build_tell_identity(const struct gateway *gateway);

/* What the gateway says of itself to controllers, of its name and identity. */
void build_device(struct gateway *gateway);

/* An output, not started. `queue`: of the output before, that this one goes on with, or NULL; it
 * stays the caller's on failure. */
struct output *build_mqtt(struct gateway *gateway, const struct config_mqtt *config,
			  struct queue *queue);
struct output *build_file(const struct config_file *config, struct queue *queue);

/* What of the configuration an output and its queue are told. */
enum publish_mode build_mode(enum config_publish publish);
void build_policies(enum queue_policy policies[KIND_COUNT], const struct config_full *full);

/* A controller, not started, with its records and routes. */
struct controller *build_controller(struct gateway *gateway,
				    const struct config_controller *config);

/* What a session is opened with: the dictionary that its name stands for, and TLS. */
int build_setup(struct gateway *gateway, const struct config_controller *config,
		struct controller_setup *setup);

/* What the records of a controller carry, as this section of it says, which may be ahead of the one
 * that its session was opened with. */
int build_records(struct gateway *gateway, struct controller *controller,
		  const struct config_controller *config);

/* The way of the records of a controller to all outputs that there are. */
int build_routes(struct gateway *gateway, struct controller *controller);

#endif
