/* SPDX-License-Identifier: Apache-2.0 */
/* The completion scripts as they are built in: text with @NAME@ where a list goes. Ends in NUL. */
#ifndef DEVSEC_CLI_COMPLETION_H
#define DEVSEC_CLI_COMPLETION_H

extern const char completion_bash[];
extern const char completion_zsh[];

#endif
