/* SPDX-License-Identifier: Apache-2.0 */
/* mibgen: writes the C header and the C table. The same MIB always gives the same octets. */
#include "mibgen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Indexed by the enumerations of mib_object.h. */
static const char *const kind_names[] = {
    [MIB_KIND_SCALAR] = "MIB_KIND_SCALAR",
    [MIB_KIND_TABLE] = "MIB_KIND_TABLE",
    [MIB_KIND_ENTRY] = "MIB_KIND_ENTRY",
    [MIB_KIND_COLUMN] = "MIB_KIND_COLUMN",
    [MIB_KIND_NOTIFY_ONLY] = "MIB_KIND_NOTIFY_ONLY",
};

static const char *const base_names[] = {
    [MIB_BASE_INTEGER] = "MIB_BASE_INTEGER",
    [MIB_BASE_UNSIGNED] = "MIB_BASE_UNSIGNED",
    [MIB_BASE_COUNTER32] = "MIB_BASE_COUNTER32",
    [MIB_BASE_OCTETS] = "MIB_BASE_OCTETS",
    [MIB_BASE_OID] = "MIB_BASE_OID",
};

static const char *const meaning_names[] = {
    [MIB_MEANING_PLAIN] = "MIB_MEANING_PLAIN",         [MIB_MEANING_ENUM] = "MIB_MEANING_ENUM",
    [MIB_MEANING_BITS] = "MIB_MEANING_BITS",           [MIB_MEANING_TRUTH] = "MIB_MEANING_TRUTH",
    [MIB_MEANING_TEXT] = "MIB_MEANING_TEXT",           [MIB_MEANING_DATE] = "MIB_MEANING_DATE",
    [MIB_MEANING_TEST_INCR] = "MIB_MEANING_TEST_INCR", [MIB_MEANING_ROW_STATUS] = "MIB_MEANING_ROW_STATUS",
};

static const char *const access_names[] = {
    [MIB_ACCESS_NONE] = "MIB_ACCESS_NONE",
    [MIB_ACCESS_FOR_NOTIFY] = "MIB_ACCESS_FOR_NOTIFY",
    [MIB_ACCESS_READ_ONLY] = "MIB_ACCESS_READ_ONLY",
    [MIB_ACCESS_READ_WRITE] = "MIB_ACCESS_READ_WRITE",
    [MIB_ACCESS_READ_CREATE] = "MIB_ACCESS_READ_CREATE",
};

static void put_head(FILE *out, const char *what)
{
    fprintf(out,
            "/* SPDX-License-Identifier: Apache-2.0 */\n"
            "/* %s of " MIBGEN_MODULE "; written by mibgen, changed only there. */\n"
            "/* clang-format off */\n",
            what);
}

static void put_oid(FILE *out, const uint32_t *oid, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        fprintf(out, "%s%" PRIu32, i == 0 ? "{" : ", ", oid[i]);
    }
    fputc('}', out);
}

/* An array named after its owner, or nothing when it would be empty. */
static void put_oid_array(FILE *out, const char *name, const uint32_t *oid, size_t length)
{
    fprintf(out, "static const uint32_t oid_%s[] = ", name);
    put_oid(out, oid, length);
    fputs(";\n", out);
}

static void put_id_array(FILE *out, const char *prefix, const char *name, const struct model_list *list)
{
    if (list->count == 0) {
        return;
    }
    fprintf(out, "static const int %s_%s[] = ", prefix, name);
    for (size_t i = 0; i < list->count; i++) {
        fprintf(out, "%sMIB_%s", i == 0 ? "{" : ", ", list->names[i]);
    }
    fputs("};\n", out);
}

/* A pointer member that `count` goes with. */
static void put_array_member(FILE *out, const char *prefix, const char *name, size_t count)
{
    if (count == 0) {
        fputs("NULL, 0", out);
    } else {
        fprintf(out, "%s_%s, %zu", prefix, name, count);
    }
}

static void put_string(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char octet = (unsigned char)*text;

        if (octet < 0x20 || octet > 0x7e || octet == '"' || octet == '\\' || octet == '?') {
            fprintf(out, "\\%03o", octet);
        } else {
            fputc(octet, out);
        }
    }
    fputc('"', out);
}

/* Half a file must not be left behind for the build to take as made; a device that stands in its place must. */
static bool finish(FILE *out, const char *path)
{
    struct stat status = {0};
    bool regular = fstat(fileno(out), &status) == 0 && S_ISREG(status.st_mode);
    bool good = fflush(out) == 0 && ferror(out) == 0;
    int reason = errno;

    if (fclose(out) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (!good) {
        fprintf(stderr, "mibgen: %s: cannot write: %s\n", path, strerror(reason));
    }
    if (!good && regular) {
        (void)remove(path);
    }
    return good;
}

static FILE *start(const char *path)
{
    FILE *out = fopen(path, "w");

    if (out == NULL) {
        fprintf(stderr, "mibgen: %s: cannot write: %s\n", path, strerror(errno));
    }
    return out;
}

static void put_label_enum(FILE *out, const struct model_object *object)
{
    if (object->meaning != MIB_MEANING_ENUM && object->meaning != MIB_MEANING_BITS) {
        return;
    }
    fprintf(out, "\n%senum mib_%s {\n", object->meaning == MIB_MEANING_BITS ? "/* bit positions */\n" : "",
            object->name);
    for (size_t i = 0; i < object->n_labels; i++) {
        fprintf(out, "    MIB_%s_%s = %" PRIu32 ",\n", object->name, object->labels[i].name, object->labels[i].value);
    }
    fputs("};\n", out);
}

bool mibgen_write_header(const struct model *model, const char *path)
{
    FILE *out = start(path);

    if (out == NULL) {
        return false;
    }
    put_head(out, "The names, in numbers,");
    fputs("#ifndef DEVSEC_MIB_H\n#define DEVSEC_MIB_H\n\n#include \"mib_object.h\"\n\n#define DEVSEC_MIB_ROOT ", out);
    put_oid(out, model->root, model->root_len);
    fputs("\n\n/* Indexes mib_objects. */\nenum mib_id {\n", out);
    for (size_t i = 0; i < model->n_objects; i++) {
        fprintf(out, "    MIB_%s,\n", model->objects[i].name);
    }
    fputs("    MIB_OBJECT_COUNT\n};\n\n/* Indexes mib_notifications. */\nenum mib_notification_id {\n", out);
    for (size_t i = 0; i < model->n_notifications; i++) {
        fprintf(out, "    MIB_NOTIFICATION_%s,\n", model->notifications[i].name);
    }
    fputs("    MIB_NOTIFICATION_COUNT\n};\n", out);
    for (size_t i = 0; i < model->n_objects; i++) {
        put_label_enum(out, &model->objects[i]);
    }
    fputs("\n#endif\n", out);
    return finish(out, path);
}

static void put_arrays(FILE *out, const struct model_object *object)
{
    put_oid_array(out, object->name, object->oid, object->oid_len);
    for (size_t i = 0; i < object->n_ranges; i++) {
        if (i == 0) {
            fprintf(out, "static const struct mib_range ranges_%s[] = {", object->name);
        }
        fprintf(out, "%s{%" PRId64 ", %" PRId64 "}%s", i == 0 ? "" : ", ", object->ranges[i].low,
                object->ranges[i].high, i + 1 == object->n_ranges ? "};\n" : "");
    }
    for (size_t i = 0; i < object->n_labels; i++) {
        if (i == 0) {
            fprintf(out, "static const struct mib_label labels_%s[] = {", object->name);
        }
        fprintf(out, "%s{\"%s\", %" PRIu32 "}%s", i == 0 ? "" : ", ", object->labels[i].name, object->labels[i].value,
                i + 1 == object->n_labels ? "};\n" : "");
    }
    put_id_array(out, "index", object->name, &object->index);
}

static void put_object(FILE *out, const struct model *model, const struct model_object *object)
{
    fprintf(out, "    [MIB_%s] = {\"%s\", oid_%s, %zu, %s, %s, %s, %s,\n        ", object->name, object->name,
            object->name, object->oid_len, kind_names[object->kind], base_names[object->base],
            meaning_names[object->meaning], access_names[object->access]);
    put_array_member(out, "ranges", object->name, object->n_ranges);
    fputs(", ", out);
    put_array_member(out, "labels", object->name, object->n_labels);
    fputs(", ", out);
    if (object->has_defval) {
        put_string(out, object->defval);
    } else {
        fputs("NULL", out);
    }
    if (object->entry < 0) {
        fputs(", -1, ", out);
    } else {
        fprintf(out, ", MIB_%s, ", model->objects[object->entry].name);
    }
    put_array_member(out, "index", object->name, object->index.count);
    fputs("},\n", out);
}

static void put_notifications(FILE *out, const struct model *model)
{
    for (size_t i = 0; i < model->n_notifications; i++) {
        const struct model_notification *notification = &model->notifications[i];

        put_oid_array(out, notification->name, notification->oid, notification->oid_len);
        put_id_array(out, "objects", notification->name, &notification->objects);
    }
    fputs("\nconst struct mib_notification mib_notifications[] = {\n", out);
    for (size_t i = 0; i < model->n_notifications; i++) {
        const struct model_notification *notification = &model->notifications[i];

        fprintf(out, "    [MIB_NOTIFICATION_%s] = {\"%s\", oid_%s, %zu, ", notification->name, notification->name,
                notification->name, notification->oid_len);
        put_array_member(out, "objects", notification->name, notification->objects.count);
        fputs("},\n", out);
    }
    fputs("};\nconst size_t mib_notification_count = MIB_NOTIFICATION_COUNT;\n", out);
}

bool mibgen_write_source(const struct model *model, const char *path)
{
    FILE *out = start(path);

    if (out == NULL) {
        return false;
    }
    put_head(out, "The objects and notifications");
    fputs("#include \"devsec_mib.h\"\n\nconst uint32_t mib_root[] = DEVSEC_MIB_ROOT;\n"
          "const size_t mib_root_len = sizeof mib_root / sizeof mib_root[0];\n\n",
          out);
    for (size_t i = 0; i < model->n_objects; i++) {
        put_arrays(out, &model->objects[i]);
    }
    fputs("\nconst struct mib_object mib_objects[] = {\n", out);
    for (size_t i = 0; i < model->n_objects; i++) {
        put_object(out, model, &model->objects[i]);
    }
    fputs("};\nconst size_t mib_object_count = MIB_OBJECT_COUNT;\n\n", out);
    put_notifications(out, model);
    return finish(out, path);
}
