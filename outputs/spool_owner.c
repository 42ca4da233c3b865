/* SPDX-License-Identifier: ISC */
/* spool_owner.c: whose records are in a spool, and how many */
#include "outputs/spool_owner.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 64

static size_t
hash(const char *name, size_t length)
{
	uint64_t sum = 0xcbf29ce484222325U;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (uint8_t)name[i]) * 0x100000001b3U;
	return (size_t)(sum ^ sum >> 32);
}

/* Doubles the table; as it is, it is only slower. */
static void
grow(struct spool_owners *owners)
{
	size_t n = owners->n_buckets ? 2 * owners->n_buckets : FIRST_BUCKETS;
	struct spool_owner **larger = calloc(n, sizeof(struct spool_owner *));

	if (!larger)
		return;
	for (size_t i = 0; i < owners->n_buckets; i++)
		for (struct spool_owner *owner = owners->buckets[i], *next; owner; owner = next) {
			size_t place = hash(owner->name, strlen(owner->name)) & (n - 1);

			next = owner->next;
			owner->next = larger[place];
			larger[place] = owner;
		}
	free(owners->buckets);
	owners->buckets = larger;
	owners->n_buckets = n;
}

static struct spool_owner *
owner_new(struct spool_owners *owners, const char *name, size_t length)
{
	struct spool_owner *owner = calloc(1, sizeof(*owner) + length + 1);

	if (!owner)
		return NULL;
	memcpy(owner->name, name, length);
	owner->accounts = owners->accounts(owners->context, owner->name);
	owners->n_owners++;
	return owner;
}

struct spool_owner *
spool_owner_get(struct spool_owners *owners, const char *name, size_t length)
{
	size_t sum = hash(name, length);
	struct spool_owner *owner = NULL, **bucket;

	if (owners->n_owners >= owners->n_buckets)
		grow(owners);
	if (owners->n_buckets == 0)
		return NULL;
	bucket = &owners->buckets[sum & (owners->n_buckets - 1)];
	for (owner = *bucket; owner; owner = owner->next)
		if (strncmp(owner->name, name, length) == 0 && owner->name[length] == '\0')
			return owner;
	owner = owner_new(owners, name, length);
	if (!owner)
		return NULL;
	owner->next = *bucket;
	return *bucket = owner;
}

static void
each(struct spool_owners *owners, void (*what)(struct account *account, struct spool_count *count))
{
	for (size_t i = 0; i < owners->n_buckets; i++)
		for (struct spool_owner *owner = owners->buckets[i]; owner; owner = owner->next)
			for (unsigned kind = 0; kind < KIND_COUNT; kind++)
				what(&owner->accounts->kinds[kind], &owner->counts[kind]);
}

static void
find(struct account *account, struct spool_count *count)
{
	account_add(&account->received, count->spooled);
}

static void
stay(struct account *account, struct spool_count *count)
{
	(void)account;
	count->leaving = (struct spool_leaving){0};
}

static void
leave(struct account *account, struct spool_count *count)
{
	account_add(&account->dropped[DROP_SPOOL_FULL], count->leaving.dropped);
	account_add(&account->conflated, count->leaving.conflated);
	count->spooled -= count->leaving.dropped + count->leaving.conflated;
	stay(account, count);
}

static void
forget(struct account *account, struct spool_count *count)
{
	(void)account;
	*count = (struct spool_count){0};
}

static void
lose(struct account *account, struct spool_count *count)
{
	account_add(&account->dropped[DROP_SPOOL_LOST], count->spooled - count->read);
	forget(account, count);
}

void
spool_owner_found(struct spool_owners *owners)
{
	each(owners, find);
}

void
spool_owner_left(struct spool_owners *owners)
{
	each(owners, leave);
}

void
spool_owner_stays(struct spool_owners *owners)
{
	each(owners, stay);
}

void
spool_owner_lost(struct spool_owners *owners)
{
	each(owners, lose);
}

void
spool_owner_forget(struct spool_owners *owners)
{
	each(owners, forget);
}

void
spool_owner_fini(struct spool_owners *owners)
{
	for (size_t i = 0; i < owners->n_buckets; i++)
		for (struct spool_owner *owner = owners->buckets[i], *next; owner; owner = next) {
			next = owner->next;
			free(owner);
		}
	free(owners->buckets);
	owners->buckets = NULL;
	owners->n_buckets = owners->n_owners = 0;
}
