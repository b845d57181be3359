/* SPDX-License-Identifier: Apache-2.0 */
/* devsecPemTable: requests, certificates and chains as text, in segments. */
#include "binding.h"

#include "pki/inventory.h"

/* One row: a segment of one of a slot's texts. */
struct place {
    const struct pki_slot *slot;
    enum pki_pem kind;
    size_t segment; /* from 1 */
};

static const enum pki_pem kinds[] = {PKI_PEM_REQUEST, PKI_PEM_CERTIFICATE, PKI_PEM_CHAIN};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t segments_of(const struct pki_slot *slot)
{
    size_t segments = 0;

    for (size_t k = 0; k < KINDS; k++)
        segments += inventory_pem_segments(slot, kinds[k]);
    return segments;
}

/* Each slot knows how many segments the slots before it have. */
static size_t count_segments(const struct agent *agent)
{
    const size_t slots = inventory_slots(agent->pki.inventory);
    const struct pki_slot *last = slots ? inventory_slot(agent->pki.inventory, slots - 1) : NULL;

    return last ? last->pem_before + segments_of(last) : 0;
}

/* `row` is below count_segments: the last slot that begins at or before it has it, slots without a text begin where the
 * next one does. */
static struct place find_place(const struct agent *agent, size_t row)
{
    struct place place = {NULL, PKI_PEM_CHAIN, 0};
    size_t low = 0;
    size_t high = inventory_slots(agent->pki.inventory);

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;

        if (inventory_slot(agent->pki.inventory, middle)->pem_before <= row)
            low = middle;
        else
            high = middle;
    }
    place.slot = inventory_slot(agent->pki.inventory, low);
    row -= place.slot->pem_before;
    for (size_t k = 0; k < KINDS; k++) {
        const size_t segments = inventory_pem_segments(place.slot, kinds[k]);

        place.kind = kinds[k];
        place.segment = row + 1;
        if (row < segments)
            break;
        row -= segments;
    }
    return place;
}

static size_t index_segment(const struct agent *agent, size_t row, oid *index)
{
    const struct place place = find_place(agent, row);

    index[0] = place.slot->slot;
    index[1] = (oid)place.kind;
    index[2] = place.segment;
    return 3;
}

/* Zero length when the file went away under us: the next look at the inventory finds the slot damaged. */
static bool get_data(const struct agent *agent, size_t row, netsnmp_variable_list *var)
{
    const struct place place = find_place(agent, row);
    unsigned char octets[PKI_PEM_SEGMENT];
    const size_t length = inventory_pem_read(agent->pki.inventory, place.slot, place.kind, place.segment, octets);

    return syntax_put_octets(octets, length, var);
}

static const struct binding bindings[] = {
    {MIB_devsecPemData, .get = get_data},
};

static const struct table_binding tables[] = {
    {.entry = MIB_devsecPemEntry, .count = count_segments, .index = index_segment},
};

const struct binding_group group_pki_pem = {
    .bindings = bindings,
    .n_bindings = sizeof(bindings) / sizeof(bindings[0]),
    .tables = tables,
    .n_tables = sizeof(tables) / sizeof(tables[0]),
};
