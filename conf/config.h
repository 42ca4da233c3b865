/* SPDX-License-Identifier: ISC */
/* config.h: the configuration file as plain structs
 *
 * All text is owned by struct config. Text that is not set is "", never NULL. `texts` are the
 * values of a section as they stand in the file, in the order of its options, for config_diff().
 * Relative paths of certificate and key are resolved against state_dir, all others against the
 * directory of the file that they stand in.
 */
#ifndef NMSP_CONF_CONFIG_H
#define NMSP_CONF_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codecs/dict.h"
#include "conf/origin.h"
#include "conf/report.h"
#include "gateway/log.h"

struct config_gateway {
	char *name;	   /* [-_.A-Za-z0-9]+ */
	char *dictionary;  /* name of a shipped one, or a path */
	char *state_dir;   /* identity, pinned controllers */
	char *mac;	   /* of the identity; 12 hex digits, any separators; "" = found or made */
	char *certificate; /* path */
	char *key;	   /* path */
	unsigned health_interval_s;
	char *user;	 /* to go on as when started as root; "": nmsp2mqtt, where there is one */
	bool confine;	 /* with Landlock */
	bool core_dumps; /* allowed */
	bool publish_unknown;
	unsigned unknown_rate; /* at most so many `unknown` records a second and controller */
	char *control;	       /* path of the control socket; "": none */
	unsigned overdue_s;    /* a controller that is not subscribed for so long is overdue */
	char **texts;
};

struct config_log {
	struct log_settings settings;
	char **texts;
};

/* Where the status may be read over TCP. */
struct config_http {
	bool enabled; /* the section is there */
	char *listen; /* an address */
	uint16_t port;
	char **texts;
};

enum config_verify {
	VERIFY_TOFU, /* the certificate seen first is the one expected from then on */
	VERIFY_FINGERPRINT,
	VERIFY_CA,
	VERIFY_NONE,
};

enum config_tls_version {
	TLS_1_0 = 0x301,
	TLS_1_1,
	TLS_1_2,
	TLS_1_3,
};

struct config_service {
	char *service;	     /* "rssi" */
	char *subservice;    /* "client" */
	unsigned interval_s; /* 0: the controller's default */
};

struct config_tag {
	char *name;
	char *value;
};

/* What a rule looks at. */
enum config_term {
	TERM_KIND,
	TERM_ENTITY,
	TERM_SSID,
	TERM_AP,
	TERM_MAC,
	TERM_MAC_TYPE,
	TERM_COUNT,
};

/* What addresses begin with: their bits under the mask. */
struct config_prefix {
	uint64_t bits;
	uint64_t mask;
};

#define CONFIG_ENTITY_SIZE 32
#define CONFIG_SSID_SIZE   33

/* Terms that a record must all fulfil. */
struct config_rule {
	unsigned terms; /* a bit for each enum config_term that counts */
	enum kind kind;
	char entity[CONFIG_ENTITY_SIZE]; /* name in the dictionary, or digits */
	char ssid[CONFIG_SSID_SIZE];
	bool ssid_begins; /* an SSID that begins so */
	struct config_prefix ap;
	struct config_prefix mac;
	bool mac_local; /* a randomised address, else one of a maker */
};

struct config_rules {
	struct config_rule *items;
	size_t n;
};

/* What rssi records are enriched with; bits, in the order of the words of the option. */
enum config_enrich {
	ENRICH_SSID = 1 << 0,
	ENRICH_USERNAME = 1 << 1,
	ENRICH_IP = 1 << 2,
	ENRICH_AP_NAME = 1 << 3,
	ENRICH_AP_GROUP = 1 << 4,
};

/* What of the records passes, and how. */
struct config_filter {
	struct config_rules allow; /* none: everything */
	struct config_rules deny;
	int rssi_floor_dbm;	 /* weaker readings are left out; 0: none */
	unsigned interval_s;	 /* between two rssi records of a station; 0: all */
	unsigned rssi_change_db; /* that do not wait for it; 0: never */
	bool ap_change;		 /* another strongest access point does not wait for it */
	unsigned enrich;	 /* enum config_enrich */
};

struct config_controller {
	char *name; /* [-_.A-Za-z0-9]+, none of the reserved topic levels */
	char **hosts;
	size_t n_hosts;
	uint16_t port;
	struct config_service *services; /* in the order of the file */
	size_t n_services;
	struct config_tag *tags;
	size_t n_tags;
	char *dictionary; /* "": the gateway's */
	enum config_verify verify;
	char *fingerprint; /* SHA-256 of the certificate, 64 hex digits, lower case, no separators
			    */
	char *ca_file;
	enum config_tls_version min_version;
	char *ciphers;		  /* OpenSSL's cipher list for TLS up to 1.2 */
	unsigned echo_interval_s; /* 15 */
	unsigned echo_timeout_s;  /* 30: dead without an answer for so long */
	unsigned stall_timeout_s; /* subscribed but silent for so long: state stalled; 0 never */
	unsigned backoff_min_ms;  /* 1000 */
	unsigned backoff_max_ms;  /* 60000 */
	unsigned quarantine_s;	  /* pause after a refused certificate or repeated flaps; 600 */
	unsigned handshake_timeout_s; /* 15 */
	struct config_filter filter;
	unsigned enrich_ttl_s; /* since the last info record of a station */
	unsigned enrich_max;   /* stations, and access points, that are remembered */
	char **texts;
};

enum config_publish {
	PUBLISH_RECORD, /* one message per record */
	PUBLISH_BATCH,	/* one message per kind and NMSP message */
};

/* What happens to records when a queue is full. */
enum config_when_full {
	FULL_CONFLATE,
	FULL_DROP_OLDEST,
	FULL_DROP_NEWEST,
};

struct config_full {
	enum config_when_full rssi;
	enum config_when_full statistics;
	enum config_when_full others;
};

/* When what a spool holds is safe from loss of power. */
enum config_sync {
	SYNC_NONE,  /* when the system writes it out */
	SYNC_BATCH, /* after each batch */
};

struct config_broker {
	char *host;
	uint16_t port;
};

struct config_mqtt {
	char *name;
	struct config_broker *brokers; /* tried in order */
	size_t n_brokers;
	uint16_t port;
	int protocol;	 /* 3 (3.1.1) or 5 */
	char *client_id; /* "": nmsp2mqtt-<gateway>-<output> */
	char *username;
	char *password; /* read from password_file, its last newline cut off; "" when there is none
			 */
	char *password_file;
	unsigned keepalive_s;
	int qos; /* of records: 0, 1, 2 */
	enum config_publish publish;
	char *topic;
	char *prefix;
	unsigned expiry_s;	     /* MQTT 5 message expiry of records; 0: none */
	size_t queue_size;	     /* bytes */
	unsigned window;	     /* unacknowledged messages at once */
	unsigned progress_timeout_s; /* with something to send and no progress for so long: dial
					again */
	unsigned session_expiry_s;
	unsigned backoff_min_ms;
	unsigned backoff_max_ms;
	bool commands;	       /* may come through the broker */
	char *spool_path;      /* "": no spool */
	size_t spool_max_size; /* bytes */
	enum config_sync spool_sync;
	struct config_full full;
	bool tls; /* a tls section is there */
	char *tls_ca_file;
	char *tls_certificate;
	char *tls_key;
	bool tls_verify;
	struct config_filter filter;
	char **texts;
};

struct config_file {
	char *name;
	char *path; /* "-": standard output */
	enum config_publish publish;
	size_t queue_size;
	struct config_full full;
	struct config_filter filter;
	char **texts;
};

struct config {
	char *path;
	struct config_gateway gateway;
	struct config_log log;
	struct config_http http;
	struct config_controller *controllers;
	size_t n_controllers;
	struct config_mqtt *mqtts;
	size_t n_mqtts;
	struct config_file *files;
	size_t n_files;
	struct origins origins; /* see config_place() */
};

/* Reads and checks a configuration file. Every error (not only the first) goes to `report` with
 * file, line and what was expected. Returns the configuration (config_free) or NULL when there was
 * an error. */
struct config *config_load(const char *path, const struct report *report);

/* Where a configuration file says that the control socket is, "" when there is to be none; for who
 * asks a gateway that may run with an older one, so that errors do not matter as long as the file
 * can be parsed. A new text, or NULL; config_load() says why. */
char *config_control(const char *path);

/* A configuration without a file, for commands that can do without: the identity in `state_dir`,
 * and one controller that is called as its host is, all else by default. Returns NULL when memory
 * is used up, which `report` is told. */
struct config *config_of_host(const char *host, const char *state_dir, const struct report *report);

/* Where the option stands that a member of the structs above was set by, such as
 * `&controller->ca_file`, or `&controller->services[i]` for one value of the list; where its
 * section begins when the file does not give it. Belongs to the configuration. */
struct report_place config_place(const struct config *config, const void *member);

/* The section of this name, or NULL. */
const struct config_controller *config_controller_named(const struct config *config,
							const char *name);
const struct config_mqtt *config_mqtt_named(const struct config *config, const char *name);
const struct config_file *config_file_named(const struct config *config, const char *name);

/* Frees a configuration; takes NULL. */
void config_free(struct config *config);

#endif
