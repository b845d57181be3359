/* SPDX-License-Identifier: Apache-2.0 */
/* mibgen: reads the MIB with libsnmp's parser and lays its objects and notifications out in OID order. */
#include "mibgen.h"

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/mib_api.h>
#include <net-snmp/net-snmp-includes.h>

#include <stdlib.h>
#include <string.h>

/* Whatever libsnmp's parser has to say about the module or its imports means that the result cannot be trusted. */
static int on_parser_message(int major, int minor, void *message, void *context)
{
    struct model *model = context;
    const struct snmp_log_message *log = message;
    int length = (int)strcspn(log->msg, "\n");

    (void)major;
    (void)minor;
    mibgen_complain(model, "%.*s", length, log->msg);
    return SNMPERR_SUCCESS;
}

/*
 * netsnmp_init_mib() and init_snmp() are what reads MIBS, MIBDIRS, MIBFILES and snmp.conf; the parser works without
 * them. The search path is set all the same, because its "Cannot find module" message asks for it.
 */
static bool parse_module(struct model *model, const char *base_dir)
{
    unsigned before = model->complaints;

    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
    snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_parser_message, model);
    netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_MIBDIRS, base_dir);
    snmp_set_mib_errors(1);
    snmp_set_mib_warnings(0);
    snmp_set_save_descriptions(0);

    netsnmp_init_mib_internals();
    if (add_mibdir(base_dir) <= 0) {
        mibgen_complain(model, "no MIB modules in %s: run scripts/bootstrap", base_dir);
        return false;
    }
    if (read_mib(model->path) == NULL || which_module(MIBGEN_MODULE) < 0) {
        mibgen_complain(model, "does not define the module " MIBGEN_MODULE);
        return false;
    }
    if (get_mib_parse_error_count() != 0 && model->complaints == before) {
        mibgen_complain(model, "libsnmp found %d errors", get_mib_parse_error_count());
    }
    return model->complaints == before;
}

static const struct tree *find_identity(const struct tree *node, int module)
{
    for (; node != NULL; node = node->next_peer) {
        const struct tree *found = node;

        if (node->modid != module || node->type != TYPE_MODID) {
            found = find_identity(node->child_list, module);
        }
        if (found != NULL) {
            return found;
        }
    }
    return NULL;
}

/* The arcs from below `top` (NULL: from the very root) down to `node`; false when there are too many. */
static bool node_oid(const struct tree *node, const struct tree *top, uint32_t *oid, size_t *length)
{
    size_t depth = 0;

    for (const struct tree *at = node; at != NULL && at != top; at = at->parent) {
        depth++;
    }
    if (depth > MIBGEN_OID_MAX) {
        return false;
    }
    *length = depth;
    for (const struct tree *at = node; at != NULL && at != top; at = at->parent) {
        oid[--depth] = (uint32_t)at->subid;
    }
    return true;
}

static bool list_add(struct model_list *list, const char *name)
{
    if (list->count == MIBGEN_LIST_MAX) {
        return false;
    }
    list->names[list->count++] = name;
    return true;
}

static void read_notification(struct model *model, const struct tree *root, const struct tree *node)
{
    struct model_notification *notification = &model->notifications[model->n_notifications];

    if (model->n_notifications == MIBGEN_NOTIFICATIONS_MAX) {
        mibgen_complain(model, "%s: more than %d notifications", node->label, MIBGEN_NOTIFICATIONS_MAX);
        return;
    }
    model->n_notifications++;
    notification->name = node->label;
    if (!node_oid(node, root, notification->oid, &notification->oid_len)) {
        mibgen_complain(model, "%s: more than %d arcs", node->label, MIBGEN_OID_MAX);
    }
    for (const struct varbind_list *bind = node->varbinds; bind != NULL; bind = bind->next) {
        if (!list_add(&notification->objects, bind->vblabel)) {
            mibgen_complain(model, "%s: more than %d OBJECTS", node->label, MIBGEN_LIST_MAX);
            return;
        }
    }
}

static void read_object(struct model *model, const struct tree *root, const struct tree *node)
{
    struct model_object *object = &model->objects[model->n_objects];

    if (model->n_objects == MIBGEN_OBJECTS_MAX) {
        mibgen_complain(model, "%s: more than %d objects", node->label, MIBGEN_OBJECTS_MAX);
        return;
    }
    model->n_objects++;
    object->node = node;
    object->name = node->label;
    object->augments = node->augments;
    object->entry = -1;
    if (!node_oid(node, root, object->oid, &object->oid_len)) {
        mibgen_complain(model, "%s: more than %d arcs", node->label, MIBGEN_OID_MAX);
    }
    for (const struct index_list *index = node->indexes; index != NULL; index = index->next) {
        if (index->isimplied) {
            mibgen_complain(model, "%s: IMPLIED indexes are not supported", node->label);
        }
        if (!list_add(&object->index, index->ilabel)) {
            mibgen_complain(model, "%s: more than %d indexes", node->label, MIBGEN_LIST_MAX);
            return;
        }
    }
    mibgen_read_syntax(model, object);
}

/* An OBJECT-TYPE is told from a plain OBJECT IDENTIFIER by its MAX-ACCESS. */
static void read_nodes(struct model *model, const struct tree *root, const struct tree *node)
{
    for (; node != NULL; node = node->next_peer) {
        if (node->type == TYPE_NOTIFTYPE) {
            read_notification(model, root, node);
        } else if (node->access != 0) {
            read_object(model, root, node);
        }
        read_nodes(model, root, node->child_list);
    }
}

static int compare_oids(const uint32_t *a, size_t a_len, const uint32_t *b, size_t b_len)
{
    for (size_t i = 0; i < a_len && i < b_len; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return (a_len > b_len) - (a_len < b_len);
}

static int compare_objects(const void *a, const void *b)
{
    const struct model_object *left = a;
    const struct model_object *right = b;

    return compare_oids(left->oid, left->oid_len, right->oid, right->oid_len);
}

static int compare_notifications(const void *a, const void *b)
{
    const struct model_notification *left = a;
    const struct model_notification *right = b;

    return compare_oids(left->oid, left->oid_len, right->oid, right->oid_len);
}

static void resolve_list(struct model *model, const char *owner, struct model_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        list->ids[i] = mibgen_find(model, list->names[i]);
        if (list->ids[i] < 0) {
            mibgen_complain(model, "%s names %s, which is no object of this module", owner, list->names[i]);
        }
    }
}

/* Names become places in the sorted arrays; an entry that augments another takes over its index. */
static void resolve(struct model *model)
{
    for (size_t i = 0; i < model->n_objects; i++) {
        struct model_object *object = &model->objects[i];
        int base = object->augments == NULL ? -1 : mibgen_find(model, object->augments);

        if (object->augments != NULL && base < 0) {
            mibgen_complain(model, "%s augments %s, which is no entry of this module", object->name, object->augments);
        } else if (base >= 0) {
            object->index = model->objects[base].index;
        }
        resolve_list(model, object->name, &object->index);
        if (object->kind == MIB_KIND_ENTRY || object->kind == MIB_KIND_COLUMN) {
            object->entry = mibgen_find(model, object->node->parent->label);
        }
    }
    for (size_t i = 0; i < model->n_notifications; i++) {
        resolve_list(model, model->notifications[i].name, &model->notifications[i].objects);
    }
}

void mibgen_read(struct model *model, const char *base_dir)
{
    const struct tree *root = NULL;

    if (!parse_module(model, base_dir)) {
        return;
    }
    root = find_identity(get_tree_head(), which_module(MIBGEN_MODULE));
    if (root == NULL || !node_oid(root, NULL, model->root, &model->root_len)) {
        mibgen_complain(model, "no MODULE-IDENTITY with an OID below iso");
        return;
    }
    read_nodes(model, root, root->child_list);
    qsort(model->objects, model->n_objects, sizeof model->objects[0], compare_objects);
    qsort(model->notifications, model->n_notifications, sizeof model->notifications[0], compare_notifications);
    resolve(model);
}

void mibgen_unload(void)
{
    /* clear_callback() would free the context, which is the model. */
    snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, on_parser_message, NULL, 0);
    shutdown_mib();
    netsnmp_ds_shutdown();
    clear_callback();
    shutdown_snmp_logging();
}
