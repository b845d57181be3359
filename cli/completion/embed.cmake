# SPDX-License-Identifier: Apache-2.0
# Turns a file into a C array: cmake -D INPUT=FILE -D OUTPUT=FILE -D NAME=IDENTIFIER -P embed.cmake
file(READ "${INPUT}" octets HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " octets "${octets}")
file(WRITE "${OUTPUT}" "#include \"completion.h\"\n\nconst char ${NAME}[] = {${octets}0x00};\n")
