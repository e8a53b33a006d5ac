# Writes which build this is, when that has changed: cmake -DROOT=… -DHEADER=… -DVERSION=… -P build_commit.cmake
execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE commit
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT commit)
  set(commit unknown) # an unpacked archive
endif()
file(CONFIGURE OUTPUT ${HEADER} CONTENT "#define BUILD_VERSION \"${VERSION}\"\n#define BUILD_COMMIT \"${commit}\"\n" @ONLY)
