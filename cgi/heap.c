/* heap.c - calloc() from the thread's own cache.
 *
 * Up to 2.40, glibc's calloc() passes by the cache that its malloc() and free() work from (tcache, in its
 * malloc.c). A page's data tree is hundreds of small pieces, got by ClearSilver's calloc() and freed again:
 * each was carved from the heap anew, and every larger piece made the heap gather them all first. The
 * sanitizers bring an allocator of their own. Built with -fno-builtin, or the compiler would see a calloc()
 * in this one.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HEAP_IS_ANOTHER
#endif
#endif
#if !defined(__SANITIZE_ADDRESS__) && !defined(HEAP_IS_ANOTHER)
void *calloc(size_t n, size_t size)
{
	void *piece;

	if (size != 0 && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	piece = malloc(n * size == 0 ? 1 : n * size);
	if (piece != NULL)
		memset(piece, 0, n * size);
	return piece;
}
#endif
