# SPDX-License-Identifier: Apache-2.0
# Writes version.cc: the version and the commit of this tree, with a `+` if files differ from the
# commit. Leaves out the commit without git or outside of a repository.
# Requires: VERSION, SOURCE, OUT.
find_package(Git QUIET)
set(commit "")
if(GIT_FOUND AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} describe --always --exclude=* --abbrev=12
    --dirty=+ OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
set(text "${VERSION}")
if(commit)
  string(APPEND text " (${commit})")
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT
  "#include \"tools/base/version.h\"\n\nconst char* lockstep::version() { return \"@text@\"; }\n")
