/* mail_host.h - has a domain a mail server at all? A hint for the person who typed an address, never a wall.
 */
#ifndef LIB_FLOW_MAIL_HOST_H
#define LIB_FLOW_MAIL_HOST_H

struct conf;

enum mail_host { MAIL_HOST_UNKNOWN, MAIL_HOST_THERE, MAIL_HOST_NONE };

/* Ask DNS for the domain (A-labels): MX, else an address (RFC 5321 5.1); a null MX (RFC 7505) is none. By
 * Dns.Stub, else by the system's resolver. Waits at most about four seconds; no answer is MAIL_HOST_UNKNOWN.
 */
enum mail_host mail_host_look(const struct conf *, const char *domain);

#endif
