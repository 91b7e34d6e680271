/* cage.h - what the signer's process may still ask of the kernel once everything is open. */
#ifndef TOOLS_SIGNER_CAGE_H
#define TOOLS_SIGNER_CAGE_H

struct err;

/* Give up, for good and for all threads, every system call but those that issuing takes (seccomp(2)): files,
 * memory, time, threads, and sockets of the UNIX and Internet families. Any other is answered EPERM; one that
 * starts a program, makes a process or looks into another one ends the signer. No memory becomes executable
 * that was writable. Called last before serving. FAULT_internal when the kernel has no seccomp: an uncaged
 * signer must not run. A build with AddressSanitizer, whose own work needs more, is not caged. */
int cage_enter(struct err *e);

#endif
