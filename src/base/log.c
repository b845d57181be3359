/* SPDX-License-Identifier: Apache-2.0 */
/* The log's one back end; its state is the process's, like standard error and syslog themselves. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

static struct {
    bool foreground;
    bool debug;
} log_state = {.foreground = true};

static const char *const level_names[] = {
    [LOG_ERR] = "error",
    [LOG_WARNING] = "warning",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

void log_open(const char *program, bool foreground, bool debug)
{
    log_state.foreground = foreground;
    log_state.debug = debug;
    if (!foreground)
        openlog(program, LOG_PID, LOG_DAEMON);
}

__attribute__((format(printf, 3, 0))) static void emit(int level, const char *token, const char *format, va_list args)
{
    char line[1024];

    vsnprintf(line, sizeof(line), format, args);
    for (char *c = line; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    if (log_state.foreground)
        fprintf(stderr, "%s %s: %s\n", level_names[level], token, line);
    else
        syslog(level, "%s: %s", token, line);
}

void log_error(const char *token, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(LOG_ERR, token, format, args);
    va_end(args);
}

void log_warning(const char *token, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(LOG_WARNING, token, format, args);
    va_end(args);
}

void log_info(const char *token, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    emit(LOG_INFO, token, format, args);
    va_end(args);
}

void log_debug(const char *token, const char *format, ...)
{
    va_list args;

    if (!log_state.debug)
        return;
    va_start(args, format);
    emit(LOG_DEBUG, token, format, args);
    va_end(args);
}
