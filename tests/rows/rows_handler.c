/* SPDX-License-Identifier: Apache-2.0 */
/* A plain net-snmp handler for the generated rows: net-snmp's own bulk_to_next turns GETBULK into calls for each row.
 */
#include "rows_handler.h"

#include "rows.h"

struct place {
    enum rows_column column;
    uint32_t row;
};

/* The sub-identifier behind the entry's OID, 0 where the name ends before it. */
static oid rows_sub_identifier(const netsnmp_handler_registration *registration, const netsnmp_variable_list *var,
                               size_t at)
{
    return var->name_length > registration->rootoid_len + at ? var->name[registration->rootoid_len + at] : 0;
}

static bool rows_get(const struct rows *rows, const netsnmp_handler_registration *registration,
                     const netsnmp_variable_list *var, struct place *place)
{
    const oid column = rows_sub_identifier(registration, var, 0);
    const oid index = rows_sub_identifier(registration, var, 1);

    if (var->name_length != registration->rootoid_len + 2 || column < ROWS_COLUMN_NAME ||
        column > ROWS_COLUMN_VERSIONS || index == 0 || index > ROWS_INDEX_MAX)
        return false;
    place->column = (enum rows_column)column;
    place->row = rows_behind(rows, (uint32_t)index - 1);
    return place->row < rows->count && rows_index(rows, place->row) == index;
}

static bool rows_get_next(const struct rows *rows, const netsnmp_handler_registration *registration,
                          const netsnmp_variable_list *var, struct place *place)
{
    const int order = snmp_oid_ncompare(var->name, var->name_length, registration->rootoid, registration->rootoid_len,
                                        registration->rootoid_len);
    oid column = order == 0 ? rows_sub_identifier(registration, var, 0) : 0;
    oid index = order == 0 ? rows_sub_identifier(registration, var, 1) : 0;

    if (order > 0 || rows->count == 0)
        return false;
    if (column < ROWS_COLUMN_NAME) {
        column = ROWS_COLUMN_NAME;
        index = 0;
    }
    place->row = index > ROWS_INDEX_MAX ? rows->count : rows_behind(rows, (uint32_t)index);
    if (place->row == rows->count) {
        place->row = 0;
        column++;
    }
    if (column > ROWS_COLUMN_VERSIONS)
        return false;
    place->column = (enum rows_column)column;
    return true;
}

static int rows_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *registration,
                        netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    const struct rows *rows = rows_of_environment();
    char octets[ROWS_TEXT_MAX + 1];

    (void)handler;
    for (netsnmp_request_info *request = requests; request; request = request->next) {
        netsnmp_variable_list *var = request->requestvb;
        struct place place = {ROWS_COLUMN_NAME, 0};

        if (request->processed)
            continue;
        if (info->mode == MODE_GET && !rows_get(rows, registration, var, &place)) {
            netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
            continue;
        }
        if (info->mode == MODE_GETNEXT) {
            oid name[MAX_OID_LEN];

            if (!rows_get_next(rows, registration, var, &place))
                continue;
            memcpy(name, registration->rootoid, registration->rootoid_len * sizeof(oid));
            name[registration->rootoid_len] = place.column;
            name[registration->rootoid_len + 1] = rows_index(rows, place.row);
            snmp_set_var_objid(var, name, registration->rootoid_len + 2);
        }
        snmp_set_var_typed_value(var, ASN_OCTET_STR, octets, rows_octets(rows, place.row, place.column, octets));
    }
    return SNMP_ERR_NOERROR;
}

bool rows_handler_register(const oid *entry, size_t length)
{
    netsnmp_handler_registration *registration =
        netsnmp_create_handler_registration("rows", rows_handler, entry, length, HANDLER_CAN_RONLY);

    return registration && netsnmp_register_handler(registration) == MIB_REGISTERED_OK;
}
