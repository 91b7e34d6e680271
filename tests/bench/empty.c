/* empty.c - the least a FastCGI program can do: answer so many octets. What the worker is measured against.
 *
 * Usage: empty OCTETS; standard input is the listening FastCGI socket.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcgiapp.h>

int main(int argc, char **argv)
{
	size_t len = argc > 1 ? strtoul(argv[1], NULL, 10) : 4096;
	char *body = malloc(len + 1);
	FCGX_Request f;

	if (body == NULL)
		return 1;
	memset(body, 'x', len);
	(void)FCGX_Init();
	(void)FCGX_InitRequest(&f, 0, 0);
	while (FCGX_Accept_r(&f) == 0) {
		(void)FCGX_FPrintF(
		    f.out, "Content-Type: text/html\r\nContent-Length: %lu\r\n\r\n", (unsigned long)len);
		(void)FCGX_PutStr(body, (int)len, f.out);
		FCGX_Finish_r(&f);
	}
	free(body);
	return 0;
}
