/* SPDX-License-Identifier: ISC */
/* test_offer.c: what a controller says of itself */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/offer.h"
#include "tests/unit/support.h"

static void
test_device_and_services(void **state)
{
	struct offer offer = {.services = NULL};

	reading_body(*state, 7,
		     "0010 [0011 [776c63] 0012 [43393830] 0013 [31372e3132]"
		     " 0014 [001e14000001] 0015 [0a000005]]"
		     "0020 [0001 02 0001 0002 0002 0000] 0020 [ffff 01 fffe 0000] 0020 [0003 00]"
		     "0021 [0000000000000080]");
	offer_take(&offer, &((struct reading *)*state)->message);
	assert_string_equal(offer.name, "wlc");
	assert_string_equal(offer.model, "C980");
	assert_string_equal(offer.software, "17.12");
	assert_true(offer.mac == UINT64_C(0x001e14000001));
	assert_string_equal(offer.address, "10.0.0.5");
	assert_int_equal(offer.n_services, 3);
	assert_int_equal(offer.services[1].service, 1);
	assert_int_equal(offer.services[1].subservice, 2);
	assert_int_equal(offer.services[2].service, 0xffff);
	assert_int_equal(offer.services[2].subservice, 0xfffe);
	offer_clear(&offer);
	assert_int_equal(offer.n_services, 0);
	assert_null(offer.services);
}

/* 6876135 was seen on a controller that offers just these 15. */
static void
test_the_mask_where_no_services_are_named(void **state)
{
	static const struct offer_service expected[] = {{1, 1}, {1, 2}, {1, 3}, {1, 6},	 {2, 1},
							{2, 2}, {2, 3}, {3, 1}, {3, 3},	 {4, 1},
							{4, 2}, {4, 3}, {8, 1}, {10, 1}, {11, 1}};
	struct offer offer = {.services = NULL};

	reading_body(*state, 7, "0021 [000000000068ebe7]");
	offer_take(&offer, &((struct reading *)*state)->message);
	assert_int_equal(offer.n_services, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(offer.services[i].service, expected[i].service);
		assert_int_equal(offer.services[i].subservice, expected[i].subservice);
	}
	offer_clear(&offer);
}

static void
test_bits_without_a_name_are_nothing(void **state)
{
	struct offer offer = {.services = NULL};

	reading_body(*state, 7, "0021 [ffffffffff800000]");
	offer_take(&offer, &((struct reading *)*state)->message);
	assert_int_equal(offer.n_services, 0);
	offer_clear(&offer);
}

static void
test_each_notification_replaces_the_last(void **state)
{
	struct reading *r = *state;
	struct offer offer = {.services = NULL};

	reading_body(r, 7, "0010 [0011 [6161] 0012 [6262]] 0021 [0000000000000003]");
	offer_take(&offer, &r->message);
	assert_int_equal(offer.n_services, 2);
	reading_body(r, 7, "0010 [0012 [63]]");
	offer_take(&offer, &r->message);
	assert_string_equal(offer.name, "");
	assert_string_equal(offer.model, "c");
	assert_int_equal(offer.n_services, 0);
	reading_body(r, 7, "");
	offer_take(&offer, &r->message);
	assert_string_equal(offer.model, "");
	offer_clear(&offer);
}

static void
test_services_as_text(void **state)
{
	struct reading *r = *state;
	struct offer offer = {.services = NULL};
	char text[64], small[34];

	assert_string_equal(offer_list(&offer, r->dict, text, sizeof text), "");
	reading_body(r, 7, "0020 [0001 02 0001 0002 0002 0000] 0020 [ffff 01 fffe 0000]");
	offer_take(&offer, &r->message);
	assert_string_equal(offer_list(&offer, r->dict, text, sizeof text),
			    "rssi:client, rssi:tag, 65535:65534");
	assert_string_equal(offer_list(&offer, r->dict, small, sizeof small),
			    "rssi:client, rssi:tag, ...");
	assert_string_equal(offer_list(&offer, r->dict, small, 24), "rssi:client, ...");
	assert_string_equal(offer_list(&offer, r->dict, small, 14), "...");
	offer_clear(&offer);
}

static void
test_a_long_name_is_cut(void **state)
{
	struct reading *r = *state;
	struct offer offer = {.services = NULL};
	char hex[600] = "0010 [0011 [";

	for (unsigned i = 0; i < 200; i++)
		strcat(hex, "61");
	strcat(hex, "]]");
	reading_body(r, 7, hex);
	offer_take(&offer, &r->message);
	assert_int_equal(strlen(offer.name), OFFER_TEXT - 1);
	offer_clear(&offer);
}

static void
test_other_and_malformed_messages_offer_nothing(void **state)
{
	struct reading *r = *state;
	struct offer offer = {.services = NULL};

	reading_body(r, 15, "0021 [00000000007fffff]");
	offer_take(&offer, &r->message);
	assert_int_equal(offer.n_services, 0);
	reading_body(r, 7, "0021 [00000000007fffff] 00");
	offer_take(&offer, &r->message);
	assert_int_equal(offer.n_services, 0);
	reading_body(r, 7, "0010 [0011 [61] 0014 [00]] 0020 [0001 05]");
	offer_take(&offer, &r->message);
	assert_string_equal(offer.name, "");
	assert_int_equal(offer.n_services, 0);
	offer_clear(&offer);
}

static int
setup(void **state)
{
	*state = reading_new(BASELINE);
	return 0;
}

static int
teardown(void **state)
{
	reading_free(*state);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device_and_services),
		cmocka_unit_test(test_the_mask_where_no_services_are_named),
		cmocka_unit_test(test_bits_without_a_name_are_nothing),
		cmocka_unit_test(test_each_notification_replaces_the_last),
		cmocka_unit_test(test_services_as_text),
		cmocka_unit_test(test_a_long_name_is_cut),
		cmocka_unit_test(test_other_and_malformed_messages_offer_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
