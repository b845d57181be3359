/* SPDX-License-Identifier: Apache-2.0 */
/* devsecctl, the operation panel. */
#include "base/log.h"
#include "cli.h"
#include "secret/openssl_memory.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

/*
 * A closed standard stream would lend its number to the next file opened, and what is meant for a person could end in
 * the settings document. /dev/null takes its place, opened the wrong way round, so that using it fails and is noticed.
 */
static bool occupy_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (!occupy_streams())
        return CLI_TROUBLE;
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* how wide characters are; without it, each counts as one */
    (void)openssl_memory_cleanse();       /* nothing has used OpenSSL yet, so it cannot fail */
    signal(SIGPIPE, SIG_IGN);             /* a closed pipe is reported like a full disk */
    log_open("devsecctl", false, false);
    return (int)cli_run(stdin, stdout, stderr, argc, argv);
}
