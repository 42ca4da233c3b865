/* SPDX-License-Identifier: ISC */
/* cmd_identity.c: nmsp2mqtt identity: who this gateway is to controllers, and how to tell them
 *
 * Which identity: that of the configuration given with -c, else of the installed configuration,
 * else identity.crt and identity.key in the current directory.
 */
#include <getopt.h>
#include <stdio.h>

#include "conf/config.h"
#include "gateway/advice.h"
#include "gateway/commands.h"
#include "gateway/identity.h"

static int
complain(const char *error)
{
	fprintf(stderr, "%s\n", error);
	return COMMAND_ERROR;
}

static void
print_hashes(const struct identity_hashes *hashes)
{
	printf("SHA1 Key Hash: %s\n", hashes->sha1);
	printf("SHA2 Key Hash: %s\n", hashes->sha256);
}

static int
show_identity(const struct identity_files *files)
{
	struct identity identity;
	char error[512], mac[MAC_TEXT], advice[ADVICE_SIZE];
	int made = identity_ensure(&identity, files, error, sizeof error);

	if (made < 0)
		return complain(error);
	if (made)
		fprintf(stderr, "made a new identity: %s\n", files->certificate);
	printf("MAC Address: %s\n", mac_text(identity.mac, ':', mac));
	print_hashes(&identity.hashes);
	printf("Certificate Type: SSC\n");
	printf("\n%s", advice_text(ADVICE_UNKNOWN, &identity, advice, sizeof advice));
	printf("\nThe controller's clock must not be a day or more behind this machine's.\n");
	identity_fini(&identity);
	return COMMAND_OK;
}

static int
show_configured(const char *path)
{
	struct config *config = config_load(path, &report_to_stderr);

	if (!config)
		return COMMAND_ERROR;
	struct identity_files files = {
		.certificate = config->gateway.certificate,
		.key = config->gateway.key,
		.mac = config->gateway.mac,
	};
	int status = show_identity(&files);
	config_free(config);
	return status;
}

static int
show_here(void)
{
	struct identity_files files = {.certificate = "identity.crt", .key = "identity.key"};

	return show_identity(&files);
}

static int
show_spki(const char *path)
{
	struct identity_hashes hashes;
	char error[512];

	if (identity_hash_spki_file(path, &hashes, error, sizeof error))
		return complain(error);
	print_hashes(&hashes);
	return COMMAND_OK;
}

int
cmd_identity(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"spki", required_argument, NULL, 's'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *config = NULL, *spki = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			config = optarg;
		else if (option == 's')
			spki = optarg;
		else if (option == 'h')
			return command_help("identity");
		else
			return command_usage("identity");
	}
	if (optind < argc)
		return command_usage("identity");
	if (spki)
		return show_spki(spki);
	if (!config)
		config = command_installed_config();
	return config ? show_configured(config) : show_here();
}
