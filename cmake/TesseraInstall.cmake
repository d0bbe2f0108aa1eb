# SPDX-License-Identifier: GPL-3.0-or-later
# `cmake --install` and the Debian package (`cpack -G DEB` in the build folder): the program, its late libraries, and the files
# it looks for in share/tessera.
# The library, for programs that find_package(Tessera), is the component "development" (tests/consumer uses it).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME program)
install(TARGETS tessera RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
foreach(library tessera_torch tessera_mpi)
  if(TARGET ${library})
    install(TARGETS ${library} LIBRARY DESTINATION lib/tessera)
  endif()
endforeach()
install(FILES models/builtin.tessera models/picker.tessera DESTINATION share/tessera)
install(DIRECTORY web/report DESTINATION share/tessera/web)
install(FILES web/dist/view3d.js.gz DESTINATION share/tessera/web/dist)
install(DIRECTORY examples/demo examples/scenes DESTINATION share/tessera/examples)
install(FILES README.md DESTINATION share/doc/tessera)
install(DIRECTORY docs/ DESTINATION share/doc/tessera/docs)
install(FILES tools/completion.bash DESTINATION share/bash-completion/completions RENAME tessera)
add_custom_command(
  OUTPUT ${PROJECT_BINARY_DIR}/tessera.1
  COMMAND ${PROJECT_SOURCE_DIR}/tools/make-man-page > ${PROJECT_BINARY_DIR}/tessera.1
  DEPENDS ${PROJECT_SOURCE_DIR}/tools/make-man-page
  VERBATIM)
add_custom_target(man_page ALL DEPENDS ${PROJECT_BINARY_DIR}/tessera.1)
install(FILES ${PROJECT_BINARY_DIR}/tessera.1 DESTINATION share/man/man1)

set(modules base parallel fft volume so3 optics io align average simulate pick nn subdivide report pipeline)
list(TRANSFORM modules PREPEND tessera_ OUTPUT_VARIABLE targets)
install(TARGETS ${targets} EXPORT TesseraTargets ARCHIVE DESTINATION lib/tessera COMPONENT development)
install(EXPORT TesseraTargets NAMESPACE Tessera:: DESTINATION lib/cmake/Tessera COMPONENT development)
foreach(module ${modules})
  install(DIRECTORY src/tessera/${module} DESTINATION include/tessera COMPONENT development
          FILES_MATCHING PATTERN "*.h" PATTERN "*_test*.h" EXCLUDE)
endforeach()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/TesseraConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/TesseraConfig.cmake ${PROJECT_BINARY_DIR}/TesseraConfigVersion.cmake
        DESTINATION lib/cmake/Tessera COMPONENT development)

set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};tessera;program;/")
set(CPACK_PACKAGE_NAME tessera)
set(CPACK_PACKAGE_CONTACT "Tessera <tessera@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Cryo-electron tomography: simulation, picking, subtomogram averaging")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libopenblas0, libopenmm-plugins")
set(CPACK_STRIP_FILES ON)
include(CPack)
