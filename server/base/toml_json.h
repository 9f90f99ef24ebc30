// SPDX-License-Identifier: Apache-2.0
// toml_json.h: writes a value of the configuration file as JSON.
//
// The members of a request are JSON, and people write them as tables of the file: nested tables,
// arrays, and arrays of tables. Members keep the order of the file, because a model reads the
// properties of a schema in their order. A number keeps its kind: `1.0` stays a fraction. Dates,
// times, `inf` and `nan` have no form in JSON, so they are errors, with the path of the member.
#pragma once

#include <toml++/toml.h>

#include <expected>
#include <string>

namespace lockstep {

struct TomlFault {
  const toml::node* node = nullptr;  // where: its line
  std::string path;                  // `params.stop[1]`
  std::string what;                  // a sentence without its subject
};

// `path`: of this value.
[[nodiscard]] std::expected<std::string, TomlFault> json_of(const toml::node& node,
                                                            const std::string& path);

}  // namespace lockstep
