/* SPDX-License-Identifier: Apache-2.0 */
/* Logging: one line an event, with a token that says which part speaks. Values of settings never go in here. */
#ifndef DEVSEC_BASE_LOG_H
#define DEVSEC_BASE_LOG_H

#include <stdbool.h>

/* Opens the log: standard error when `foreground`, syslog (LOG_DAEMON) otherwise. `debug` lets log_debug through. */
void log_open(const char *program, bool foreground, bool debug);

/* The token is the part's name: "store", "agentx", "tls", ... Control characters in the text are shown as '?'. */
void log_error(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warning(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_debug(const char *token, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
