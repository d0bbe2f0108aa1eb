# SPDX-License-Identifier: GPL-3.0-or-later
# find_package(Tessera): a target for each module, Tessera::base … Tessera::pipeline (docs/architecture.md), C++20.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(PkgConfig)
pkg_check_modules(FFTW3F REQUIRED QUIET IMPORTED_TARGET fftw3f)
find_dependency(Eigen3 3.4 NO_MODULE)
foreach(package fmt nlohmann_json ZLIB CURL PNG)
  find_dependency(${package})
endforeach()
include(${CMAKE_CURRENT_LIST_DIR}/TesseraTargets.cmake)
