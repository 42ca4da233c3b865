/* SPDX-License-Identifier: ISC */
/* test_identity.c: making, keeping and refusing identities; MAC addresses; small files */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "gateway/identity.h"
#include "gateway/pin.h"
#include "gateway/store.h"

static const uint8_t MAC[MAC_SIZE] = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x01};

/* A directory of its own for each test, and an identity in a deeper one. */
struct place {
	char root[64];
	char certificate[128];
	char key[128];
	char error[512];
	struct identity_files files;
	struct identity identity;
};

static int
set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	snprintf(place->root, sizeof place->root, "/tmp/test-identity.XXXXXX");
	assert_non_null(mkdtemp(place->root));
	snprintf(place->certificate, sizeof place->certificate, "%s/a/b/identity.crt", place->root);
	snprintf(place->key, sizeof place->key, "%s/a/b/identity.key", place->root);
	place->files = (struct identity_files){place->certificate, place->key, "02005e100001"};
	*state = place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	char command[128];

	identity_fini(&place->identity);
	snprintf(command, sizeof command, "rm -rf %s", place->root);
	int status = system(command);
	free(place);
	return status;
}

static int
ensure(struct place *place)
{
	identity_fini(&place->identity);
	place->error[0] = '\0';
	return identity_ensure(&place->identity, &place->files, place->error, sizeof place->error);
}

static void
assert_refused(struct place *place, const char *word)
{
	assert_int_equal(ensure(place), -1);
	assert_non_null(strstr(place->error, word));
	assert_null(place->identity.key);
	assert_null(place->identity.certificate);
}

static void
assert_mode(const char *path, mode_t mode)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, mode);
}

static void
makes_once(void **state)
{
	struct place *place = *state;

	assert_int_equal(ensure(place), 1);
	struct identity_hashes first = place->identity.hashes;
	assert_memory_equal(place->identity.mac, MAC, sizeof MAC);
	assert_mode(place->key, 0600);
	assert_int_equal(ensure(place), 0);
	assert_string_equal(place->identity.hashes.sha256, first.sha256);
	assert_string_equal(place->identity.hashes.sha1, first.sha1);
	assert_memory_equal(place->identity.mac, MAC, sizeof MAC);
}

static void
key_is_closed_under_any_umask(void **state)
{
	struct place *place = *state;
	mode_t before = umask(0);

	assert_int_equal(ensure(place), 1);
	umask(before);
	assert_mode(place->key, 0600);
}

static void
certificate_is_as_promised(void **state)
{
	struct place *place = *state;
	int days = 0, seconds = 0;
	char subject[128];

	assert_int_equal(ensure(place), 1);
	X509 *certificate = place->identity.certificate;
	assert_int_equal(X509_get_version(certificate), 2);
	assert_int_equal(X509_get_signature_nid(certificate), NID_sha256WithRSAEncryption);
	assert_int_equal(EVP_PKEY_get_base_id(place->identity.key), EVP_PKEY_RSA);
	assert_int_equal(EVP_PKEY_get_bits(place->identity.key), 2048);
	X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
	assert_string_equal(subject, "/O=nmsp2mqtt/CN=02005e100001");
	assert_int_equal(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
	assert_int_equal(X509_check_issued(certificate, certificate), X509_V_OK);

	assert_true(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate), NULL));
	assert_int_equal(days, 1);
	assert_true(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)));
	assert_in_range(days, 3650, 3653);
	const struct identity_dates dates = identity_dates_of(certificate);
	assert_in_range(time(NULL) - dates.begin, 86400, 86400 + 60);
	assert_int_equal(dates.end - dates.begin, INT64_C(3653) * 86400);
}

static void
serial_numbers_differ(void **state)
{
	struct identity one, other;
	char error[256];

	(void)state;
	assert_int_equal(identity_generate(&one, MAC, error, sizeof error), 0);
	assert_int_equal(identity_generate(&other, MAC, error, sizeof error), 0);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(one.certificate);
	assert_int_not_equal(ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(other.certificate)),
			     0);
	assert_true(ASN1_STRING_length(serial) >= 8 && ASN1_STRING_length(serial) <= 20);
	assert_string_not_equal(one.hashes.sha1, other.hashes.sha1);
	identity_fini(&one);
	identity_fini(&other);
}

static void
open_key_is_refused(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0644};
	struct place *place = *state;

	assert_int_equal(ensure(place), 1);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		chmod(place->key, modes[i]);
		assert_refused(place, "chmod 600");
	}
	chmod(place->key, 0400);
	assert_int_equal(ensure(place), 0);
}

enum { NOBODY = 65534 };

static void
needs_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void
become_nobody(const struct place *place)
{
	assert_int_equal(chmod(place->root, 0755), 0);
	assert_int_equal(setegid(NOBODY), 0);
	assert_int_equal(seteuid(NOBODY), 0);
}

static void
become_root(void)
{
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
}

static void
key_of_root_may_be_open_to_our_group(void **state)
{
	struct place *place = *state;

	assert_int_equal(ensure(place), 1);
	needs_root();
	assert_int_equal(chown(place->key, 0, NOBODY), 0);
	assert_int_equal(chmod(place->key, 0440), 0);
	assert_refused(place, "chmod 600");
	become_nobody(place);
	int there = ensure(place);
	become_root();
	assert_int_equal(there, 0);
	assert_int_equal(chmod(place->key, 0444), 0);
	become_nobody(place);
	assert_refused(place, "chmod 600");
	become_root();
}

static void
root_makes_it_for_the_owner_of_the_directory(void **state)
{
	struct place *place = *state;
	char *slash = strrchr(place->key, '/');

	assert_int_equal(ensure(place), 1);
	*slash = '\0';
	needs_root();
	assert_int_equal(chown(place->key, NOBODY, NOBODY), 0);
	*slash = '/';
	assert_int_equal(unlink(place->key), 0);
	assert_int_equal(unlink(place->certificate), 0);
	assert_int_equal(ensure(place), 1);
	become_nobody(place);
	int there = ensure(place);
	become_root();
	assert_int_equal(there, 0);
}

static void
another_key_is_refused(void **state)
{
	struct place *place = *state;
	struct identity other;

	assert_int_equal(ensure(place), 1);
	char kept[160];
	snprintf(kept, sizeof kept, "%s.kept", place->certificate);
	assert_int_equal(rename(place->certificate, kept), 0);
	assert_int_equal(identity_generate(&other, MAC, place->error, sizeof place->error), 0);
	assert_int_equal(identity_store(&other, &place->files, place->error, sizeof place->error),
			 0);
	identity_fini(&other);
	assert_int_equal(ensure(place), 0);
	assert_int_equal(rename(kept, place->certificate), 0);
	assert_refused(place, "does not belong");
}

static void
lost_certificate_is_made_for_the_key(void **state)
{
	struct place *place = *state;

	assert_int_equal(ensure(place), 1);
	struct identity_hashes first = place->identity.hashes;
	assert_int_equal(unlink(place->certificate), 0);
	assert_int_equal(ensure(place), 1);
	assert_string_equal(place->identity.hashes.sha256, first.sha256);
	assert_mode(place->key, 0600);
}

static void
lost_key_is_an_error(void **state)
{
	struct place *place = *state;

	assert_int_equal(ensure(place), 1);
	assert_int_equal(unlink(place->key), 0);
	assert_refused(place, place->key);
}

static void
garbage_is_an_error(void **state)
{
	struct place *place = *state;

	assert_int_equal(ensure(place), 1);
	assert_int_equal(store_text(place->certificate, 0644, "no\n", place->error, 512), 0);
	assert_refused(place, "no certificate");
	assert_int_equal(store_text(place->key, 0600, "no\n", place->error, 512), 0);
	assert_refused(place, "no private key");
}

/* Signs the certificate again with other dates, in days from now. */
static void
redate(struct place *place, int from, int to)
{
	X509 *certificate = place->identity.certificate;

	X509_time_adj_ex(X509_getm_notBefore(certificate), from, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(certificate), to, 0, NULL);
	assert_true(X509_sign(certificate, place->identity.key, EVP_sha256()) > 0);
	assert_int_equal(identity_store(&place->identity, &place->files, place->error, 512), 0);
}

static void
dates_are_checked(void **state)
{
	struct place *place = *state;

	assert_int_equal(ensure(place), 1);
	redate(place, 2, 10);
	assert_refused(place, "not valid before");
	unlink(place->certificate);
	assert_int_equal(ensure(place), 1);
	redate(place, -10, -2);
	assert_refused(place, "expired");
}

static void
certificate_has_the_last_word_on_the_mac(void **state)
{
	struct place *place = *state;

	assert_int_equal(ensure(place), 1);
	place->files.mac = "";
	assert_int_equal(ensure(place), 0);
	assert_memory_equal(place->identity.mac, MAC, sizeof MAC);
	place->files.mac = NULL;
	assert_int_equal(ensure(place), 0);
	place->files.mac = "02:00:5E:10:00:01";
	assert_int_equal(ensure(place), 0);
	place->files.mac = "02005e100002";
	assert_refused(place, "02:00:5e:10:00:01");
	place->files.mac = "no mac";
	assert_refused(place, "no mac");
}

static void
hashes_agree_with_the_vector(void **state)
{
	struct place *place = *state;
	char line[4096], name[16], value[2048], path[128];
	char sha1[64] = "", sha256[80] = "";
	struct identity_hashes hashes;
	FILE *vector = fopen("tests/vectors/key-hash.txt", "r");

	assert_non_null(vector);
	snprintf(path, sizeof path, "%s/spki.der", place->root);
	FILE *spki = fopen(path, "w");
	while (fgets(line, sizeof line, vector)) {
		unsigned byte;
		if (*line == '#' || sscanf(line, "%15s %2047s", name, value) != 2)
			continue;
		if (strcmp(name, "sha1") == 0)
			snprintf(sha1, sizeof sha1, "%.63s", value);
		else if (strcmp(name, "sha256") == 0)
			snprintf(sha256, sizeof sha256, "%.79s", value);
		else
			for (const char *c = value; sscanf(c, "%2x", &byte) == 1; c += 2)
				fputc((int)byte, spki);
	}
	fclose(vector);
	fclose(spki);
	assert_int_equal(identity_hash_spki_file(path, &hashes, place->error, 512), 0);
	assert_string_equal(hashes.sha1, sha1);
	assert_string_equal(hashes.sha256, sha256);

	spki = fopen(path, "a");
	fputc(0, spki);
	fclose(spki);
	assert_int_equal(identity_hash_spki_file(path, &hashes, place->error, 512), -1);
	assert_int_equal(identity_hash_spki_file("/nowhere", &hashes, place->error, 512), -1);
}

static void
macs_are_read(void **state)
{
	static const char *const good[] = {"02005e100001", "02:00:5E:10:00:01", "02-00-5e-10-00-01",
					   "0200.5e10.0001"};
	static const char *const bad[] = {"",
					  "02005e10000",
					  "02005e1000011",
					  "02:00:5e:10:00:0g",
					  "02::00:5e:10:00:01",
					  ":02005e100001",
					  "02005e100001:",
					  "0:2005e100001",
					  "000000000000",
					  "ffffffffffff",
					  "01005e000001"};
	uint8_t mac[MAC_SIZE];
	char text[MAC_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_int_equal(mac_parse(good[i], mac), 0);
		assert_memory_equal(mac, MAC, sizeof MAC);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(mac_parse(bad[i], mac), -1);
	assert_string_equal(mac_text(MAC, ':', text), "02:00:5e:10:00:01");
	assert_string_equal(mac_text(MAC, '\0', text), "02005e100001");
	assert_true(mac_number(MAC) == UINT64_C(0x02005e100001));
}

static void
add_interface(const struct place *place, const char *name, const char *index, const char *mac)
{
	static const char *const attributes[] = {"ifindex", "type", "address"};
	const char *const values[] = {index, "1\n", mac};
	char path[192], error[256];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/net/%s/%s", place->root, name, attributes[i]);
		assert_int_equal(store_text(path, 0644, values[i], error, sizeof error), 0);
	}
}

static void
add_hardware(const struct place *place, const char *name)
{
	char path[192];

	snprintf(path, sizeof path, "%s/net/%s/device", place->root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void
mac_of_the_first_real_interface(void **state)
{
	static const uint8_t expected[MAC_SIZE] = {0x00, 0x1b, 0x21, 0xaa, 0xbb, 0x02};
	struct place *place = *state;
	char net[96];
	uint8_t mac[MAC_SIZE], again[MAC_SIZE];

	snprintf(net, sizeof net, "%s/net", place->root);
	add_interface(place, "lo", "1\n", "00:00:00:00:00:00\n");
	add_interface(place, "docker0", "2\n", "02:42:00:00:00:01\n");
	mac_choose_in(net, mac);
	mac_choose_in(net, again);
	assert_int_equal(mac[0] & 3, 2);
	assert_memory_not_equal(mac, again, sizeof mac);

	add_interface(place, "eth1", "4\n", "00:1b:21:aa:bb:03\n");
	add_interface(place, "eth0", "3\n", "00:1b:21:aa:bb:02\n");
	add_hardware(place, "eth1");
	add_hardware(place, "eth0");
	mac_choose_in(net, mac);
	assert_memory_equal(mac, expected, sizeof mac);
}

static void
pins_are_kept(void **state)
{
	static const char pin[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	struct place *place = *state;
	char path[256], loaded[PIN_TEXT];

	assert_int_equal(pin_path(place->root, "hq", path, 8), -1);
	assert_int_equal(pin_path(place->root, "hq", path, sizeof path), 0);
	assert_int_equal(pin_load(path, loaded, place->error, 512), 0);
	assert_int_equal(pin_store(path, pin, place->error, 512), 0);
	assert_int_equal(pin_load(path, loaded, place->error, 512), 1);
	assert_string_equal(loaded, pin);
	assert_int_equal(store_text(path, 0644, "0011\n", place->error, 512), 0);
	assert_int_equal(pin_load(path, loaded, place->error, 512), -1);
	assert_non_null(strstr(place->error, path));
	assert_int_equal(store_text(path, 0644, "", place->error, 512), 0);
	assert_int_equal(pin_load(path, loaded, place->error, 512), -1);
}

static void
unwritable_places_are_told(void **state)
{
	struct place *place = *state;
	char path[128];

	assert_int_equal(store_text("/proc/nmsp2mqtt/x", 0644, "x", place->error, 512), -1);
	assert_non_null(strstr(place->error, "/proc/nmsp2mqtt"));
	snprintf(path, sizeof path, "%s/file", place->root);
	assert_int_equal(store_text(path, 0644, "x", place->error, 512), 0);
	snprintf(path, sizeof path, "%s/file/below", place->root);
	assert_int_equal(store_text(path, 0644, "x", place->error, 512), -1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(makes_once),
		TEST(key_is_closed_under_any_umask),
		TEST(certificate_is_as_promised),
		TEST(serial_numbers_differ),
		TEST(open_key_is_refused),
		TEST(key_of_root_may_be_open_to_our_group),
		TEST(root_makes_it_for_the_owner_of_the_directory),
		TEST(another_key_is_refused),
		TEST(lost_certificate_is_made_for_the_key),
		TEST(lost_key_is_an_error),
		TEST(garbage_is_an_error),
		TEST(dates_are_checked),
		TEST(certificate_has_the_last_word_on_the_mac),
		TEST(hashes_agree_with_the_vector),
		TEST(macs_are_read),
		TEST(mac_of_the_first_real_interface),
		TEST(pins_are_kept),
		TEST(unwritable_places_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
