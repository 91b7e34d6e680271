/* cage.c - the signer's seccomp filter; see cage.h.
 *
 * The list is of groups, not of what one run was seen to use: the C library, OpenSSL, libunbound and PKCS #11
 * modules choose among calls that do the same, and choose differently after an update. What is left out
 * counts: programs, processes, other processes' memory, mounts, modules, keyrings, users, namespaces,
 * io_uring, bpf, perf, userfaultfd.
 */
#include "tools/signer/cage.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "lib/base/err.h"

static const char *const allowed[] = {
    /* files: token, block list, CRLs, DNS anchor */
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "open", "openat", "close",
    "close_range", "stat", "fstat", "lstat", "newfstatat", "statx", "statfs", "fstatfs", "lseek", "fcntl",
    "flock", "fsync", "fdatasync", "ftruncate", "fallocate", "rename", "renameat", "renameat2", "link",
    "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "chmod", "fchmod", "fchmodat", "umask",
    "getdents64", "getcwd", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "utimensat", "dup",
    "dup2", "dup3", "pipe", "pipe2", "eventfd2", "ioctl",
    /* memory */
    "brk", "munmap", "mremap", "madvise", "mlock", "mlock2", "munlock", "mlockall", "munlockall", "msync",
    "mincore",
    /* sockets, other than making one */
    "connect", "bind", "listen", "accept", "accept4", "getsockname", "getpeername", "getsockopt",
    "setsockopt", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg", "shutdown", "poll",
    "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    "epoll_pwait2",
    /* threads, and ending */
    "futex", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "gettid", "tgkill", "exit",
    "exit_group", "sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "membarrier",
    "arch_prctl",
    /* signals */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "rt_sigsuspend", "sigaltstack",
    "restart_syscall",
    /* time */
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "alarm",
    "setitimer", "getitimer", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    /* what a process asks about itself and its host */
    "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getresuid", "getresgid",
    "getpgrp", "getrandom", "getrlimit", "prlimit64", "getrusage", "uname", "sysinfo", "getcpu"};

/* What no accident asks for. */
static const char *const deadly[] = {"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv",
    "process_vm_writev", "init_module", "finit_module", "kexec_load", "bpf", "mount", "pivot_root", "setns",
    "unshare"};

/* A rule for a call by its name; a name that this machine's kernel interface does not have needs none. */
static int call_rule(scmp_filter_ctx c, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(c, action, number, 0);
}

static int calls_rule(scmp_filter_ctx c, uint32_t action, const char *const *names, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = call_rule(c, action, names[i]);
	return rc;
}

static int sockets_rule(scmp_filter_ctx c)
{
	static const int families[] = {
	    AF_UNIX, AF_INET, AF_INET6, AF_NETLINK /* addresses of this host, for names */};
	int rc = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]) && rc == 0; i++)
		rc = seccomp_rule_add(
		    c, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	if (rc == 0)
		rc = seccomp_rule_add(
		    c, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)AF_UNIX));
	return rc;
}

/* Memory is writable or executable, never both, and never executable later. */
static int memory_rule(scmp_filter_ctx c)
{
	int rc =
	    seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (rc == 0)
		rc = seccomp_rule_add(
		    c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE, 0));
	if (rc == 0)
		rc = seccomp_rule_add(
		    c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return rc;
}

/* Threads, but no processes. The flags of clone3() lie in memory, where no filter sees them; told that there
 * is no such call, the C library uses clone(). */
static int threads_rule(scmp_filter_ctx c)
{
	int rc = seccomp_rule_add(
	    c, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	if (rc == 0)
		rc = seccomp_rule_add(c, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	return rc == 0 ? seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) : rc;
}

static int cage_build(scmp_filter_ctx c)
{
	/* All threads, also those that a library made already. */
	int rc = seccomp_attr_set(c, SCMP_FLTATR_CTL_TSYNC, 1);

	if (rc == 0)
		rc = calls_rule(c, SCMP_ACT_ALLOW, allowed, sizeof(allowed) / sizeof(allowed[0]));
	if (rc == 0)
		rc = calls_rule(c, SCMP_ACT_KILL_PROCESS, deadly, sizeof(deadly) / sizeof(deadly[0]));
	if (rc == 0)
		rc = sockets_rule(c);
	if (rc == 0)
		rc = memory_rule(c);
	return rc == 0 ? threads_rule(c) : rc;
}

int cage_enter(struct err *e)
{
#ifdef __SANITIZE_ADDRESS__
	(void)e;
	(void)cage_build;
	return 0;
#else
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = c == NULL ? -ENOMEM : cage_build(c);

	if (rc == 0)
		rc = seccomp_load(c);
	seccomp_release(c);
	return rc == 0 ? 0 : err_set(e, FAULT_internal, "cage: seccomp: %s", strerror(-rc));
#endif
}
