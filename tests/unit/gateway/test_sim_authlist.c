/* SPDX-License-Identifier: ISC */
/* test_sim_authlist.c: who a simulated controller lets in */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/sim/authlist.h"

/* Cisco's own example of a key, and the hashes of it. */
#define SHA1   "9e4ddd8dfcdd8458ba7b273fc37284b31a384eb9"
#define SHA256 "1278ff9083582f5a499d8e498abd7ab8038571ec45a1adfbae7f0bed7f5215a1"
#define OTHER  "0000000000000000000000000000000000000000"

static const uint8_t mac[MAC_SIZE] = {0x02, 0x00, 0x5e, 0x10, 0x20, 0x30};
static const uint8_t other_mac[MAC_SIZE] = {0x02, 0x00, 0x5e, 0x10, 0x20, 0x31};

/* The verdict of a list with `entry` on a client with the example's key. */
static enum authlist_verdict
verdict(const char *entry, const uint8_t *client_mac)
{
	const struct authlist_client client = {client_mac, SHA1, SHA256};
	struct authlist list = {0};
	enum authlist_verdict found;

	if (entry)
		assert_null(authlist_add(&list, entry));
	found = authlist_check(&list, &client);
	authlist_fini(&list);
	return found;
}

static void
test_allowed(void **state)
{
	(void)state;
	assert_int_equal(verdict("02005e102030=" SHA1, mac), AUTHLIST_ALLOWED);
	assert_int_equal(verdict("02:00:5E:10:20:30=" SHA256, mac), AUTHLIST_ALLOWED);
	assert_int_equal(verdict("0200.5e10.2030=9E4DDD8DFCDD8458BA7B273FC37284B31A384EB9", mac),
			 AUTHLIST_ALLOWED);
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(verdict(NULL, mac), AUTHLIST_UNKNOWN_MAC);
	assert_int_equal(verdict("02005e102030=" SHA1, other_mac), AUTHLIST_UNKNOWN_MAC);
	assert_int_equal(verdict("02005e102030=" OTHER, mac), AUTHLIST_OTHER_KEY);
	assert_int_equal(verdict("02005e102030=" SHA1, NULL), AUTHLIST_NO_MAC);
}

/* A client may stand in the list twice, with both hashes or with the key it had before. */
static void
test_second_entry(void **state)
{
	const struct authlist_client client = {mac, SHA1, SHA256};
	struct authlist list = {0};

	(void)state;
	assert_null(authlist_add(&list, "02005e102030=" OTHER));
	assert_null(authlist_add(&list, "02005e102030=" SHA256));
	assert_int_equal(authlist_check(&list, &client), AUTHLIST_ALLOWED);
	authlist_fini(&list);
}

static void
test_allow_all(void **state)
{
	const struct authlist_client stranger = {NULL, OTHER, OTHER};
	const struct authlist list = {.allow_all = true};

	(void)state;
	assert_int_equal(authlist_check(&list, &stranger), AUTHLIST_ALLOWED);
}

static void
test_wrong_entries(void **state)
{
	static const char *const wrong[] = {
		"",
		"02005e102030",
		"=" SHA1,
		"02005e1020=" SHA1,
		"02005e10203040=" SHA1,
		"000000000000=" SHA1,
		"02005e102030=",
		"02005e102030=9e4ddd",
		"02005e102030=" SHA1 "00",
		"02005e102030=x" SHA1,
		"02005e102030=" SHA256 "0",
	};
	struct authlist list = {0};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_non_null(authlist_add(&list, wrong[i]));
	assert_int_equal(list.n_entries, 0);
	authlist_fini(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed),	      cmocka_unit_test(test_refused),
		cmocka_unit_test(test_second_entry),  cmocka_unit_test(test_allow_all),
		cmocka_unit_test(test_wrong_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
