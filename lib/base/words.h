/* words.h - sentences with places to fill: "Your order {order} is ready".
 *
 * The sentences come from hdf/words; the values may come from outside, so a value is copied as it is and
 * never looked through for places of its own.
 */
#ifndef LIB_BASE_WORDS_H
#define LIB_BASE_WORDS_H

#include <stddef.h>

struct buf;

/* Append pattern to out, each {name} replaced by the value that stands at the same index as its name.
 * names ends with NULL; a NULL value counts as empty. A name is made of a-z, 0-9 and _; anything else in
 * braces, and a name that is not in names, is copied as it stands. Returns how many places had no value: 0 is
 * good. */
size_t words_format(
    struct buf *out, const char *pattern, const char *const names[], const char *const values[]);

#endif
