/* SPDX-License-Identifier: Apache-2.0 */
/* mibgen, a host tool of the build: turns DEVICE-SECURITY-MIB into the C table that everything else works from. */
#include "mibgen.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mibgen_complain(struct model *model, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "mibgen: %s: ", model->path);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    model->complaints++;
}

int mibgen_find(const struct model *model, const char *name)
{
    for (size_t i = 0; i < model->n_objects; i++) {
        if (strcmp(model->objects[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int main(int argc, char **argv)
{
    struct model *model = NULL;
    int status = EXIT_FAILURE;

    if (argc != 5) {
        fprintf(stderr, "usage: mibgen MIB-FILE BASE-MIB-FOLDER HEADER-OUT SOURCE-OUT\n");
        return 2;
    }
    model = calloc(1, sizeof *model);
    if (model == NULL) {
        fprintf(stderr, "mibgen: out of memory\n");
        return EXIT_FAILURE;
    }
    model->path = argv[1];

    mibgen_read(model, argv[2]);
    if (model->complaints == 0) {
        mibgen_check(model);
    }
    if (model->complaints == 0 && mibgen_write_header(model, argv[3]) && mibgen_write_source(model, argv[4])) {
        status = EXIT_SUCCESS;
    }

    mibgen_unload();
    free(model);
    return status;
}
