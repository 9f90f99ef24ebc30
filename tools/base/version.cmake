# SPDX-License-Identifier: Apache-2.0
# Writes version.cc: the version, and the commit that this tree is of, with a `+` if files differ from
# it. Without git, or outside of a repository, the commit is left out. Requires: VERSION, SOURCE, OUT.
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
