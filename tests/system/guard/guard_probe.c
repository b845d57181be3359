/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devsecd's end of the announcement as a program, for tests against a real snmpd.
 *
 *     guard_probe SOCKET PID
 *
 * Prints "open" and the counters, or the error; then, for each line of input, "alive" or "gone" and the counters.
 */
#include "guard/guard_link.h"

#include <stdio.h>
#include <stdlib.h>

static void probe_print(const char *word, const struct guard_link *link)
{
    printf("%s %u %u %u\n", word, guard_link_denied(link, ANNOUNCE_DENIED_V1V2C),
           guard_link_denied(link, ANNOUNCE_DENIED_NO_AUTH), guard_link_denied(link, ANNOUNCE_DENIED_AUTH_NO_PRIV));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct devsec_error error = {0};
    struct guard_link *link = NULL;
    char line[16];

    if (argc != 3)
        return 2;
    if (guard_link_open(&link, argv[1], (pid_t)atoi(argv[2]), &error) != DEVSEC_OK) {
        printf("%d %s\n", (int)error.code, error.text);
        return 1;
    }
    probe_print("open", link);
    while (fgets(line, sizeof(line), stdin))
        probe_print(guard_link_alive(link) ? "alive" : "gone", link);
    guard_link_close(link);
    return 0;
}
