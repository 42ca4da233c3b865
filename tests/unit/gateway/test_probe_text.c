/* SPDX-License-Identifier: ISC */
/* test_probe_text.c: what a step says, and what to do when it fails */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gateway/probe_text.h"
#include "tests/unit/gateway/probe_bench.h"
#include "tests/unit/support.h"

#define BEGIN INT64_C(1700000000) /* 2023-11-14 */
#define DAY   INT64_C(86400)

static struct probe_finding finding;

static void
test_certificates(void **state)
{
	struct tls_shown shown = shown_of("CN=WLC-HQ");

	(void)state;
	controller.verify = VERIFY_TOFU;
	probe_text_certificate(&finding, &settings, &shown);
	assert_string_equal(finding.text, "CN=WLC-HQ, SHA-256 1b76ee2c, valid until 2031-11-21; "
					  "new, none is remembered yet");
	assert_int_equal(finding.verdict, PROBE_GOOD);
	snprintf(shown.pin, sizeof shown.pin, "1b76ee2c");
	probe_text_certificate(&finding, &settings, &shown);
	assert_says(finding.text, "; as remembered");
	controller.verify = VERIFY_FINGERPRINT;
	probe_text_certificate(&finding, &settings, &shown);
	assert_says(finding.text, "; as configured");
	controller.verify = VERIFY_CA;
	probe_text_certificate(&finding, &settings, &shown);
	assert_says(finding.text, "; its authority");
	controller.verify = VERIFY_NONE;
	shown.subject[0] = '\0';
	probe_text_certificate(&finding, &settings, &shown);
	assert_says(finding.text, "without a name, ");
	assert_says(finding.text, "verify = \"none\"");
	controller.verify = VERIFY_TOFU;
}

/* The finding for a controller whose clock is so far ahead, ten days after our certificate began.
 */
static const char *
clocks_text(int64_t ahead_ms)
{
	struct probe_clocks clocks = {
		.dates = {BEGIN, BEGIN + 3652 * DAY},
		.now_ms = (BEGIN + 10 * DAY) * 1000,
		.known = true,
		.ahead_ms = ahead_ms,
	};

	memset(&finding, 0, sizeof finding);
	probe_text_clocks(&finding, &clocks);
	return finding.text;
}

static void
test_clocks_that_agree(void **state)
{
	const struct probe_clocks unknown = {.dates = {BEGIN, BEGIN + DAY}};

	(void)state;
	probe_text_clocks(&finding, &unknown);
	assert_int_equal(finding.verdict, PROBE_GOOD);
	assert_says(finding.text, "did not tell its own");
	assert_says(clocks_text(300), "good against both clocks; the controller's clock is 0.3 s ");
	assert_says(clocks_text(300), "s ahead");
	assert_says(clocks_text(-12), "is the same");
	assert_says(clocks_text(-60000), "is 60.0 s behind");
	assert_int_equal(finding.verdict, PROBE_GOOD);
	assert_string_equal(finding.hint, "");
}

static void
test_clocks_that_are_apart(void **state)
{
	(void)state;
	assert_says(clocks_text(60001), "the controller's clock is 60.0 s ahead");
	assert_int_equal(finding.verdict, PROBE_WARNING);
	assert_says(finding.hint, "NTP");
	assert_says(clocks_text(-1000 * 60 * 90), "is 90 minutes behind");
	assert_says(clocks_text(INT64_C(1000) * 3600 * 50), "is 2 days ahead");
	assert_says(clocks_text(INT64_C(1000) * 3600 * 47), "is 47 hours ahead");
	assert_says(clocks_text(-11 * DAY * 1000), "valid from 2023-11-14 until 2033-11-13");
	assert_says(finding.text, "which is 11 days behind");
	assert_int_equal(finding.verdict, PROBE_WARNING);
	assert_says(clocks_text(3650 * DAY * 1000), "not valid by the controller's clock");
}

static void
test_capability(void **state)
{
	struct reading *r = *state;
	struct offer offer = {.services = NULL};

	probe_text_capability(&finding, &offer, r->dict);
	assert_string_equal(finding.text, "offers nothing");
	reading_body(r, 7,
		     "0010 [0011 [77 1b 5b c3 a9] 0012 [43393830] 0013 [31372e3132]]"
		     "0020 [0001 02 0001 0002 0002 0000]");
	offer_take(&offer, &r->message);
	probe_text_capability(&finding, &offer, r->dict);
	assert_string_equal(finding.text, "C980 17.12 \"w?[\?\?\"; offers rssi:client, rssi:tag");
	offer_clear(&offer);
}

/* What to do when a step failed by the end of the connection. */
static const char *
hint_of(enum probe_step step, enum link_failure failure, const struct tls_shown *shown)
{
	struct link_end end;
	struct probe_end told = {&end, shown, step};

	link_end_set(&end, failure, "the reason");
	if (failure == LINK_IDENTITY_REFUSED)
		end.alert = 46;
	memset(&finding, 0, sizeof finding);
	probe_text_end(&finding, &settings, &told);
	assert_int_equal(finding.verdict, PROBE_FAILED);
	return finding.hint;
}

static void
test_hints_on_the_way(void **state)
{
	const struct tls_shown none = {.protocol = ""};

	(void)state;
	assert_says(hint_of(PROBE_NAME, LINK_NAME_NOT_FOUND, &none), "getent hosts wlc.example");
	assert_string_equal(finding.text, "the reason");
	assert_says(hint_of(PROBE_TCP, LINK_REFUSED, &none), "TCP port 16113");
	assert_says(hint_of(PROBE_TLS, LINK_TLS_INCOMPATIBLE, &none), "min_version = \"1.0\"");
	assert_says(hint_of(PROBE_TLS, LINK_TLS_FAILED, &none), "the NMSP port");
	assert_says(hint_of(PROBE_CLOCKS, LINK_IDENTITY_REFUSED, &none), "NTP");
	assert_says(hint_of(PROBE_CAPABILITY, LINK_CLOSED_BY_PEER, &none), "assumption");
	assert_says(hint_of(PROBE_SUBSCRIPTION, LINK_RESET, &none), "services");
	assert_says(hint_of(PROBE_NOTIFICATION, LINK_RESET, &none), "--wait");
}

static void
test_hints_for_a_certificate(void **state)
{
	const struct tls_shown shown = shown_of("CN=WLC-HQ");

	(void)state;
	controller.verify = VERIFY_TOFU;
	assert_says(hint_of(PROBE_CERTIFICATE, LINK_CONTROLLER_NOT_TRUSTED, &shown),
		    "\n  rm /state/controllers/hq.pin");
	controller.verify = VERIFY_FINGERPRINT;
	assert_says(hint_of(PROBE_CERTIFICATE, LINK_CONTROLLER_NOT_TRUSTED, &shown),
		    "fingerprint = \"1b76ee2c\"");
	assert_null(strstr(finding.hint, "ca_file"));
	controller.verify = VERIFY_CA;
	assert_says(hint_of(PROBE_CERTIFICATE, LINK_CONTROLLER_NOT_TRUSTED, &shown), "ca_file");
	controller.verify = VERIFY_TOFU;
}

static void
test_lines_for_the_kind_of_controller(void **state)
{
	const struct tls_shown unknown = shown_of("CN=WLC-HQ"),
			       ios_xe = shown_of("CN=IOS-Self-Signed-Certificate-1234");

	(void)state;
	assert_says(hint_of(PROBE_AUTHORISATION, LINK_IDENTITY_REFUSED, &unknown), "IOS-XE");
	assert_says(finding.text, "TLS alert 46, certificate unknown");
	assert_says(finding.hint, ours.hashes.sha256);
	assert_says(finding.hint, "AireOS");
	assert_says(finding.hint, "The controller's clock must not be before 20");
	assert_says(hint_of(PROBE_AUTHORISATION, LINK_IDENTITY_REFUSED, &ios_xe), "IOS-XE");
	assert_null(strstr(finding.hint, "AireOS"));
	settings.kind = ADVICE_AIREOS;
	assert_says(hint_of(PROBE_AUTHORISATION, LINK_CLOSED_BY_PEER, &ios_xe), "AireOS");
	assert_null(strstr(finding.hint, "IOS-XE"));
	assert_string_equal(finding.text, "the reason");
	settings.kind = ADVICE_UNKNOWN;
}

static int
set_up(void **state)
{
	*state = reading_new(BASELINE);
	return make_settings(NULL);
}

static int
tear_down(void **state)
{
	reading_free(*state);
	return free_settings(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificates),
		cmocka_unit_test(test_clocks_that_agree),
		cmocka_unit_test(test_clocks_that_are_apart),
		cmocka_unit_test(test_capability),
		cmocka_unit_test(test_hints_on_the_way),
		cmocka_unit_test(test_hints_for_a_certificate),
		cmocka_unit_test(test_lines_for_the_kind_of_controller),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
