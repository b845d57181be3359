/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and certificates of chosen dates in an agent's store: real files, and the rows that refer to them. */
#ifndef DEVSEC_TESTS_KEY_FIXTURE_H
#define DEVSEC_TESTS_KEY_FIXTURE_H

#include "agent_fixture.h"
#include "ca_fixture.h"

/* One row of the keys to be; what is left zero is not there, or the default in parentheses. */
struct key_spec {
    unsigned slot;
    const char *name;      /* ("Key N") */
    EVP_PKEY *key;         /* (key_fixture_key) */
    X509 *certificate;     /* a borrowed one; (none, and so is `chain`) */
    STACK_OF(X509) *chain; /* borrowed: its intermediates */
    const char *request;   /* the common name of a request (none) */
    const char *told;
    const char *reserved;
};

/* The P-256 key that all keys of a program share; freed by key_fixture_end. */
EVP_PKEY *key_fixture_key(void);
void key_fixture_end(void);

/* A self-signed certificate of that key that ends `left` seconds from now. It began two years before. */
X509 *key_fixture_certificate(const char *common_name, time_t left);

/* Commits the rows, one generation, in place of those of the same slots, and has the agent follow. */
void key_fixture_put(struct fixture *fixture, const struct key_spec *specs, size_t count);

/* The same for one slot: a certificate that ends `left` seconds from now, `told` may be NULL. */
void key_fixture_put_ending(struct fixture *fixture, unsigned slot, time_t left, const char *told);

/* Puts a certificate among the trusted. */
void key_fixture_trust(struct fixture *fixture, unsigned index, X509 *certificate);

/* Assigns a slot to a use ("tls"), 0 takes it away. */
void key_fixture_use(struct fixture *fixture, const char *use, unsigned slot);

/* Ends the agent and starts it again on the same folder; `registered` stays what it is. */
void key_fixture_restart(struct fixture *fixture);

/* The column `told` of a slot, as the document in force has it; "" for none. */
const char *key_fixture_told(const struct fixture *fixture, unsigned slot);

#endif
