/* paper_db.h - a database of paper for the fuzzer of requests: it answers every statement of the worker at
 * once, with rows whose contents, number and refusals follow from one number. What the database does is
 * tested with a real one; here the worker behind it shall see every state, a hundred thousand times a minute.
 */
#ifndef TESTS_FUZZ_PAPER_DB_H
#define TESTS_FUZZ_PAPER_DB_H

#include <stdbool.h>
#include <stdint.h>

/* What the next request finds; and whether it was told that the database is away, so that a 503 is right. */
void paper_db_turn(uint32_t number);
bool paper_db_was_away(void);

#endif
