# SPDX-License-Identifier: Apache-2.0
# The libraries of Debian 12 that the project stands on. A folder links only those that architecture.md allows it.
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBYAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(LIBCRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(LIBSSL REQUIRED IMPORTED_TARGET libssl)
pkg_check_modules(NETSNMP REQUIRED IMPORTED_TARGET netsnmp)
pkg_check_modules(NETSNMP_AGENT REQUIRED IMPORTED_TARGET netsnmp-agent)

# Without cmocka there is nothing to build the tests with; what ships does not need them.
pkg_check_modules(CMOCKA QUIET IMPORTED_TARGET cmocka)
if(NOT CMOCKA_FOUND)
  message(STATUS "cmocka is not there: the tests are not built")
  set(BUILD_TESTING OFF)
endif()
