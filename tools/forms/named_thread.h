// SPDX-License-Identifier: Apache-2.0
// named_thread.h: the name of a thread in a report of damage.
//
// It is the thread's user and id, or its number if the name can't be read. For a person it is one
// text, for a program two members, as in all JSON of the verbs.
#pragma once

#include <optional>
#include <string>

#include "engine/base/ids.h"
#include "schema/json/json_text.h"

namespace lockstep {

struct NamedThread {
  std::optional<ThreadName> name;
  ThreadNumber number;  // used if the name is unknown

  static NamedThread of(ThreadName name) { return {std::move(name), ThreadNumber()}; }
};

[[nodiscard]] inline std::string to_string(const NamedThread& thread) {
  return thread.name ? to_string(*thread.name)
                     : "thread number " + std::to_string(thread.number.get());
}

// `"user":…,"thread":…`, as all verbs write it, or `"number":…`.
inline void append_named(std::string& json, const NamedThread& thread) {
  if (!thread.name) return append_field_number(json, "number", thread.number.get());
  append_field(json, "user", thread.name->owner.get());
  append_field(json, "thread", thread.name->id.get());
}

}  // namespace lockstep
