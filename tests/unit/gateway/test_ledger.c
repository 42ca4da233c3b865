/* SPDX-License-Identifier: ISC */
/* test_ledger.c: accounts are found again by their names, by any thread */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/ledger.h"

#define CONTROLLERS 100
#define THREADS	    4

static void
accounts_stay(void **state)
{
	struct ledger ledger = {0};
	struct ledger_page *page = ledger_page(&ledger, "main");
	struct ledger_entry *hq = ledger_page_get(page, "hq");

	(void)state;
	account_add(&hq->accounts.kinds[KIND_RSSI].received, 3);
	assert_ptr_not_equal(ledger_page_get(page, "lab"), hq);
	assert_ptr_not_equal(ledger_page_get(ledger_page(&ledger, "other"), "hq"), hq);
	assert_ptr_equal(ledger_page(&ledger, "main"), page);
	assert_ptr_equal(ledger_page_get(page, "hq"), hq);
	assert_int_equal(hq->accounts.kinds[KIND_RSSI].received, 3);
	ledger_fini(&ledger);
}

static void
append_name(void *context, struct ledger_entry *entry)
{
	strcat(strcat(context, entry->controller), " ");
}

static void
each_goes_in_order(void **state)
{
	struct ledger ledger = {0};
	struct ledger_page *page = ledger_page(&ledger, "main");
	char names[64] = "";

	(void)state;
	ledger_page_get(page, "c");
	ledger_page_get(page, "a");
	ledger_page_get(page, "c");
	ledger_page_get(page, "b");
	ledger_page_each(page, append_name, names);
	assert_string_equal(names, "c a b ");
	ledger_fini(&ledger);
}

static void *
count_all(void *context)
{
	char name[16];

	for (unsigned i = 0; i < CONTROLLERS; i++) {
		snprintf(name, sizeof name, "c%u", i);
		account_add(&ledger_page_get(context, name)->accounts.kinds[KIND_INFO].received, 1);
	}
	return NULL;
}

static void
check_count(void *context, struct ledger_entry *entry)
{
	assert_int_equal(entry->accounts.kinds[KIND_INFO].received, THREADS);
	++*(unsigned *)context;
}

static void
threads_share_accounts(void **state)
{
	struct ledger ledger = {0};
	struct ledger_page *page = ledger_page(&ledger, "main");
	pthread_t threads[THREADS];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_all, page), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ledger_page_each(page, check_count, &n);
	assert_int_equal(n, CONTROLLERS);
	ledger_fini(&ledger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_stay),
		cmocka_unit_test(each_goes_in_order),
		cmocka_unit_test(threads_share_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
