/* commits.c - how many durable commits a second a MariaDB gives: what every step that is kept is measured
 * against.
 *
 * Usage: commits SOCKET CONNECTIONS SECONDS; as the database's root by its socket. Each connection inserts
 * rows one by one, each in a transaction of its own, into a table that it drops at the end. Prints the
 * number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mysql.h>

static double seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static MYSQL *link_open(const char *socket)
{
	MYSQL *m = mysql_init(NULL);

	if (m != NULL && mysql_real_connect(m, "localhost", "root", NULL, NULL, 0, socket, 0) == NULL) {
		(void)fprintf(stderr, "commits: %s\n", mysql_error(m));
		exit(1);
	}
	return m;
}

static void run(MYSQL *m, const char *text)
{
	if (mysql_query(m, text) != 0) {
		(void)fprintf(stderr, "commits: %s\n", mysql_error(m));
		exit(1);
	}
}

/* Insert until the time is over; the number of rows goes to the pipe. */
static void insert(const char *socket, double seconds, int out)
{
	MYSQL *m = link_open(socket);
	const double end = seconds_now() + seconds;
	long n = 0;

	while (seconds_now() < end) {
		run(m, "INSERT INTO bench_commits.t (filler) VALUES (REPEAT('x', 200))");
		n++;
	}
	mysql_close(m);
	if (write(out, &n, sizeof(n)) != sizeof(n))
		_exit(1);
	_exit(0);
}

int main(int argc, char **argv)
{
	int fd[2], connections = argc > 2 ? atoi(argv[2]) : 1;
	double seconds = argc > 3 ? atof(argv[3]) : 1;
	long n, sum = 0;
	MYSQL *m;

	if (argc < 2 || pipe(fd) != 0)
		return 2;
	m = link_open(argv[1]);
	run(m, "CREATE DATABASE IF NOT EXISTS bench_commits");
	run(m, "CREATE OR REPLACE TABLE bench_commits.t (id BIGINT AUTO_INCREMENT PRIMARY KEY, filler "
	       "VARCHAR(200)) "
	       "ENGINE=InnoDB");
	for (int i = 0; i < connections; i++)
		if (fork() == 0)
			insert(argv[1], seconds, fd[1]);
	for (int i = 0; i < connections; i++) {
		if (read(fd[0], &n, sizeof(n)) == sizeof(n))
			sum += n;
	}
	while (wait(NULL) > 0) {
	}
	run(m, "DROP DATABASE bench_commits");
	mysql_close(m);
	(void)printf("%.0f\n", (double)sum / seconds);
	return 0;
}
