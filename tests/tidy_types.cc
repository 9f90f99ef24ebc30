// SPDX-License-Identifier: Apache-2.0
// tidy_types.cc: the rule that a type of the program has one definition.
//
// Two libraries with a class of one name link without a word, and then one of the two classes runs
// the other's functions.
#include <map>
#include <optional>

#include "tests/tidy_rules.h"
#include "tests/tidy_text.h"

namespace lockstep::tidy {
namespace {

// `name` of a line such as `class name final : public other {`; nothing if it defines no type.
std::optional<View> defined_in(View line) {
  for (const View keyword :
       {View{"class "}, View{"struct "}, View{"enum class "}, View{"union "}}) {
    if (!line.starts_with(keyword)) continue;
    line.remove_prefix(keyword.size());
    std::size_t end = 0;
    while (end < line.size() && is_word(line[end])) ++end;
    const View rest = line.substr(end);
    const bool declared = rest.ends_with(';') && !rest.contains('{');
    // A specialization, or a class that is defined outside of the one that has it.
    const bool qualified = rest.starts_with('<') || rest.starts_with("::");
    if (end == 0 || declared || qualified) return {};
    return line.substr(0, end);
  }
  return {};
}

}  // namespace

Findings types_defined_twice(std::span<const Source> tree) {
  Findings findings;
  std::map<std::string, std::string> defined;  // where, by the name with its namespace
  for (const Source& source : tree) {
    if (!is_cpp(source.path) || source.path.starts_with("tests/")) continue;
    const std::string code = code_of(source.text);
    std::string space;
    bool own = false;  // in an unnamed namespace
    const std::vector<View> lines = lines_of(code);
    const std::vector<View> written = lines_of(source.text);  // with comments
    for (std::size_t n = 0; n < lines.size(); ++n) {
      const View line = lines[n];
      if (line.starts_with("namespace ") && line.ends_with('{')) {
        own = line == "namespace {";
        if (!own) space = line.substr(10, line.size() - 11);
      } else if (line.starts_with('}') && written[n].contains("// namespace")) {
        own = false;
      }
      const std::optional<View> name = defined_in(line);
      if (!name || own) continue;
      const auto [place, fresh] = defined.emplace(space + "::" + std::string(*name), source.path);
      if (fresh) continue;
      findings.push_back({source.path, n + 1, "the type has another definition: " + place->second});
    }
  }
  return findings;
}

}  // namespace lockstep::tidy
