/* SPDX-License-Identifier: ISC */
/* spool_check.c: is the file of a spool sound?
 *
 * The layout is that of LMDB's data version 1 (0.9): two meta pages, of which the one with the
 * higher transaction counts; a tree of free pages by transaction; a main database, here of one
 * page, which names the databases of records. No page may be used twice or lie outside of the file,
 * and every node must be inside of its page and in order. Then nothing that LMDB follows can lead
 * it astray.
 */
#define _GNU_SOURCE
#include "outputs/spool_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_MAGIC    0xbeefc0deU
#define META_VERSION  1
#define FIRST_PAGE    2 /* behind the meta pages */
#define NO_PAGE	      UINT64_MAX
#define MIN_PAGE_SIZE 512
#define MAX_PAGE_SIZE 65536
#define MAX_DEPTH     16
#define KEY_SIZE      8
#define PAGE_BRANCH   0x01
#define PAGE_LEAF     0x02
#define PAGE_OVERFLOW 0x04
#define PAGE_META     0x08
#define NODE_BIG      0x01 /* the value is on pages of its own */
#define NODE_DATABASE 0x02
#define FLAGS_MASK    0x7f /* of a database; the others are the environment's */
#define FLAGS_INTEGER 0x08

struct page_head {
	uint64_t number;
	uint16_t pad;
	uint16_t flags;
	uint16_t lower, upper; /* an overflow page's count of pages stands here */
	uint16_t nodes[];
};

struct node_head {
	uint16_t low, high; /* size of the value; of a page number, the lower bits */
	uint16_t flags;	    /* of a page number, the upper bits */
	uint16_t key_size;
};

struct database {
	uint32_t pad; /* of the free pages: the page size */
	uint16_t flags;
	uint16_t depth;
	uint64_t branches, leaves, overflows, entries;
	uint64_t root;
};

struct meta {
	uint32_t magic;
	uint32_t version;
	uint64_t address;
	uint64_t map_size;
	struct database free, main;
	uint64_t last_page;
	uint64_t transaction;
};

struct node {
	const char *key;
	size_t key_size;
	const char *value;
	size_t length;
	uint64_t child; /* of a branch */
	uint16_t flags; /* of a leaf */
	size_t size;	/* of all of it in the page */
};

struct check {
	int fd;
	size_t page_size;
	uint64_t file_pages;
	struct meta meta;
	uint8_t *used; /* a bit for each page up to the last */
	char *pages;   /* one for each level of a tree */
	char *big;     /* a value on pages of its own */
	size_t big_size;
	spool_check_visit *visit;
	void *context;
	char *reason;
	size_t size;
	enum spool_verdict verdict;
};

struct tree;
typedef bool see_value(struct check *check, struct tree *tree, const struct node *node);

static see_value see_record;

struct tree {
	struct database told, walked;
	uint64_t least; /* what the next key must not be below */
	uint8_t rank;	/* of records */
	see_value *see;
};

/* Always false, for the caller to return. */
__attribute__((format(printf, 3, 4))) static bool
fail(struct check *check, enum spool_verdict verdict, const char *format, ...)
{
	va_list arguments;

	check->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(check->reason, check->size, format, arguments);
	va_end(arguments);
	return false;
}

static bool
damaged(struct check *check, uint64_t page, const char *what)
{
	return fail(check, SPOOL_DAMAGED, "page %llu: %s", (unsigned long long)page, what);
}

static bool
read_at(struct check *check, uint64_t page, char *out, size_t length)
{
	ssize_t got = pread(check->fd, out, length, (off_t)(page * check->page_size));

	if (got < 0)
		return fail(check, SPOOL_UNREADABLE, "%s", strerror(errno));
	if ((size_t)got < length)
		return damaged(check, page, "beyond the end of the file");
	return true;
}

/* Notes pages as used. */
static bool
claim(struct check *check, uint64_t first, uint64_t n)
{
	if (first < FIRST_PAGE || first > check->meta.last_page ||
	    n > check->meta.last_page - first + 1)
		return damaged(check, first, "no such page");
	for (uint64_t page = first; page < first + n; page++) {
		if (check->used[page / 8] & 1U << page % 8)
			return damaged(check, page, "used twice");
		check->used[page / 8] |= (uint8_t)(1U << page % 8);
	}
	return true;
}

/* Reads a page of a tree and notes it as used. */
static bool
read_page(struct check *check, uint64_t number, unsigned depth, const struct page_head **page)
{
	char *bytes = check->pages + depth * check->page_size;
	const struct page_head *head = (const struct page_head *)bytes;

	if (!claim(check, number, 1) || !read_at(check, number, bytes, check->page_size))
		return false;
	*page = head;
	if (head->number != number)
		return damaged(check, number, "another page in its place");
	if (head->lower < sizeof(*head) + sizeof(uint16_t) || head->lower % 2 != 0 ||
	    head->lower > head->upper || head->upper > check->page_size)
		return damaged(check, number, "wrong bounds");
	return true;
}

static size_t
node_count(const struct page_head *page)
{
	return (page->lower - sizeof(*page)) / sizeof(uint16_t);
}

/* Reads a value that is on pages of its own. */
static bool
read_big(struct check *check, struct tree *tree, struct node *node)
{
	uint64_t number;
	size_t pages = (sizeof(struct page_head) - 1 + node->length) / check->page_size + 1;
	size_t length = sizeof(struct page_head) + node->length;
	struct page_head head;
	uint32_t told;

	memcpy(&number, node->value, sizeof(number));
	if (!read_at(check, number, (char *)&head, sizeof(head)))
		return false;
	memcpy(&told, &head.lower, sizeof(told));
	if (head.number != number || !(head.flags & PAGE_OVERFLOW) || told < pages)
		return damaged(check, number, "not the large value that it should be");
	if (!claim(check, number, told))
		return false;
	if (length > check->big_size) {
		char *larger = realloc(check->big, length);

		if (!larger)
			return fail(check, SPOOL_UNREADABLE, "no memory");
		check->big = larger;
		check->big_size = length;
	}
	node->value = check->big + sizeof(head);
	tree->walked.overflows += told;
	return read_at(check, number, check->big, length);
}

/* Takes node `i` of a page apart; false when it is not all inside. */
static bool
read_node(const struct check *check, const struct page_head *page, size_t i, struct node *node)
{
	size_t at = page->nodes[i];
	struct node_head head;

	*node = (struct node){0};
	if (at < page->upper || at % 2 != 0 || at + sizeof(head) > check->page_size)
		return false;
	memcpy(&head, (const char *)page + at, sizeof(head));
	node->key = (const char *)page + at + sizeof(head);
	node->key_size = head.key_size;
	node->value = node->key + head.key_size;
	node->child = head.low | (uint64_t)head.high << 16 | (uint64_t)head.flags << 32;
	node->length = head.low | (size_t)head.high << 16;
	node->flags = head.flags;
	node->size = sizeof(head) + head.key_size;
	if (page->flags & PAGE_LEAF)
		node->size += head.flags & NODE_BIG ? sizeof(uint64_t) : node->length;
	node->size += node->size % 2;
	return node->size <= check->page_size - at;
}

/* The nodes of a page lie side by side up to its end. */
static bool
is_packed(const struct check *check, const struct page_head *page)
{
	size_t size = 0;
	struct node node;

	for (size_t i = 0; i < node_count(page); i++) {
		if (!read_node(check, page, i, &node))
			return false;
		size += node.size;
	}
	return size == check->page_size - page->upper;
}

/* Takes the key of a tree's node; keys rise. */
static bool
take_key(struct check *check, struct tree *tree, const struct node *node, uint64_t page)
{
	uint64_t key;

	if (node->key_size != KEY_SIZE)
		return damaged(check, page, "a key of wrong size");
	memcpy(&key, node->key, sizeof(key));
	if (key < tree->least || key == UINT64_MAX)
		return damaged(check, page, "keys out of order");
	tree->least = key;
	return true;
}

static bool
walk_leaf(struct check *check, struct tree *tree, const struct page_head *page)
{
	size_t n = node_count(page);
	struct node node;

	for (size_t i = 0; i < n; i++) {
		read_node(check, page, i, &node);
		if (node.flags & ~NODE_BIG)
			return damaged(check, page->number, "a value of wrong type");
		if (!take_key(check, tree, &node, page->number))
			return false;
		if (node.flags & NODE_BIG && !read_big(check, tree, &node))
			return false;
		if (!tree->see(check, tree, &node))
			return false;
		tree->least++;
	}
	tree->walked.leaves++;
	tree->walked.entries += n;
	return true;
}

static bool walk(struct check *check, struct tree *tree, uint64_t number, unsigned depth);

/* The key of a branch's first node does not count, and is left out at times. */
static bool
walk_branch(struct check *check, struct tree *tree, const struct page_head *page, unsigned depth)
{
	size_t n = node_count(page);
	struct node node;

	if (n < 2 && tree->see == see_record)
		return damaged(check, page->number, "a branch without twigs");
	tree->walked.branches++;
	for (size_t i = 0; i < n; i++) {
		read_node(check, page, i, &node);
		if (i > 0 && !take_key(check, tree, &node, page->number))
			return false;
		if (!walk(check, tree, node.child, depth + 1))
			return false;
	}
	return true;
}

static bool
walk(struct check *check, struct tree *tree, uint64_t number, unsigned depth)
{
	const struct page_head *page;

	if (!read_page(check, number, depth, &page))
		return false;
	if (page->flags != (depth + 1 == tree->told.depth ? PAGE_LEAF : PAGE_BRANCH))
		return damaged(check, number, "not the kind of page that it should be");
	if (!is_packed(check, page))
		return damaged(check, number, "broken nodes");
	return page->flags == PAGE_LEAF ? walk_leaf(check, tree, page)
					: walk_branch(check, tree, page, depth);
}

/* Walks a tree and compares what is in it with what is told of it. */
static bool
walk_database(struct check *check, const struct database *told, see_value *see, uint8_t rank)
{
	struct tree tree = {.told = *told, .see = see, .rank = rank};

	if ((told->flags & FLAGS_MASK) != FLAGS_INTEGER || told->depth > MAX_DEPTH)
		return fail(check, SPOOL_DAMAGED, "a database is not of its type");
	if (told->root == NO_PAGE)
		return told->depth == 0 && told->entries == 0 && told->leaves == 0 &&
				       told->branches == 0 && told->overflows == 0
			       ? true
			       : fail(check, SPOOL_DAMAGED, "a database has lost its pages");
	if (told->depth == 0)
		return fail(check, SPOOL_DAMAGED, "a database has no depth");
	if (!walk(check, &tree, told->root, 0))
		return false;
	if (tree.walked.branches != told->branches || tree.walked.leaves != told->leaves ||
	    tree.walked.overflows != told->overflows || tree.walked.entries != told->entries)
		return fail(check, SPOOL_DAMAGED, "a database has not the size that is told");
	return true;
}

/* The pages that a transaction set free: their number, then each, falling. */
static bool
see_free_pages(struct check *check, struct tree *tree, const struct node *node)
{
	uint64_t n, page, before = UINT64_MAX;

	if (tree->least > check->meta.transaction || node->length < sizeof(n))
		return fail(check, SPOOL_DAMAGED, "free pages of no transaction");
	memcpy(&n, node->value, sizeof(n));
	if (n > node->length / sizeof(n) - 1)
		return fail(check, SPOOL_DAMAGED, "more free pages than are listed");
	for (uint64_t i = 1; i <= n; i++, before = page) {
		memcpy(&page, node->value + i * sizeof(page), sizeof(page));
		if (page >= before)
			return damaged(check, page, "free pages out of order");
		if (!claim(check, page, 1))
			return false;
	}
	return true;
}

static bool
see_record(struct check *check, struct tree *tree, const struct node *node)
{
	struct spool_place place = {.rank = tree->rank};

	memcpy(&place.number, node->key, sizeof(place.number));
	check->visit(check->context, place, node->value, node->length);
	return true;
}

static bool
is_named(const struct node *node, const char *name)
{
	return node->key && node->key_size == strlen(name) &&
	       memcmp(node->key, name, node->key_size) == 0;
}

static bool
check_version(struct check *check, const struct page_head *page)
{
	struct node node;
	uint32_t version;

	for (size_t i = 0; i < node_count(page); i++) {
		read_node(check, page, i, &node);
		if (!is_named(&node, SPOOL_VERSION_KEY) || node.flags != 0 ||
		    node.length != sizeof(version))
			continue;
		memcpy(&version, node.value, sizeof(version));
		if (version > SPOOL_VERSION)
			return fail(check, SPOOL_NEWER, "written by a later version");
		return version > 0 || damaged(check, page->number, "no version");
	}
	return damaged(check, page->number, "no version");
}

/* Walks the databases that the page of the main one names; each rank once, in order. */
static bool
walk_ranks(struct check *check, const struct page_head *page)
{
	struct database database;
	struct node node;
	uint8_t rank = 0;

	for (size_t i = 0; i < node_count(page); i++) {
		char name[] = SPOOL_RANK_NAME "0";

		name[sizeof(name) - 2] = (char)('0' + rank);
		read_node(check, page, i, &node);
		if (is_named(&node, SPOOL_VERSION_KEY))
			continue;
		if (!is_named(&node, name) || node.flags != NODE_DATABASE ||
		    node.length != sizeof(database))
			return damaged(check, page->number, "an unknown database");
		memcpy(&database, node.value, sizeof(database));
		if (!walk_database(check, &database, see_record, rank))
			return false;
		rank++;
	}
	return rank == SPOOL_RANKS || damaged(check, page->number, "a database is missing");
}

/* The main database is one page, read where no tree that is walked meanwhile comes. */
static bool
walk_main(struct check *check)
{
	const struct database *main = &check->meta.main;
	const struct page_head *page;

	if (main->root == NO_PAGE)
		return main->entries == 0 ||
		       fail(check, SPOOL_DAMAGED, "the main database is lost");
	if (main->depth != 1 || main->flags & FLAGS_MASK)
		return fail(check, SPOOL_DAMAGED, "the main database is not of its type");
	if (!read_page(check, main->root, MAX_DEPTH, &page))
		return false;
	if (page->flags != PAGE_LEAF || main->entries != node_count(page) ||
	    !is_packed(check, page))
		return damaged(check, main->root, "not the main database");
	return check_version(check, page) && walk_ranks(check, page);
}

static bool
read_meta(struct check *check, uint64_t number, struct meta *meta)
{
	struct page_head head;
	char bytes[sizeof(head) + sizeof(*meta)];

	if (!read_at(check, number, bytes, sizeof(bytes)))
		return false;
	memcpy(&head, bytes, sizeof(head));
	memcpy(meta, bytes + sizeof(head), sizeof(*meta));
	if (head.number != number || head.flags != PAGE_META || meta->magic != META_MAGIC ||
	    meta->version != META_VERSION)
		return damaged(check, number, "not the file of a spool");
	return true;
}

static bool
read_metas(struct check *check, uint64_t file_size)
{
	struct meta second;
	uint32_t page_size;

	if (!read_meta(check, 0, &check->meta))
		return false;
	page_size = check->meta.free.pad;
	if (page_size < MIN_PAGE_SIZE || page_size > MAX_PAGE_SIZE || page_size & (page_size - 1))
		return damaged(check, 0, "an impossible page size");
	check->page_size = page_size;
	if (!read_meta(check, 1, &second))
		return false;
	if (second.transaction > check->meta.transaction)
		check->meta = second;
	check->file_pages = file_size / page_size;
	/* Free pages at the end need not have been written; a file of none but them is not ours. */
	if (check->meta.free.pad != page_size || check->meta.last_page < 1 ||
	    check->meta.last_page / 2 > check->file_pages)
		return damaged(check, check->meta.last_page, "an impossible last page");
	return true;
}

/* What lies behind the end of the file must be free. */
static bool
check_end(struct check *check)
{
	for (uint64_t page = check->file_pages; page <= check->meta.last_page; page++)
		if (!(check->used[page / 8] & 1U << page % 8))
			return damaged(check, page, "beyond the end of the file");
	return true;
}

enum spool_verdict
spool_check(int fd, spool_check_visit *visit, void *context, char *reason, size_t size)
{
	struct check check = {
		.fd = fd, .visit = visit, .context = context, .reason = reason, .size = size};
	struct stat file;

	if (fstat(fd, &file) < 0) {
		fail(&check, SPOOL_UNREADABLE, "%s", strerror(errno));
		return check.verdict;
	}
	if (file.st_size == 0 || !read_metas(&check, (uint64_t)file.st_size))
		return check.verdict;
	check.used = calloc(check.meta.last_page / 8 + 1, 1);
	check.pages = malloc((MAX_DEPTH + 1) * check.page_size);
	if (!check.used || !check.pages)
		fail(&check, SPOOL_UNREADABLE, "no memory");
	else if (walk_database(&check, &check.meta.free, see_free_pages, 0) && walk_main(&check))
		check_end(&check);
	free(check.used);
	free(check.pages);
	free(check.big);
	return check.verdict;
}
