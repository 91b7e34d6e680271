/* fault_point.h - places where a test lets a process die or stand still, to see what that leaves behind.
 * Compiled in only by make V=fault; any other build has no trace of them. */
#ifndef LIB_BASE_FAULT_POINT_H
#define LIB_BASE_FAULT_POINT_H

#ifdef FAULT_POINTS
#include <stddef.h>

/* Die by SIGKILL when the environment's MAILCERT_DIE_AT names this point; stand still, once, until SIGCONT
 * when MAILCERT_STOP_AT does. */
void fault_point(const char *name);
/* Turn a bit of what was built when MAILCERT_BEND_AT names the point: as a bug of the builder would. */
void fault_bend(const char *name, unsigned char *bytes, size_t len);
#else
#define fault_point(name)            ((void)0)
#define fault_bend(name, bytes, len) ((void)0)
#endif

#endif
