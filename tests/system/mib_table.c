/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the generated object table as JSON, so that the system tests cover whatever the MIB holds. */
#include "devsec_mib.h"
#include "mib_object.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const kinds[] = {
    [MIB_KIND_SCALAR] = "scalar",
    [MIB_KIND_TABLE] = "table",
    [MIB_KIND_ENTRY] = "entry",
    [MIB_KIND_COLUMN] = "column",
    [MIB_KIND_NOTIFY_ONLY] = "notify-only",
};

static const char *const bases[] = {
    [MIB_BASE_INTEGER] = "INTEGER",     [MIB_BASE_UNSIGNED] = "UNSIGNED", [MIB_BASE_COUNTER32] = "COUNTER32",
    [MIB_BASE_OCTETS] = "OCTET STRING", [MIB_BASE_OID] = "OID",
};

static const char *const meanings[] = {
    [MIB_MEANING_PLAIN] = "plain",         [MIB_MEANING_ENUM] = "enum",
    [MIB_MEANING_BITS] = "bits",           [MIB_MEANING_TRUTH] = "truth",
    [MIB_MEANING_TEXT] = "text",           [MIB_MEANING_DATE] = "date",
    [MIB_MEANING_TEST_INCR] = "test-incr", [MIB_MEANING_ROW_STATUS] = "row-status",
};

static const char *const accesses[] = {
    [MIB_ACCESS_NONE] = "not-accessible",     [MIB_ACCESS_FOR_NOTIFY] = "accessible-for-notify",
    [MIB_ACCESS_READ_ONLY] = "read-only",     [MIB_ACCESS_READ_WRITE] = "read-write",
    [MIB_ACCESS_READ_CREATE] = "read-create",
};

/* Descriptors, labels and DEFVALs are plain ASCII; only these two characters mean something to JSON. */
static void put_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('"');
}

static void put_oid(const uint32_t *oid, size_t length)
{
    printf("[");
    for (size_t i = 0; i < mib_root_len; i++)
        printf("%s%" PRIu32, i ? ", " : "", mib_root[i]);
    for (size_t i = 0; i < length; i++)
        printf(", %" PRIu32, oid[i]);
    printf("]");
}

static void put_ranges(const struct mib_object *object)
{
    printf(", \"ranges\": [");
    for (size_t i = 0; i < object->n_ranges; i++)
        printf("%s[%" PRId64 ", %" PRId64 "]", i ? ", " : "", object->ranges[i].low, object->ranges[i].high);
    printf("]");
}

static void put_labels(const struct mib_object *object)
{
    printf(", \"labels\": {");
    for (size_t i = 0; i < object->n_labels; i++) {
        printf("%s", i ? ", " : "");
        put_text(object->labels[i].name);
        printf(": %" PRIu32, object->labels[i].value);
    }
    printf("}");
}

static void put_object(const struct mib_object *object)
{
    printf("{\"name\": ");
    put_text(object->name);
    printf(", \"oid\": ");
    put_oid(object->oid, object->oid_len);
    printf(", \"kind\": \"%s\", \"base\": \"%s\"", kinds[object->kind], bases[object->base]);
    printf(", \"meaning\": \"%s\", \"access\": \"%s\"", meanings[object->meaning], accesses[object->access]);
    put_ranges(object);
    put_labels(object);
    printf(", \"defval\": ");
    if (object->defval)
        put_text(object->defval);
    else
        printf("null");
    printf("}");
}

int main(void)
{
    printf("{\"root\": ");
    put_oid(NULL, 0);
    printf(",\n \"objects\": [");
    for (size_t i = 0; i < mib_object_count; i++) {
        printf("%s\n  ", i ? "," : "");
        put_object(&mib_objects[i]);
    }
    printf("],\n \"notifications\": [");
    for (size_t i = 0; i < mib_notification_count; i++) {
        printf("%s\n  {\"name\": ", i ? "," : "");
        put_text(mib_notifications[i].name);
        printf(", \"oid\": ");
        put_oid(mib_notifications[i].oid, mib_notifications[i].oid_len);
        printf("}");
    }
    printf("]}\n");
    return 0;
}
