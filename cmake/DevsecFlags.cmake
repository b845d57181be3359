# SPDX-License-Identifier: Apache-2.0
# One place for the language, the warnings (all errors), the hardening and the sanitizers.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

add_library(devsec_flags INTERFACE)
target_compile_definitions(devsec_flags INTERFACE _GNU_SOURCE DEVSEC_VERSION="${PROJECT_VERSION}")
target_compile_options(devsec_flags INTERFACE
  -Wall -Wextra -Werror -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wold-style-definition
  -Wformat=2 -Wvla -Wpointer-arith -Wcast-qual -Wundef -Wwrite-strings -Wswitch-enum
  $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> # sentences are cut at the end of their buffers on purpose
  -fno-common -fvisibility=hidden -fstack-protector-strong -fno-strict-overflow)

if(DEVSEC_SANITIZE)
  set(DEVSEC_SANITIZE_FLAGS -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_compile_options(devsec_flags INTERFACE ${DEVSEC_SANITIZE_FLAGS})
  target_link_options(devsec_flags INTERFACE ${DEVSEC_SANITIZE_FLAGS})
else()
  target_compile_options(devsec_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
  target_link_options(devsec_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
