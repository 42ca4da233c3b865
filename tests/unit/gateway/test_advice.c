/* SPDX-License-Identifier: ISC */
/* test_advice.c: the lines that let this gateway into a controller */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/advice.h"

static const struct identity identity = {
	.mac = {0x02, 0x00, 0x5e, 0x10, 0x00, 0x01},
	.hashes = {"0123456789abcdef0123456789abcdef01234567",
		   "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"},
};

static void
test_each_kind_has_its_lines(void **state)
{
	char text[ADVICE_SIZE];

	(void)state;
	advice_text(ADVICE_IOS_XE, &identity, text, sizeof text);
	assert_non_null(strstr(text, "   attribute type password fedcba98"));
	assert_non_null(strstr(text, "  username 02005e100001 mac aaa attribute list NMSP\n"));
	assert_null(strstr(text, "AireOS"));
	advice_text(ADVICE_AIREOS, &identity, text, sizeof text);
	assert_non_null(strstr(text, "add lbs-ssc 02:00:5e:10:00:01 0123456789"));
	assert_non_null(strstr(text, "add sha256-lbs-ssc 02:00:5e:10:00:01 fedcba98"));
	assert_null(strstr(text, "IOS-XE"));
}

static void
test_an_unknown_kind_gets_both(void **state)
{
	char both[ADVICE_SIZE], one[ADVICE_SIZE];
	size_t length;

	(void)state;
	advice_text(ADVICE_UNKNOWN, &identity, both, sizeof both);
	advice_text(ADVICE_IOS_XE, &identity, one, sizeof one);
	length = strlen(one);
	assert_memory_equal(both, one, length);
	assert_int_equal(both[length], '\n');
	assert_string_equal(both + length + 1,
			    advice_text(ADVICE_AIREOS, &identity, one, sizeof one));
}

static void
test_no_room(void **state)
{
	char small[700], none[1];

	(void)state;
	advice_text(ADVICE_UNKNOWN, &identity, small, sizeof small);
	assert_true(strlen(small) < sizeof small);
	assert_string_equal(advice_text(ADVICE_AIREOS, &identity, none, sizeof none), "");
}

static void
test_kinds(void **state)
{
	(void)state;
	assert_int_equal(advice_kind_named("ios-xe"), ADVICE_IOS_XE);
	assert_int_equal(advice_kind_named("aireos"), ADVICE_AIREOS);
	assert_int_equal(advice_kind_named("IOS"), ADVICE_UNKNOWN);
	assert_int_equal(advice_kind_of("C9800-CL-K9"), ADVICE_IOS_XE);
	assert_int_equal(advice_kind_of("CN = IOS-Self-Signed-Certificate-7"), ADVICE_IOS_XE);
	assert_int_equal(advice_kind_of("O = Cisco Systems, CN = AIR-CT5520-K9-00"), ADVICE_AIREOS);
	assert_int_equal(advice_kind_of("CN = wlc"), ADVICE_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_has_its_lines),
		cmocka_unit_test(test_an_unknown_kind_gets_both),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
