/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and requests in PEM, whole and by segments, as their files have them; see inventory.h. */
#include "pki/inventory_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By enum pki_pem - 1: which file a text is in, and in which column of the keys its name. */
static const struct {
    enum material_kind file;
    enum key_column column;
    const char *words;
} kinds[] = {
    {MATERIAL_REQUEST, KEY_REQUEST, "certificate request"},
    {MATERIAL_CERTIFICATES, KEY_CERTIFICATE, "certificate"},
    {MATERIAL_CERTIFICATES, KEY_CERTIFICATE, "certificate"},
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == PKI_PEM_CHAIN, "every kind of text has its file");

size_t inventory_pem_segments(const struct pki_slot *slot, enum pki_pem kind)
{
    return (slot->pem_length[kind - 1] + PKI_PEM_SEGMENT - 1) / PKI_PEM_SEGMENT;
}

/* The file of a text, in the cache; false when it cannot be read. */
static bool fill_cache(const struct inventory *inventory, enum material_kind kind, const char *name)
{
    struct pem_cache *cache = inventory->cache;
    char *octets = NULL;
    size_t length = 0;

    if (cache->octets && cache->kind == kind && strcmp(cache->name, name) == 0)
        return true;
    if (strlen(name) >= sizeof(cache->name) || material_get(inventory->material, kind, name, &octets, &length, NULL))
        return false;
    free(cache->octets);
    cache->octets = octets;
    cache->length = length;
    cache->kind = kind;
    snprintf(cache->name, sizeof(cache->name), "%s", name);
    return true;
}

size_t inventory_pem_read(const struct inventory *inventory, const struct pki_slot *slot, enum pki_pem kind,
                          size_t segment, unsigned char to[PKI_PEM_SEGMENT])
{
    const char *name = value_text(&slot->row[kinds[kind - 1].column]);
    const size_t length = slot->pem_length[kind - 1];
    size_t begin;
    size_t count;

    if (segment < 1 || segment > inventory_pem_segments(slot, kind))
        return 0;
    /* The length is that of the file when it was read; its name is its digest, so it is still the same. */
    if (!fill_cache(inventory, kinds[kind - 1].file, name) || inventory->cache->length < length)
        return 0;
    begin = (segment - 1) * PKI_PEM_SEGMENT;
    count = length - begin < PKI_PEM_SEGMENT ? length - begin : PKI_PEM_SEGMENT;
    memcpy(to, inventory->cache->octets + begin, count);
    return count;
}

enum devsec_err inventory_pem(const struct inventory *inventory, const struct pki_slot *slot, enum pki_pem kind,
                              char **text, size_t *length, struct pki_fault *fault)
{
    const size_t count = slot->pem_length[kind - 1];
    struct devsec_error error = {DEVSEC_OK, ""};
    char *octets = NULL;
    size_t found = 0;

    if (!count)
        return pki_fail(fault, PKI_NO_SUCH_SLOT, DEVSEC_ERR_NOT_FOUND, "slot %u has no %s%s%s", slot->slot,
                        kinds[kind - 1].words, slot->trouble ? ": " : "", slot->trouble ? slot->trouble : "");
    if (material_get(inventory->material, kinds[kind - 1].file, value_text(&slot->row[kinds[kind - 1].column]), &octets,
                     &found, &error))
        return pki_fail_as(fault, error.code == DEVSEC_ERR_MEMORY ? PKI_OUT_OF_MEMORY : PKI_DAMAGED, &error);
    octets[count] = '\0';
    *text = octets;
    *length = count;
    return DEVSEC_OK;
}
