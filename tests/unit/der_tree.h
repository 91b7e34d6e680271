/* der_tree.h - DER as a tree that tests can bend and write out again; it trusts its input and shares no code
 * with lib.
 *
 * Everything is static, as each test is one program. Extension values (OCTET STRINGs in Extensions) are
 * opened, so that a path can lead into them.
 */
#ifndef TESTS_UNIT_DER_TREE_H
#define TESTS_UNIT_DER_TREE_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/text.h"

#define TREE_SHARED   __attribute__((unused)) static
#define TREE_CHILDREN 48

struct node {
	unsigned char tag; /* of no meaning when raw */
	bool raw;          /* bytes are written as they are, without a header */
	bool open;         /* has children; else bytes */
	unsigned char *bytes;
	size_t len;
	struct node *children[TREE_CHILDREN];
	size_t count;
};

TREE_SHARED struct node *node_new(unsigned char tag, const void *bytes, size_t len)
{
	struct node *n = calloc(1, sizeof(*n));

	if (n == NULL || (n->bytes = malloc(len + 1)) == NULL)
		abort();
	n->tag = tag;
	if (len > 0)
		memcpy(n->bytes, bytes, len);
	n->len = len;
	return n;
}

TREE_SHARED void node_free(struct node *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->count; i++)
		node_free(n->children[i]);
	free(n->bytes);
	free(n);
}

/* Read one value at *p and move behind it. */
TREE_SHARED struct node *node_parse(const unsigned char **p)
{
	unsigned char tag = *(*p)++;
	size_t len = *(*p)++;
	struct node *n;
	const unsigned char *end;

	if (len > 0x80) {
		size_t octets = len & 0x7f;

		for (len = 0; octets > 0; octets--)
			len = len << 8 | *(*p)++;
	}
	n = node_new(tag, *p, len);
	end = *p + len;
	n->open = (tag & 0x20) != 0;
	while (n->open && *p < end && n->count < TREE_CHILDREN)
		n->children[n->count++] = node_parse(p);
	*p = end;
	return n;
}

/* Open an OCTET STRING that holds one value. */
TREE_SHARED void node_unwrap(struct node *n)
{
	const unsigned char *p = n->bytes;

	n->open = true;
	n->children[n->count++] = node_parse(&p);
}

TREE_SHARED void node_write(const struct node *n, struct buf *out)
{
	struct buf inner = {0};
	unsigned char head[6];
	size_t used = 0;

	if (n->raw) {
		buf_add(out, n->bytes, n->len);
		return;
	}
	if (!n->open)
		buf_add(&inner, n->bytes, n->len);
	for (size_t i = 0; n->open && i < n->count; i++)
		node_write(n->children[i], &inner);
	head[used++] = n->tag;
	if (inner.len < 0x80) {
		head[used++] = (unsigned char)inner.len;
	} else if (inner.len < 0x100) {
		head[used++] = 0x81;
		head[used++] = (unsigned char)inner.len;
	} else {
		head[used++] = 0x82;
		head[used++] = (unsigned char)(inner.len >> 8);
		head[used++] = (unsigned char)inner.len;
	}
	buf_add(out, head, used);
	buf_add(out, inner.data, inner.len);
	buf_free(&inner);
}

TREE_SHARED struct node *node_copy(const struct node *n)
{
	struct node *copy = node_new(n->tag, n->bytes, n->len);

	copy->raw = n->raw;
	copy->open = n->open;
	for (size_t i = 0; i < n->count; i++)
		copy->children[copy->count++] = node_copy(n->children[i]);
	return copy;
}

TREE_SHARED void node_insert(struct node *parent, size_t at, struct node *child)
{
	if (parent->count == TREE_CHILDREN || at > parent->count)
		abort();
	memmove(&parent->children[at + 1], &parent->children[at], (parent->count - at) * sizeof(child));
	parent->children[at] = child;
	parent->count++;
}

TREE_SHARED void node_remove(struct node *parent, size_t at)
{
	if (at >= parent->count)
		abort();
	node_free(parent->children[at]);
	parent->count--;
	memmove(&parent->children[at], &parent->children[at + 1],
	    (parent->count - at) * sizeof(parent->children[0]));
}

#endif
