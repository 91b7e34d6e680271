/* fault.h - tests only (make V=fault): the database fails when a test says so.
 *
 * The environment's MAILCERT_DB_FAULTS names a folder, shared by all processes of a stack. Its file "plan"
 * holds what befalls each statement, attempt by attempt: words such as "1213-before", "2013-after" (an error
 * number of MariaDB, and whether the statement then took effect) or "none", with an optional "NAME:" in front
 * for one statement alone. Behind its last word a statement goes its way. The file NAME beside it counts that
 * statement's attempts by its length, so it tells too what ran at all. In every other build these are
 * nothing.
 */
#ifndef LIB_DB_FAULT_H
#define LIB_DB_FAULT_H

enum fault_moment { MOMENT_NEVER, MOMENT_BEFORE, MOMENT_AFTER };

struct fault_plan {
	unsigned number; /* the error to report */
	enum fault_moment moment;
};

#ifdef FAULT_POINTS
/* What is to befall this attempt of a statement; counts it. */
struct fault_plan fault_plan(const char *name);
#else
static inline struct fault_plan fault_plan(const char *name)
{
	(void)name;
	return (struct fault_plan){0, MOMENT_NEVER};
}
#endif

#endif
